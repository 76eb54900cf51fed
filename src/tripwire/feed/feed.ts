import type { Increment, Reading } from '../reading';
import { arrivalOf } from './arrival';
import { type Looks, looked } from './looks';
import { type FeedState, feedState } from './saved';
import { type Arrival, absorb, type SeriesState } from './series';

/** Series that are remembered; readings of further ones are refused, and counted as such. */
const SERIES_CAPACITY = 100_000;

/** Processes that are remembered, of all sources; the one that came first makes room. */
const PROCESSES_CAPACITY = 1_000;

/** A series that did not show for so long makes room when room is wanted. */
const FORGOTTEN_AFTER_MS = 24 * 3_600_000;

/**
 * From the counters of all sources to what was spent. No I/O, no clock, no chance: the same readings give the same
 * increments. Fails towards too little: a doubtful total is not counted, once, and what comes upon it from then on is.
 * docs/adr says how counters are told apart.
 */
export class Feed {
  private readonly sources = new Map<string, Looks>();
  private readonly processes = new Map<string, Looks>();
  private readonly series = new Map<string, SeriesState>();
  private last: { at: number; source: string; process: string | undefined; arrival: Arrival } | undefined;
  private refusals = 0;
  private clearedAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly capacity = SERIES_CAPACITY) {}

  /**
   * A look, whether or not it showed anything: what shows for the first time after one that showed nothing is spend.
   * @param at epoch, in milliseconds. @param process as in `Reading`.
   */
  look(source: string, at: number, process: string | undefined): void {
    look(this.sources, source, at);
    if (process !== undefined) look(this.processes, `${source}\n${process}`, at, PROCESSES_CAPACITY);
  }

  /** @returns undefined when nothing was spent. */
  take(reading: Reading): Increment | undefined {
    const { at, key, model, source = '' } = reading;
    const name = `${source}\n${key}\n${model}`;
    const before = this.series.get(name);
    if (!before && this.series.size >= this.capacity) this.makeRoom(at);
    if (!before && this.series.size >= this.capacity) {
      this.refusals += 1;
      return undefined;
    }
    const { state, increment } = absorb(before, reading, this.arrival(reading));
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

  /**
   * For a feed that has seen nothing yet.
   * @throws Error when it isn't what `save` gave; nothing is loaded then.
   */
  load(saved: unknown): void {
    const { sources, processes, series } = feedState.parse(saved);
    for (const [source, looks] of sources) this.sources.set(source, looks);
    for (const [name, looks] of processes) this.processes.set(name, looks);
    for (const [name, state] of series) this.series.set(name, state);
  }

  /** The same for all readings of a look, which come one after the other. */
  private arrival({ at, process, countingSince, source = '' }: Reading): Arrival {
    const { last } = this;
    if (last && last.at === at && last.source === source && last.process === process) return last.arrival;
    const looks = look(this.sources, source, at);
    const own =
      process === undefined ? undefined : look(this.processes, `${source}\n${process}`, at, PROCESSES_CAPACITY);
    const arrival = arrivalOf(looks, own, countingSince);
    this.last = { at, source, process, arrival };
    return arrival;
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
