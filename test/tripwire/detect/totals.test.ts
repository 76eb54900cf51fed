import { addToTotals, loadTotals, noTotals, saveTotals, totalsAt } from '../../../src/tripwire/detect/totals';
import { DAY, HOUR, MINUTE, START } from './traffic';

const nothing = { usd: 0, tokens: 0 };

it('sums money and tokens over the last minute, hour and day', () => {
  const totals = noTotals();
  expect(totalsAt(totals, START)).toEqual({ minute: nothing, hour: nothing, day: nothing });
  addToTotals(totals, START, { usd: 1, tokens: 10 }, 0);
  addToTotals(totals, START + 10 * MINUTE, { usd: 2, tokens: 20 }, 0);
  addToTotals(totals, START + 5 * HOUR, { usd: 4, tokens: 0 }, 0);
  addToTotals(totals, START + 5 * HOUR + 30 * MINUTE, { usd: 0, tokens: 80 }, 0);
  expect(totalsAt(totals, START + 5 * HOUR + 30 * MINUTE)).toEqual({
    minute: { usd: 0, tokens: 80 },
    hour: { usd: 4, tokens: 80 },
    day: { usd: 7, tokens: 110 },
  });
  expect(totalsAt(totals, START + 3 * DAY)).toEqual({ minute: nothing, hour: nothing, day: nothing });
});

it('spreads what came while nobody looked', () => {
  const totals = noTotals();
  addToTotals(totals, START + 2 * HOUR - 1, { usd: 120, tokens: 1_200 }, 2 * HOUR);
  const { minute, hour, day } = totalsAt(totals, START + 2 * HOUR - 1);
  expect(minute.usd).toBeCloseTo(1, 1);
  expect(hour.usd).toBeCloseTo(60, 1);
  expect(day.tokens).toBeCloseTo(1_200);
});

it('survives as JSON, and refuses what it isn’t', () => {
  const totals = noTotals();
  addToTotals(totals, START, { usd: 1.1, tokens: 10 }, 0);
  const saved = saveTotals(totals);
  expect(loadTotals(JSON.parse(JSON.stringify(saved)))).toEqual(totals);
  for (const broken of [null, undefined, 7, [[[START, ['x']]]], [[['x', []]]], [[[START, new Array(25).fill(0)]]]])
    expect(() => loadTotals(broken)).toThrow();
});
