import { isCut, type Latch } from '../latch/latch';

export interface RestoresOptions {
  /** Scopes that a trip may sever. */
  readonly scopes: readonly string[];
  /** A scope is cut no more, by whatever order and on whatever instance. @param at epoch, in milliseconds. */
  readonly onRestore: (scope: string, at: number) => void;
}

/** Notices by the latches that a scope was restored: also one that was restored while this program was down. */
export class Restores {
  /** Scopes that are cut, and in which incident; 0 where it isn't numbered yet. */
  private cut = new Map<string, number>();

  constructor(private readonly options: RestoresOptions) {}

  notice(latches: readonly Latch[], at: number): void {
    const { scopes, onRestore } = this.options;
    const now = new Map(
      latches
        .filter((latch) => isCut(latch) && scopes.includes(latch.scope))
        .map(({ scope, incident }) => [scope, incident ?? 0]),
    );
    const before = this.cut;
    this.cut = now;
    for (const [scope, incident] of before) {
      const still = now.get(scope);
      // Restored and cut anew between two looks is another incident.
      if (still === undefined || (incident > 0 && still > 0 && still !== incident)) onRestore(scope, at);
    }
  }

  /** As JSON. */
  save(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.cut);
  }

  load(saved: Readonly<Record<string, number>>): void {
    this.cut = new Map(Object.entries(saved));
  }
}
