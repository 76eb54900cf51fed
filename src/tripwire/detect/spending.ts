/**
 * Spend over the last six hours in buckets of constant number: fine ones for the last ten minutes, minutes for the
 * rest. Each bucket has the sum and the largest single sample, for the windows that leave the largest one out.
 */

export const FINE_SECONDS = 5;
const FINE = 128;
export const MINUTE_SECONDS = 60;
const MINUTES = 364;
/** What is older is nowhere. */
export const REACH_SECONDS = MINUTES * MINUTE_SECONDS;

/** Streams that are kept as such; the others are read off these. */
const KEPT = ['all', 'alike', 'dear'] as const;
export type Kept = (typeof KEPT)[number];

export interface Spending {
  /** Number of the newest bucket: seconds since the epoch, divided. */
  fineAt: number;
  minuteAt: number;
  /** Three streams, each with its sums and then its largest samples. */
  readonly fine: Float32Array;
  readonly minutes: Float32Array;
}

const fineOffset: Readonly<Record<Kept, number>> = { all: 0, alike: 2 * FINE, dear: 4 * FINE };
/** Calls that look alike are watched over ten minutes at most. */
const minuteOffset = { all: 0, dear: 2 * MINUTES } as const;

export const noSpending = (): Spending => ({
  fineAt: 0,
  minuteAt: 0,
  fine: new Float32Array(6 * FINE),
  minutes: new Float32Array(4 * MINUTES),
});

/** Moves on to a later time; what came meanwhile is nothing. Seconds. */
export function advance(spending: Spending, at: number): void {
  const fine = Math.floor(at / FINE_SECONDS);
  if (fine > spending.fineAt) {
    clear(spending.fine, FINE, spending.fineAt, fine);
    spending.fineAt = fine;
  }
  const minute = Math.floor(at / MINUTE_SECONDS);
  if (minute > spending.minuteAt) {
    clear(spending.minutes, MINUTES, spending.minuteAt, minute);
    spending.minuteAt = minute;
  }
}

function clear(ring: Float32Array, size: number, from: number, to: number): void {
  if (to - from >= size) {
    ring.fill(0);
    return;
  }
  for (let bucket = from + 1; bucket <= to; bucket++)
    for (let i = bucket % size; i < ring.length; i += size) ring[i] = 0;
}

/** One sample's amounts. */
export type Amounts = Readonly<Record<Kept, number>>;

/** @param at not later than what the rings were moved on to; earlier than the ring reaches back is left out. Seconds. */
export function spend(spending: Spending, at: number, amounts: Amounts): void {
  const fine = Math.floor(at / FINE_SECONDS);
  if (fine > spending.fineAt - FINE)
    for (const stream of KEPT) put(spending.fine, fineOffset[stream], FINE, fine, amounts[stream]);
  const minute = Math.floor(at / MINUTE_SECONDS);
  if (minute <= spending.minuteAt - MINUTES) return;
  put(spending.minutes, minuteOffset.all, MINUTES, minute, amounts.all);
  put(spending.minutes, minuteOffset.dear, MINUTES, minute, amounts.dear);
}

function put(ring: Float32Array, offset: number, size: number, bucket: number, amount: number): void {
  if (amount <= 0) return;
  const i = offset + (bucket % size);
  ring[i] = (ring[i] as number) + amount;
  const largest = i + size;
  if (amount > (ring[largest] as number)) ring[largest] = amount;
}

/**
 * Sums over the last `windows[i]` seconds, each less its largest sample, into `out`.
 * @param windows growing; all within the fine ring, or all beyond it.
 */
export function trimmedSums(
  spending: Spending,
  stream: Kept,
  windows: readonly number[],
  out: Float64Array,
  first: number,
): void {
  const fine = (windows[0] as number) <= FINE_SECONDS * (FINE - 1);
  const ring = fine ? spending.fine : spending.minutes;
  const size = fine ? FINE : MINUTES;
  const offset = fine ? fineOffset[stream] : minuteOffset[stream as 'all' | 'dear'];
  const seconds = fine ? FINE_SECONDS : MINUTE_SECONDS;
  let i = offset + ((fine ? spending.fineAt : spending.minuteAt) % size);
  let sum = 0;
  let largest = 0;
  let back = 0;
  for (let w = 0; w < windows.length; w++) {
    const buckets = (windows[w] as number) / seconds;
    for (; back < buckets; back++) {
      sum += ring[i] as number;
      const one = ring[i + size] as number;
      if (one > largest) largest = one;
      i = i === offset ? offset + size - 1 : i - 1;
    }
    out[first + w] = Math.max(0, sum - largest);
  }
}

/** Spend of the fine buckets from `fromSeconds` ago until `toSeconds` ago. */
export function fineSum(spending: Spending, fromSeconds: number, toSeconds: number): number {
  let sum = 0;
  for (let back = toSeconds / FINE_SECONDS; back < fromSeconds / FINE_SECONDS; back++)
    sum += spending.fine[(spending.fineAt - back) % FINE] as number;
  return sum;
}

/** Spend of the last so many minutes, the present one included. At most six hours. */
export function minutesSum(spending: Spending, minutes: number, stream: 'all' | 'dear' = 'all'): number {
  let sum = 0;
  for (let back = 0; back < Math.min(minutes, MINUTES); back++) sum += minuteSpend(spending, back, stream);
  return sum;
}

/** Spend of one minute; 0 is the present one. */
export const minuteSpend = (spending: Spending, back: number, stream: 'all' | 'dear' = 'all'): number =>
  spending.minutes[minuteOffset[stream] + ((spending.minuteAt - back) % MINUTES)] as number;
