import fc from 'fast-check';
import type { Increment } from '../../../../src/tripwire/reading';
import { Trace } from '../../../../src/tripwire/replay/plot/trace';

const T = Date.UTC(2026, 0, 5);
const MINUTE = 60_000;
const DAY = 86_400_000;

const spent = (from: number, to: number, spendUsd: number): Increment => ({
  ...{ key: 'k', model: 'm', from: T + from, to: T + to },
  ...{ spendUsd, promptTokens: spendUsd * 100, completionTokens: 0 },
});

const traceOf = (...increments: readonly Increment[]): Trace => {
  const trace = new Trace();
  for (const one of increments) trace.add(one);
  return trace;
};

const peaks = (trace: Trace) => trace.buckets('usd').map(({ peak }) => peak);

it('adds up what came in one minute', () => {
  const trace = traceOf(spent(0, 10_000, 1), spent(10_000, 20_000, 2), spent(70_000, 80_000, 5));
  expect(trace.buckets('usd')).toEqual([
    { from: T, to: T + MINUTE, peak: 3, usual: undefined, trip: undefined },
    { from: T + MINUTE, to: T + 2 * MINUTE, peak: 5, usual: undefined, trip: undefined },
  ]);
  expect(trace.buckets('tokens').map(({ peak }) => peak)).toEqual([300, 500]);
});

it('spreads what came over a gap, and puts what came at once in its minute', () => {
  expect(peaks(traceOf(spent(0, 4 * MINUTE, 8)))).toEqual([2, 2, 2, 2]);
  expect(peaks(traceOf(spent(30_000, 90_000, 8)))).toEqual([4, 4]);
  expect(peaks(traceOf(spent(90_000, 90_000, 8)))).toEqual([8]);
});

it('keeps the busiest minute when stretches become longer', () => {
  const burst = spent(3 * DAY, 3 * DAY + 10_000, 40);
  const trace = traceOf(spent(0, 10_000, 1), burst, spent(30 * DAY, 30 * DAY + 10_000, 2));
  const shown = trace.buckets('usd').filter(({ peak }) => peak > 0);
  expect(shown.map(({ peak }) => peak)).toEqual([1, 40, 2]);
  const at = shown.find(({ peak }) => peak === 40);
  expect(at && at.from <= burst.from && burst.from < at.to).toBe(true);
  expect(trace.buckets('usd').length).toBeLessThanOrEqual(1024);
});

it('reaches back when what comes over a gap began before what came first', () => {
  const late = traceOf(spent(10 * MINUTE, 11 * MINUTE, 1), spent(8 * MINUTE, 12 * MINUTE, 4));
  expect(late.buckets('usd').map(({ from, peak }) => [(from - T) / MINUTE, peak])).toEqual([
    [8, 1],
    [9, 1],
    [10, 2],
    [11, 1],
  ]);
  const long = traceOf(spent(0, 10_000, 1), spent(30 * DAY, 30 * DAY + 10_000, 2), spent(-DAY, -DAY + 10_000, 3));
  expect(peaks(long).filter((peak) => peak > 0)).toEqual([3, 1, 2]);
  expect(long.buckets('usd').length).toBeLessThanOrEqual(1024);
});

it('is asked once a stretch what is usual, and keeps the last answer', () => {
  const trace = traceOf(spent(0, 10_000, 1));
  expect(trace.wants(T)).toBe(true);
  trace.expect(T, 0.5, 3);
  expect([trace.wants(T + 30_000), trace.wants(T + MINUTE)]).toEqual([false, true]);
  trace.expect(T + MINUTE, 0.6, undefined);
  expect(trace.buckets('usd').map(({ usual, trip }) => [usual, trip])).toEqual([
    [0.5, 3],
    [0.6, undefined],
  ]);
});

it('what is spent is at least what the busiest minute shows, wherever it came', () => {
  const increment = fc
    .tuple(fc.nat(40 * DAY), fc.nat(3 * 3_600_000), fc.double({ min: 0.001, max: 1000, noNaN: true }))
    .map(([from, length, usd]) => spent(from, from + length, usd));
  fc.assert(
    fc.property(fc.array(increment, { minLength: 1, maxLength: 60 }), (increments) => {
      const trace = traceOf(...increments.sort((a, b) => a.to - b.to));
      const total = increments.reduce((sum, { spendUsd }) => sum + spendUsd, 0);
      const buckets = trace.buckets('usd');
      expect(trace.total.usd).toBeCloseTo(total, 6);
      expect(buckets.length).toBeLessThanOrEqual(1024);
      const most = Math.max(...buckets.map(({ peak }) => peak));
      expect(most).toBeLessThanOrEqual(total * (1 + 1e-9));
      // No bucket hides money: even spread evenly, its busiest minute has its share.
      const minutes = buckets.reduce((sum, { from, to, peak }) => sum + (peak * (to - from)) / MINUTE, 0);
      expect(minutes).toBeGreaterThanOrEqual(total * 0.999);
    }),
    { numRuns: 300 },
  );
});
