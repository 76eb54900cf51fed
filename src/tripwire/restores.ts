import { isCut, type Latch } from '../latch/latch';

export interface RestoresOptions {
  /** Scopes that a trip may sever. */
  readonly scopes: readonly string[];
  /** A scope is cut no more, by whatever order and on whatever instance. @param at epoch, in milliseconds. */
  readonly onRestore: (scope: string, at: number) => void;
}

/** What a scope was like when it was last looked at. */
export interface Seen {
  readonly cut: boolean;
  /** Number of the order that set it so. */
  readonly order: number;
  /** 0 where there is none, or it isn't numbered yet. */
  readonly incident: number;
}

/**
 * Notices by the latches that a scope was restored: also between two looks that never saw it cut, and while this
 * program was down.
 */
export class Restores {
  private seen = new Map<string, Seen>();

  constructor(private readonly options: RestoresOptions) {}

  notice(latches: readonly Latch[], at: number): void {
    const { scopes, onRestore } = this.options;
    for (const latch of latches) {
      const { scope, order, incident = 0 } = latch;
      if (!scopes.includes(scope)) continue;
      const before = this.seen.get(scope);
      const now: Seen = { cut: isCut(latch), order, incident };
      this.seen.set(scope, now);
      if (before && wasRestored(before, now)) onRestore(scope, at);
    }
  }

  /** As JSON. */
  save(): Readonly<Record<string, Seen>> {
    return Object.fromEntries(this.seen);
  }

  load(saved: Readonly<Record<string, Seen>>): void {
    this.seen = new Map(Object.entries(saved));
  }
}

/** An order that leaves a scope uncut is a restore. Cut in another incident than before, it was restored in between. */
function wasRestored(before: Seen, now: Seen): boolean {
  if (!now.cut) return before.cut || now.order > before.order;
  return before.cut && before.incident > 0 && now.incident > 0 && now.incident !== before.incident;
}
