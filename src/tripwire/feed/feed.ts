import type { Increment, Reading } from '../reading';
import { absorb, type SeriesState } from './series';

/** All that is remembered of the counters. As JSON it survives a restart of Pullcord. */
export interface FeedState {
  /** When each source was first looked at. Epoch, in milliseconds. */
  readonly begun: Readonly<Record<string, number>>;
  readonly series: readonly (readonly [name: string, state: SeriesState])[];
}

/** Series that are remembered; readings of further ones are refused, and counted as such. */
const SERIES_CAPACITY = 100_000;

/** Counters that are there within so long after the first look were there before it. Milliseconds. */
const FIRST_LOOK_MS = 5_000;

/**
 * From the counters of all sources to what was spent. No I/O, no clock, no chance: the same readings give the same
 * increments. Where it is in doubt whether a counter is new spend or was there before anybody looked, it's taken for
 * the latter, once: what is lost is what one look shows, and what would be won is a false trip.
 */
export class Feed {
  private readonly series = new Map<string, SeriesState>();
  private readonly begun = new Map<string, number>();
  private refusals = 0;

  /** @returns undefined when nothing was spent. */
  take(reading: Reading): Increment | undefined {
    const source = reading.source ?? '';
    const begun = this.begun.get(source) ?? reading.at;
    if (!this.begun.has(source)) this.begun.set(source, begun);
    const name = `${source}\n${reading.key}\n${reading.model}`;
    const before = this.series.get(name);
    if (!before && this.series.size >= SERIES_CAPACITY) {
      this.refusals += 1;
      return undefined;
    }
    const { state, increment } = absorb(before, reading, reading.at < begun + FIRST_LOOK_MS);
    this.series.set(name, state);
    return increment;
  }

  /** Readings that were refused for want of room: something is not watched, and that is trouble. */
  get refused(): number {
    return this.refusals;
  }

  save(): FeedState {
    return { begun: Object.fromEntries(this.begun), series: [...this.series] };
  }

  load(saved: FeedState): void {
    for (const [source, at] of Object.entries(saved.begun)) this.begun.set(source, at);
    for (const [name, state] of saved.series) this.series.set(name, state);
  }
}
