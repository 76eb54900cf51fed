import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { gapOf } from '../detect/gap';
import { LinesFile } from '../lines-file';
import type { Increment } from '../reading';
import type { Look } from '../scrape/look';
import type { Subject } from '../signal';
import type { SourceState } from '../watch';
import { type Cost, type CostOf, costBetween, type Measured, measuredBetween } from './cost';
import { type BoundsOf, History } from './history';
import { loadHistory, type SavedHistory, saveHistory } from './saved';
import type { SpanName } from './spans';
import { type HistoryView, type LineView, viewOf } from './view';

export interface SpendHistoryOptions {
  readonly dataDir: string;
  readonly boundsOf: BoundsOf;
  /** What a key is called; undefined while nobody says so. */
  readonly nameOf: (key: string) => string | undefined;
  readonly everySeconds: number;
}

/** As `HistoryView`, with the names of keys and models. */
export interface NamedHistory extends Omit<HistoryView, 'keys' | 'models'> {
  readonly keys: readonly NamedLine[];
  readonly models: readonly NamedLine[];
}

export type NamedLine = Omit<LineView, 'id'> & { readonly name: string };

/** Beyond what any history has: whatever it is, it is not read into memory. */
const MOST_BYTES = 16_000_000;
/** Of looks that fail to come, so many, and a part, leave no hole: the counters hold what was spent meanwhile. */
const BORNE_LOOKS = 2.5;

/** What was spent, to be looked back on, and over restarts. */
export class SpendHistory {
  private history = new History();
  private readonly file: LinesFile;
  private savedNames: ReadonlyMap<string, string> = new Map();
  /** When each source was last seen. Epoch, in milliseconds. */
  private readonly seenAt = new Map<string, number>();

  constructor(private readonly options: SpendHistoryOptions) {
    this.file = new LinesFile(join(options.dataDir, 'tripwire-history.jsonl'));
  }

  take(increment: Increment): void {
    this.history.take(increment);
  }

  /** A look was taken, after what it showed. What no look sees is not nothing. */
  looked(look: Look, { blindSince }: Pick<SourceState, 'blindSince'>): void {
    const { source, at } = look;
    const before = this.seenAt.get(source);
    if (blindSince !== undefined) {
      if (!this.seenAt.delete(source) || this.seenAt.size > 0) return;
      this.history.missed(blindSince.at, at);
    } else if (look.ok || look.why === 'nothing-shown') {
      this.history.saw(before !== undefined && this.joins(before, at) ? before : at, at, this.options.boundsOf);
      this.seenAt.set(source, at);
    }
  }

  view(span: SpanName, now: number): NamedHistory {
    const view = viewOf(this.history, span, now);
    const named = (nameOf: (id: string) => string) => (line: LineView) => {
      const { id, ...amounts } = line;
      return { name: nameOf(id), ...amounts };
    };
    return {
      ...view,
      keys: view.keys.map(named((id) => (id === this.history.keys.other.id ? id : this.nameOf(id)))),
      models: view.models.map(named((id) => id)),
    };
  }

  /** As `costBetween`. */
  cost(from: number, to: number, of?: CostOf): Cost | undefined {
    return costBetween(this.history, from, to, of);
  }

  /** As `measuredBetween`; of a team nobody knows. */
  measure(
    from: number,
    to: number,
    { kind, id }: Pick<Subject, 'id'> & { readonly kind: string },
  ): Measured | undefined {
    if (kind === 'whole') return measuredBetween(this.history, from, to);
    return kind === 'key' ? measuredBetween(this.history, from, to, { kind, id }) : undefined;
  }

  /** All of it as it is at this moment, for `write`. */
  save(): SavedHistory {
    return saveHistory(this.history, (key) => this.nameOf(key));
  }

  /** @returns how many bytes it has. @throws the file system's error. */
  write(saved: SavedHistory): Promise<number> {
    return this.file.write(saved);
  }

  /** What was kept of it, before anything is taken. @throws Error when it can't be read: then it begins anew. */
  async recall(): Promise<void> {
    const size = await stat(this.file.path).then(
      ({ size }) => size,
      () => 0,
    );
    if (size > MOST_BYTES) throw new Error(`${this.file.path} has ${size} bytes, and no history has`);
    const parts: unknown[] = [];
    if (!(await this.file.read((part) => parts.push(part)))) return;
    const history = new History();
    this.savedNames = loadHistory(history, parts);
    this.history = history;
  }

  private nameOf(key: string): string {
    return this.options.nameOf(key) ?? this.savedNames.get(key) ?? key.slice(0, 8);
  }

  private joins(from: number, to: number): boolean {
    return to >= from && (gapOf({ from, to }) === 0 || to - from <= BORNE_LOOKS * this.options.everySeconds * 1000);
  }
}
