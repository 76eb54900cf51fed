import type { Increment, Reading } from '../reading';
import { arrivalOf } from './arrival';
import { type Looks, looked } from './looks';
import { absorb, type SeriesState } from './series';

/** All that is remembered of the counters. As JSON it survives a restart of Pullcord. */
export interface FeedState {
  readonly sources: readonly (readonly [source: string, looks: Looks])[];
  readonly processes: readonly (readonly [name: string, looks: Looks])[];
  readonly series: readonly (readonly [name: string, state: SeriesState])[];
}

/** Series that are remembered; readings of further ones are refused, and counted as such. */
const SERIES_CAPACITY = 100_000;

/** Processes that are remembered, of all sources; the one that came first makes room. */
const PROCESSES_CAPACITY = 1_000;

/** A series that did not show for so long makes room when room is wanted. */
const FORGOTTEN_AFTER_MS = 24 * 3_600_000;

/**
 * From the counters of all sources to what was spent. No I/O, no clock, no chance: the same readings give the same
 * increments. Fails towards too little: a doubtful total is not counted, once, and what comes upon it from then on is.
 * docs/adr/0010 says how counters are told apart.
 */
export class Feed {
  private readonly sources = new Map<string, Looks>();
  private readonly processes = new Map<string, Looks>();
  private readonly series = new Map<string, SeriesState>();
  private refusals = 0;
  private clearedAt = Number.NEGATIVE_INFINITY;

  /** @returns undefined when nothing was spent. */
  take(reading: Reading): Increment | undefined {
    const { at, key, model, process, countingSince } = reading;
    const source = reading.source ?? '';
    const looks = look(this.sources, source, at);
    const own =
      process === undefined ? undefined : look(this.processes, `${source}\n${process}`, at, PROCESSES_CAPACITY);
    const name = `${source}\n${key}\n${model}`;
    const before = this.series.get(name);
    if (!before && this.series.size >= SERIES_CAPACITY) this.makeRoom(at);
    if (!before && this.series.size >= SERIES_CAPACITY) {
      this.refusals += 1;
      return undefined;
    }
    const { state, increment } = absorb(before, reading, arrivalOf(looks, own, countingSince));
    if (state !== before) this.series.set(name, state);
    return increment;
  }

  /** Readings refused for want of room so far. While it grows, something is not watched, and that is trouble. */
  get refused(): number {
    return this.refusals;
  }

  save(): FeedState {
    return { sources: [...this.sources], processes: [...this.processes], series: [...this.series] };
  }

  /** For a feed that has seen nothing yet. @param saved what `save` gave, unchanged. */
  load({ sources, processes, series }: FeedState): void {
    for (const [source, looks] of sources) this.sources.set(source, looks);
    for (const [name, looks] of processes) this.processes.set(name, looks);
    for (const [name, state] of series) this.series.set(name, state);
  }

  private makeRoom(at: number): void {
    // At most once an hour: it looks at all of them.
    if (at < this.clearedAt + 3_600_000) return;
    this.clearedAt = at;
    for (const [name, state] of this.series) if (state.at < at - FORGOTTEN_AFTER_MS) this.series.delete(name);
  }
}

function look(all: Map<string, Looks>, name: string, at: number, capacity = Number.POSITIVE_INFINITY): Looks {
  const known = all.get(name);
  const looks = looked(known, at);
  if (looks === known) return looks;
  const [oldest] = all.keys();
  if (!known && all.size >= capacity && oldest !== undefined) all.delete(oldest);
  all.set(name, looks);
  return looks;
}
