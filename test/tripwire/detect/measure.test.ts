import { gaugeAt, gauges, type Stream } from '../../../src/tripwire/detect/gauges';
import { limits, measure } from '../../../src/tripwire/detect/measure';
import { advance, noSpending, type Spending, spend } from '../../../src/tripwire/detect/spending';
import { HOUR, START, tuning } from './traffic';

const NOW = START + 12 * HOUR;
const ACTIVE = 0.1;

type Spend = readonly [ago: number, usd: number, more?: { readonly alike?: number; readonly dear?: number }];

/** Spend in seconds before now. */
function filled(spends: readonly Spend[], at = NOW): Spending {
  const spending = noSpending();
  for (const [ago, all, { alike = 0, dear = 0 } = {}] of [...spends].sort(([a], [b]) => b - a)) {
    advance(spending, at - ago);
    spend(spending, at - ago, { all, alike, dear });
  }
  advance(spending, at);
  return spending;
}

function shown(spending: Spending, { minuteOver = true, fiveOver = true } = {}) {
  const out = new Float64Array(gauges.length).fill(Number.NaN);
  measure(spending, tuning, ACTIVE, minuteOver, fiveOver, out);
  expect([...out].every((one) => one >= 0)).toBe(true);
  return (stream: Stream, windowSeconds: number): number => out[gaugeAt(stream, windowSeconds)] as number;
}

const steady = (seconds: number, usd: number, until = 0): Spend[] =>
  Array.from({ length: Math.floor(seconds / 10) }, (_, i) => [until + 10 * i, usd] as const);
/** So much in each minute, the oldest first; the last is the present one. */
const minutes = (...usd: readonly number[]): Spend[] =>
  usd.flatMap((one, i) => steady(60, one / 6, (usd.length - 1 - i) * 60));

it('every gauge has a value, and of nothing it is nothing', () => {
  const value = shown(filled([]));
  for (const { stream, windowSeconds } of gauges) expect(value(stream, windowSeconds)).toBe(0);
});

it('windows end now, and leave the largest sample out', () => {
  const value = shown(filled([...steady(600, 1), [5, 40]]));
  expect(value('all', 20)).toBe(2);
  expect(value('all', 60)).toBe(6);
  expect(value('all', 600)).toBe(60);
  expect(value('alike', 60)).toBe(0);
});

it('each stream has its own', () => {
  const value = shown(filled(steady(600, 1).map(([ago, usd]) => [ago, usd, { alike: 0.5, dear: 0.25 }])));
  expect(value('alike', 180)).toBeCloseTo(0.5 * 17);
  expect(value('dear', 180)).toBeCloseTo(0.25 * 17);
});

it('long windows are looked at once a minute, sustained ones once in five', () => {
  const spending = filled(steady(5 * HOUR, 1));
  for (const [minuteOver, fiveOver] of [
    [false, false],
    [true, false],
    [true, true],
  ] as const) {
    const value = shown(spending, { minuteOver, fiveOver });
    expect(value('all', 600) > 0).toBe(true);
    expect(value('all', 1_800) > 0).toBe(minuteOver);
    expect(value('all', 21_600) > 0).toBe(minuteOver);
    expect(value('sustained', 3_600) > 0).toBe(fiveOver);
  }
});

describe('doubling', () => {
  test.each<[string, number[], boolean]>([
    ['each minute twice the one before', [0.4, 0.8, 1.6, 3.2], true],
    ['ever faster', [0.3, 0.4, 1, 5], true],
    ['as much as ever', [2, 2, 2, 2], false],
    ['a burst out of nothing', [0, 0, 0, 5], false],
    ['a burst out of next to nothing', [0.01, 0.02, 1, 5], false],
    ['growth that has ended', [0.4, 0.8, 3.2, 3.2], false],
    ['growth that is slow', [1, 1.3, 1.6, 2], false],
  ])('%s: %j %p', (_what, spends, expected) => {
    const value = shown(filled(minutes(...spends)));
    expect(value('doubling', 60)).toBe(expected ? value('all', 60) : 0);
  });
});

describe('sustained', () => {
  it('is what goes on without a pause, the largest left out or not', () => {
    const value = shown(filled(steady(3 * HOUR, 0.1)));
    for (const seconds of [1_800, 3_600, 7_200])
      expect(value('sustained', seconds)).toBeCloseTo((0.1 * seconds) / 10, 1);
  });

  it('bears that some five minutes are quieter', () => {
    const value = shown(filled([...steady(900, 0.1), ...steady(5_400, 0.1, 1_260)]));
    expect(value('sustained', 7_200)).toBeGreaterThan(60);
  });

  it('is little where there are pauses, however much was spent', () => {
    const bouts = Array.from({ length: 12 }, (_, i) => steady(300, 5, i * 900)).flat();
    expect(shown(filled(bouts))('sustained', 7_200)).toBe(0);
    expect(shown(filled(bouts))('all', 7_200)).toBeGreaterThan(500);
  });

  it('leaves the five minutes that are under way out', () => {
    const before = shown(filled(steady(2 * HOUR + 600, 0.1)))('sustained', 3_600);
    const later = shown(filled([...steady(2 * HOUR + 600, 0.1, 120), [0, 1_000], [10, 1_000]], NOW + 120));
    expect(later('sustained', 3_600)).toBeCloseTo(before);
  });

  it('of what is dear counts what is beyond the usual price alone', () => {
    const value = shown(filled(steady(2 * HOUR, 0.1).map(([ago, usd]) => [ago, usd, { dear: 0.03 }])));
    expect(value('sustained-dear', 3_600)).toBeCloseTo(0.03 * 360, 1);
  });
});

describe('what each has to exceed', () => {
  const limitsOf = (level: number, activeMinute: number) => {
    const out = new Float64Array(gauges.length);
    limits(new Float64Array(gauges.length).fill(level), tuning, activeMinute, out);
    return (stream: Stream, windowSeconds: number): number => out[gaugeAt(stream, windowSeconds)] as number;
  };

  it('is what is too little to cut for, while nothing is known', () => {
    const limit = limitsOf(0, 0);
    expect(limit('all', 60)).toBeCloseTo(tuning.floors.all);
    expect(limit('alike', 60)).toBeCloseTo(tuning.floors.alike);
    expect(limit('all', 3_600 / 2)).toBeCloseTo(tuning.floors.all * 30 ** tuning.floorGrowth);
    expect(limit('alike', 600)).toBeCloseTo(tuning.floors.alike * Math.sqrt(10));
  });

  it('is a harmless burst, for who spends much', () => {
    const limit = limitsOf(0, 10);
    expect(limit('all', 60)).toBeCloseTo(10 * (tuning.bursts[60] as number));
    expect(limit('dear', 60)).toBeCloseTo(10 * (tuning.bursts[60] as number) * tuning.dearBurst);
    expect(limit('sustained', 3_600)).toBeCloseTo(10 * tuning.sustainedBurst * 60);
    expect(limit('doubling', 60)).toBeCloseTo(10 * tuning.doublingBurst);
  });

  it('is what it ever reached, and a margin, where that is more', () => {
    const limit = limitsOf(1_000, 1);
    for (const { stream, windowSeconds } of gauges)
      expect(limit(stream, windowSeconds)).toBeCloseTo(1_000 * tuning.margins[stream]);
  });

  it('never shrinks with the level, nor with the active minute', () => {
    for (const { stream, windowSeconds } of gauges)
      for (const [level, active] of [
        [0, 0],
        [1, 0.5],
        [50, 3],
      ] as const) {
        const here = limitsOf(level, active)(stream, windowSeconds);
        expect(limitsOf(level * 2, active)(stream, windowSeconds)).toBeGreaterThanOrEqual(here);
        expect(limitsOf(level, active * 2)(stream, windowSeconds)).toBeGreaterThanOrEqual(here);
      }
  });

  it('loops have no harmless burst', () => {
    expect(limitsOf(0, 1_000)('alike', 60)).toBeCloseTo(tuning.floors.alike);
  });
});
