import fc from 'fast-check';
import { gaugeAt, gauges } from '../../../src/tripwire/detect/gauges';
import { DAYS_KEPT, type Hour, hourOfDay, levelsOf, quantile, withHour } from '../../../src/tripwire/detect/levels';
import { mulberry32, START, tuning } from './traffic';

const FIRST = START / 3_600;
const ALL_MINUTE = gaugeAt('all', 60);
const ALL_TEN = gaugeAt('all', 600);
const ALL_TWO_HOURS = gaugeAt('all', 7_200);
const SUSTAINED = gaugeAt('sustained', 3_600);
const options = tuning.levels;

/** An hour in which every gauge reached this. */
const hour = (n: number, peak: number, only?: number): Hour => ({
  hour: FIRST + n,
  peaks: Float32Array.from(gauges, (_, i) => (only === undefined || only === i ? peak : 0)),
});
const DAYS = 14;
const all = (peakOf: (hour: number) => number | undefined): Hour[] =>
  Array.from({ length: DAYS * 24 }, (_, n) => n).flatMap((n) => {
    const peak = peakOf(n);
    return peak === undefined ? [] : [hour(n, peak)];
  });
/** The level of a minute in the hour after those two weeks, at this hour of the day. */
const level = (hours: readonly Hour[], ofDay = 12, gauge = ALL_MINUTE): number =>
  levelsOf(hours, FIRST, FIRST + DAYS * 24 + ofDay, options)[gauge] as number;

describe('what is remembered', () => {
  it('are the hours of two weeks', () => {
    let hours: readonly Hour[] = [];
    for (let n = 0; n < 1_000; n++) hours = withHour(hours, hour(n, 1));
    expect(hours.map((one) => one.hour)).toEqual(
      Array.from({ length: DAYS_KEPT * 24 }, (_, i) => FIRST + 1_000 - DAYS_KEPT * 24 + i),
    );
    expect(withHour(hours, hour(5_000, 1))).toHaveLength(1);
  });

  it('is not changed where it was handed in', () => {
    const before: readonly Hour[] = Object.freeze([hour(0, 1)]);
    expect(withHour(before, hour(1_000, 2))).not.toBe(before);
    expect(before).toHaveLength(1);
  });
});

describe('the level of an ordinary hour', () => {
  it('is nothing while nothing is known', () => {
    expect([...levelsOf([], FIRST, FIRST, options)].every((one) => one === 0)).toBe(true);
  });

  it('is twice the only hour', () => {
    expect(levelsOf([hour(0, 3)], FIRST, FIRST + 1, options)[ALL_MINUTE]).toBe(6);
  });

  it('lies above what is usual, and near what is hardly ever reached', () => {
    const next = mulberry32(1);
    const peaks: number[] = [];
    const hours = all(() => {
      peaks.push(-Math.log(1 - next()));
      return peaks.at(-1);
    });
    const highest = Math.max(...peaks);
    expect(level(hours)).toBeGreaterThan(quantile(peaks, 0.95));
    expect(level(hours)).toBeLessThan(3 * highest);
  });

  it('is wide where tails are heavy', () => {
    const next = mulberry32(2);
    const draws = Array.from({ length: DAYS * 24 }, () => 1 - next());
    const light = all((n) => 1 + 0.1 * (1 - (draws[n] as number)));
    const heavy = all((n) => (draws[n] as number) ** -0.8);
    const above = (hours: readonly Hour[]) => {
      const peaks = hours.map(({ peaks }) => peaks[ALL_MINUTE] as number);
      return level(hours) / quantile(peaks, 0.85);
    };
    expect(above(heavy)).toBeGreaterThan(2 * above(light));
  });

  it('stays far below a single hour that was beyond everything: the next one is as strange', () => {
    expect(level(all((n) => (n === 100 ? 1e6 : 1 + (n % 7) / 10)))).toBeLessThan(1e5);
  });

  it('is wider where less is known', () => {
    const daily = all((n) => (n % 24 === 12 ? 1 + (n % 5) : undefined));
    const hourly = all((n) => 1 + (n % 5));
    expect(level(daily, 6)).toBeGreaterThan(level(hourly, 6));
  });

  it('is higher for what comes once in a year than for what comes once in a month', () => {
    const hours = all((n) => 1 + (n % 7) / 10);
    expect(level(hours, 12, ALL_TWO_HOURS)).toBeGreaterThan(level(hours, 12, ALL_TEN));
  });

  it('scales with money', () => {
    const peaks = fc.array(fc.double({ min: 0.01, max: 100, noNaN: true }), { minLength: 1, maxLength: 336 });
    fc.assert(
      fc.property(peaks, fc.constantFrom(2, 16, 1 / 8), (some, factor) => {
        const hours = (by: number) => some.map((peak, n) => hour(n, peak * by));
        const [one, other] = [1, factor].map((by) => levelsOf(hours(by), FIRST, FIRST + 400, options));
        one?.forEach((value, i) => expect(other?.[i]).toBeCloseTo(value * factor, 4));
      }),
      { numRuns: 30 },
    );
  });

  it('is a number, whatever the peaks and the times', () => {
    const peaks = fc.array(
      fc.tuple(fc.nat({ max: 400 }), fc.oneof(fc.constant(0), fc.double({ min: 1e-9, max: 1e9 }))),
    );
    fc.assert(
      fc.property(peaks, fc.integer({ min: -500, max: 2_000 }), (some, now) => {
        const hours = some.map(([n, peak]) => hour(n, Number.isNaN(peak) ? 0 : peak)).sort((a, b) => a.hour - b.hour);
        for (const value of levelsOf(hours, FIRST, FIRST + now, options)) {
          expect(Number.isFinite(value)).toBe(true);
          expect(value).toBeGreaterThanOrEqual(0);
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe('a nightly job', () => {
  const atThree = (n: number) => n % 24 === 3;
  const withJob = all((n) => (atThree(n) ? 50 : 1 + (n % 5) / 10));
  const without = all((n) => (atThree(n) ? undefined : 1 + (n % 5) / 10));

  it('has a level of its own, at its hour and next to it', () => {
    for (const at of [2, 3, 4]) expect(level(withJob, at)).toBeCloseTo(50 * options.jobMargin);
  });

  it('teaches nothing about the other hours', () => {
    for (const at of [0, 1, 5, 12, 23]) {
      const ratio = level(withJob, at) / level(without, at);
      expect(ratio).toBeGreaterThan(0.95);
      expect(ratio).toBeLessThan(1.05);
    }
  });

  it('may go on for as long as it spends no more: only its size tells', () => {
    const hours = withJob.map(
      ({ hour: at, peaks }): Hour => ({
        hour: at,
        peaks: Float32Array.from(peaks, (peak, i) => (i === SUSTAINED ? 0 : peak)),
      }),
    );
    expect(level(hours, 3, SUSTAINED)).toBeCloseTo(50 * options.jobMargin);
    expect(level(hours, 12, SUSTAINED)).toBe(0);
  });

  it('is known by the hour of the day, over the turn of the day', () => {
    const midnight = all((n) => (n % 24 === 0 ? 50 : 1));
    for (const at of [23, 24, 1]) expect(level(midnight, at)).toBeCloseTo(50 * options.jobMargin);
    expect(level(midnight, 12)).toBeLessThan(10);
    expect([hourOfDay(25), hourOfDay(-1), hourOfDay(48)]).toEqual([1, 23, 0]);
  });

  it('is none when it came once, nor when it is hardly more than usual', () => {
    const once = all((n) => (n === 3 ? 50 : 1 + (n % 5) / 10));
    expect(level(once, 3)).toBe(level(once, 12));
    const little = all((n) => (atThree(n) ? 1.2 * options.jobFactor : 1 + (n % 5) / 10));
    expect(level(little, 3)).toBe(level(little, 12));
  });

  it('may come on some days of the week alone', () => {
    const some = all((n) => (atThree(n) && Math.floor(n / 24) % 3 === 0 ? 50 : 1 + (n % 5) / 10));
    const weekly = some.filter((one) => !atThree(one.hour - FIRST) || Math.floor((one.hour - FIRST) / 24) % 3 === 0);
    expect(level(weekly, 3)).toBeCloseTo(50 * options.jobMargin);
  });
});

test.each<[number[], number, number]>([
  [[], 0.5, 0],
  [[7], 0, 7],
  [[7], 1, 7],
  [[3, 1, 2], 0.5, 2],
  [[4, 3, 2, 1], 0.4, 2],
  [[4, 3, 2, 1], 1, 4],
])('quantile of %j at %p is %p', (values, share, expected) => {
  const before = [...values];
  expect(quantile(values, share)).toBe(expected);
  expect(values).toEqual(before);
});
