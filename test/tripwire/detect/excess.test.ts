import { excessOf } from '../../../src/tripwire/detect/excess';
import { advance, noSpending, spend } from '../../../src/tripwire/detect/spending';
import { HOUR, MINUTE, START } from './traffic';

const NOW = START + 12 * HOUR;

/** Spend in seconds before now. */
function excess(spends: readonly (readonly [ago: number, usd: number])[], usualMinute = 0, at = NOW) {
  const spending = noSpending();
  for (const [ago, usd] of [...spends].sort(([a], [b]) => b - a)) {
    advance(spending, at - ago);
    spend(spending, at - ago, { all: usd, alike: 0, dear: 0 });
  }
  advance(spending, at);
  const { since, beyondUsual } = excessOf(spending, at, usualMinute);
  return { ago: at - since, beyondUsual };
}

/** So much each ten seconds, for so long until now. */
const steady = (seconds: number, usd: number, until = 0): [number, number][] =>
  Array.from({ length: Math.floor(seconds / 10) }, (_, i) => [until + 10 * i, usd]);

it('nothing is none', () => {
  expect(excess([])).toEqual({ ago: 0, beyondUsual: 0 });
});

it('began when spend began, and is all of it where nothing is usual', () => {
  const { ago, beyondUsual } = excess(steady(180, 1));
  expect(Math.abs(ago - 180)).toBeLessThanOrEqual(10);
  expect(beyondUsual).toBeCloseTo(18);
});

it('is less what is usual', () => {
  const { ago, beyondUsual } = excess(steady(180, 1), 2);
  expect(beyondUsual).toBeCloseTo(18 - 2 * (ago / 60));
});

it('does not reach back into what was ordinary', () => {
  const { ago } = excess([...steady(120, 1), ...steady(3_000, 0.01, 120)], 0.06);
  expect(Math.abs(ago - 120)).toBeLessThanOrEqual(10);
});

it('reaches back over pauses of less than a minute, and not over longer ones', () => {
  expect(Math.abs(excess([...steady(60, 1), ...steady(60, 1, 110)]).ago - 170)).toBeLessThanOrEqual(10);
  expect(Math.abs(excess([...steady(60, 1), ...steady(60, 1, 150)]).ago - 60)).toBeLessThanOrEqual(10);
});

it('began small where it grew', () => {
  const doubling: [number, number][] = [1, 2, 4, 8].flatMap((usd, i) => steady(60, usd, (3 - i) * 60));
  expect(excess(doubling).ago).toBeGreaterThan(150);
});

it('reaches back over hours, to the minute', () => {
  const { ago, beyondUsual } = excess([...steady(3 * HOUR, 0.5), ...steady(3 * HOUR, 0.02, 3 * HOUR)], 0.12);
  expect(Math.abs(ago - 3 * HOUR)).toBeLessThanOrEqual(MINUTE);
  expect(Math.abs(beyondUsual - (0.5 * 6 - 0.12) * 180)).toBeLessThan(4);
});

it('and no further than is known', () => {
  const { ago, beyondUsual } = excess(steady(6 * HOUR, 0.5));
  expect(ago).toBeLessThanOrEqual(6 * HOUR);
  expect(ago).toBeGreaterThan(5.9 * HOUR);
  expect(beyondUsual).toBeLessThanOrEqual(0.5 * 6 * 360 + 1e-6);
});

it('is never less than nothing', () => {
  expect(excess(steady(180, 0.01), 50).beyondUsual).toBe(0);
});

it('scales with money', () => {
  const one = excess([...steady(240, 1), ...steady(600, 0.15, 240)], 0.3);
  const ten = excess([...steady(240, 10), ...steady(600, 1.5, 240)], 3);
  expect(ten.ago).toBe(one.ago);
  expect(ten.beyondUsual).toBeCloseTo(10 * one.beyondUsual, 3);
});
