import type { Increment } from '../../reading';
import type { Unit } from '../../signal';

/** What a picture shows of one stretch of time. Amounts are what one minute had, or would have had. */
export interface Bucket {
  /** Epoch, in milliseconds. */
  readonly from: number;
  readonly to: number;
  /** The busiest minute. */
  readonly peak: number;
  /** As it was last known; undefined when nothing was said in this stretch. */
  readonly usual: number | undefined;
  readonly trip: number | undefined;
}

/** Stretches of one trace at most; when they are used up, each two become one. */
const CAPACITY = 1024;
const MINUTE_MS = 60_000;
/**
 * Minutes that are held open, since something may still come to them: what another model of the key spent, or what came
 * over a gap of up to half as long. What comes later is shown as if it had come alone.
 */
const OPEN = 512;

/**
 * What one subject spent, for a picture: as fine as its width can show, whatever the length of the recording. The
 * memory is bounded, and the busiest minute of each stretch is kept, since that is what trips.
 */
export class Trace {
  private readonly peaks = { usd: new Float64Array(CAPACITY), tokens: new Float64Array(CAPACITY) };
  private readonly usual = new Float64Array(CAPACITY).fill(Number.NaN);
  private readonly trip = new Float64Array(CAPACITY).fill(Number.NaN);
  private readonly open = new Map<number, Record<Unit, number>>();
  private origin = Number.NaN;
  private width = MINUTE_MS;
  /** Stretches from the origin on that something was put into. */
  private used = 0;
  private asked = Number.NaN;
  readonly total = { usd: 0, tokens: 0 };

  add({ from, to, spendUsd, promptTokens, completionTokens }: Increment): void {
    const tokens = promptTokens + completionTokens;
    this.total.usd += spendUsd;
    this.total.tokens += tokens;
    const last = Math.floor(Math.max(to - 1, from) / MINUTE_MS);
    const first = Math.floor(from / MINUTE_MS);
    for (let minute = first; minute <= last; minute += 1) {
      const inside = Math.min((minute + 1) * MINUTE_MS, to) - Math.max(minute * MINUTE_MS, from);
      const share = to > from ? inside / (to - from) : 1;
      const known = this.open.get(minute) ?? { usd: 0, tokens: 0 };
      known.usd += share * spendUsd;
      known.tokens += share * tokens;
      this.open.set(minute, known);
      if (this.open.size > OPEN) this.settle(minute - OPEN / 2);
    }
  }

  /** Whether `expect` would say something new. */
  wants(at: number): boolean {
    return this.indexOf(at) !== this.asked;
  }

  /** @param usual @param trip US dollars in one minute. */
  expect(at: number, usual: number | undefined, trip: number | undefined): void {
    const i = this.indexOf(at);
    this.asked = i;
    this.usual[i] = usual ?? Number.NaN;
    this.trip[i] = trip ?? Number.NaN;
  }

  /** All stretches up to the last one that has something in it. */
  buckets(unit: Unit): readonly Bucket[] {
    this.settle(Number.POSITIVE_INFINITY);
    const known = (value: number | undefined): number | undefined =>
      value === undefined || Number.isNaN(value) ? undefined : value;
    const all = Array.from(this.peaks[unit], (peak, i): Bucket => {
      const from = this.origin + i * this.width;
      const money = unit === 'usd';
      const usual = money ? known(this.usual[i]) : undefined;
      return { from, to: from + this.width, peak, usual, trip: money ? known(this.trip[i]) : undefined };
    });
    return all.slice(
      0,
      all.findLastIndex(({ peak, usual, trip }) => peak > 0 || usual !== undefined || trip !== undefined) + 1,
    );
  }

  /** Minutes before this one are whole. */
  private settle(before: number): void {
    for (const [minute, { usd, tokens }] of this.open) {
      if (minute >= before) continue;
      const i = this.indexOf(minute * MINUTE_MS);
      this.peaks.usd[i] = Math.max(this.peaks.usd[i] as number, usd);
      this.peaks.tokens[i] = Math.max(this.peaks.tokens[i] as number, tokens);
      this.open.delete(minute);
    }
  }

  private indexOf(at: number): number {
    if (Number.isNaN(this.origin)) this.origin = Math.floor(at / MINUTE_MS) * MINUTE_MS;
    if (at < this.origin) this.reach(at);
    while (at >= this.origin + CAPACITY * this.width) this.halve();
    this.used = Math.max(this.used, Math.floor((at - this.origin) / this.width) + 1);
    return Math.floor((at - this.origin) / this.width);
  }

  /** Moves the origin back: what comes over a gap may have begun before what came first. */
  private reach(at: number): void {
    const missing = () => Math.ceil((this.origin - at) / this.width);
    while (missing() + this.used > CAPACITY) this.halve();
    const by = missing();
    const { usd, tokens } = this.peaks;
    for (const values of [usd, tokens]) values.copyWithin(by, 0).fill(0, 0, by);
    for (const values of [this.usual, this.trip]) values.copyWithin(by, 0).fill(Number.NaN, 0, by);
    this.origin -= by * this.width;
    this.used += by;
    this.asked = Number.NaN;
  }

  private halve(): void {
    const { usd, tokens } = this.peaks;
    for (const values of [usd, tokens]) fold(values, 0, (a, b) => Math.max(a, b));
    for (const values of [this.usual, this.trip]) fold(values, Number.NaN, (a, b) => (Number.isNaN(b) ? a : b));
    this.width *= 2;
    this.used = Math.ceil(this.used / 2);
    this.asked = Number.NaN;
  }
}

function fold(values: Float64Array, empty: number, join: (a: number, b: number) => number): void {
  for (let i = 0; i < CAPACITY; i += 2) values[i / 2] = join(values[i] as number, values[i + 1] as number);
  values.fill(empty, CAPACITY / 2);
}
