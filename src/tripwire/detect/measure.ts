import { gaugeAt, gauges, type Stream } from './gauges';
import type { Profile } from './profile';
import { fineSum, minuteSpend, type Spending, trimmedSums } from './spending';

/** Windows of each stream that the fine buckets hold, and of those that the minutes hold, with their first gauge. */
const readings = (['all', 'alike', 'dear'] as const).flatMap((stream) => {
  const windows = gauges.filter((gauge) => gauge.stream === stream).map(({ windowSeconds }) => windowSeconds);
  const fine = windows.filter((seconds) => seconds <= 600);
  const coarse = windows.filter((seconds) => seconds > 600);
  return [fine, coarse]
    .filter((some) => some.length > 0)
    .map((some) => ({ stream, windows: some, first: gaugeAt(stream, some[0] as number), long: some === coarse }));
});

const FIVE_MINUTES_SECONDS = 300;
const ALL_MINUTE = gaugeAt('all', 60);
const DOUBLING = gaugeAt('doubling', 60);
const sustained = gauges.flatMap(({ stream, windowSeconds }, i) =>
  stream === 'sustained' || stream === 'sustained-dear'
    ? [{ stream, i, fives: windowSeconds / FIVE_MINUTES_SECONDS }]
    : [],
);

/**
 * What every gauge shows now, into `out`. Windows beyond ten minutes are shown once a minute, what is sustained once in
 * five, and are 0 between.
 * @param minuteOver whether a minute has just come to its end. @param fiveMinutesOver whether five have.
 * @param activeMinute what an active minute usually costs.
 */
export function measure(
  spending: Spending,
  profile: Profile,
  activeMinute: number,
  minuteOver: boolean,
  fiveMinutesOver: boolean,
  out: Float64Array,
): void {
  for (const { stream, windows, first, long } of readings)
    if (long && !minuteOver) out.fill(0, first, first + windows.length);
    else trimmedSums(spending, stream, windows, out, first);
  out[DOUBLING] = isDoubling(spending, profile, activeMinute) ? (out[ALL_MINUTE] as number) : 0;
  for (const { stream, i, fives } of sustained)
    out[i] = fiveMinutesOver ? sustainedSum(spending, stream, fives, profile.pauses) : 0;
}

function isDoubling(spending: Spending, { doubling }: Profile, activeMinute: number): boolean {
  const third = fineSum(spending, 180, 120);
  if (third <= doubling.before * activeMinute) return false;
  const second = fineSum(spending, 120, 60);
  const first = fineSum(spending, 60, 0);
  const { factor, halves } = doubling;
  return first > factor * second && first + second > halves * (third + fineSum(spending, 240, 180));
}

/** What every five minutes had but for the quietest few, times their number. */
function sustainedSum(spending: Spending, stream: Stream, fives: number, pauses: number): number {
  const from = stream === 'sustained' ? 'all' : 'dear';
  // The five minutes that are under way are left out.
  const skipped = (spending.minuteAt % 5) + 1;
  const sums: number[] = [];
  for (let five = 0; five < fives; five++) {
    let sum = 0;
    for (let minute = 0; minute < 5; minute++) sum += minuteSpend(spending, skipped + five * 5 + minute, from);
    sums.push(sum);
  }
  sums.sort((a, b) => a - b);
  return (sums[Math.floor(fives * pauses)] as number) * fives;
}

/** What each gauge has to exceed, into `out`. */
export function limits(levels: Float64Array, profile: Profile, activeMinute: number, out: Float64Array): void {
  for (let i = 0; i < gauges.length; i++) {
    const { stream, windowSeconds } = gauges[i] as (typeof gauges)[number];
    const floor = floorOf(profile, stream, windowSeconds);
    const burst = burstOf(profile, stream, windowSeconds) * activeMinute;
    out[i] = Math.max((levels[i] as number) * profile.margins[stream], floor, burst);
  }
}

/** What is too little to cut for in such a window. US dollars. */
export const floorOf = (profile: Profile, stream: Stream, windowSeconds: number): number =>
  profile.floors[stream] * (windowSeconds / 60) ** growthOf(profile, stream, windowSeconds);

function growthOf({ floorGrowth, shortFloorGrowth }: Profile, stream: Stream, windowSeconds: number): number {
  if (stream !== 'all') return 0.5;
  return windowSeconds < 60 ? shortFloorGrowth : floorGrowth;
}

function burstOf(profile: Profile, stream: Stream, windowSeconds: number): number {
  switch (stream) {
    case 'alike':
      return 0;
    case 'doubling':
      return profile.doublingBurst;
    case 'sustained':
      return (profile.sustainedBurst * windowSeconds) / 60;
    case 'sustained-dear':
      return (profile.sustainedDearBurst * windowSeconds) / 60;
    case 'dear':
      return (profile.bursts[windowSeconds] ?? 0) * profile.dearBurst;
    default:
      return profile.bursts[windowSeconds] ?? 0;
  }
}
