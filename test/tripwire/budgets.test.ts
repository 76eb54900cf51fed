import { Budgets, usedUpAt } from '../../src/tripwire/budgets';
import type { Budget } from '../../src/tripwire/scrape/look';
import type { Subject } from '../../src/tripwire/signal';

const KEY: Subject = { kind: 'key', id: 'k' };
const AT = Date.UTC(2026, 0, 1);
const HOUR_MS = 3_600_000;
const busy = { lastMinute: 0.1, lastHour: 6 };

it.each<[string, Budget, { lastMinute: number; lastHour: number } | undefined, object | undefined]>([
  ['no budget', {}, busy, undefined],
  ['a budget of which nobody knows what is left', { maxUsd: 10 }, busy, undefined],
  ['enough for hours', { maxUsd: 100, remainingUsd: 50 }, busy, undefined],
  ['gone within the hour', { maxUsd: 10, remainingUsd: 3 }, busy, { level: 'warn', usedUpAt: AT + HOUR_MS / 2 }],
  ['gone, but it begins anew before', { maxUsd: 10, remainingUsd: 3, resetsAt: AT + 60_000 }, busy, undefined],
  ['used up', { maxUsd: 10, remainingUsd: 0 }, busy, { level: 'trip', observed: 10, limit: 10, usedUpAt: AT }],
  ['overspent', { maxUsd: 10, remainingUsd: -2 }, busy, { level: 'trip', observed: 12, beyondUsual: 2 }],
  ['used up, but nobody spends', { maxUsd: 10, remainingUsd: -2 }, { lastMinute: 0, lastHour: 6 }, undefined],
  ['used up, and nothing was ever seen', { maxUsd: 10, remainingUsd: -2 }, undefined, undefined],
])('%s', (_what, budget, pace, expected) => {
  const signal = new Budgets().take(KEY, budget, pace, AT);
  if (expected === undefined) expect(signal).toBeUndefined();
  else expect(signal).toMatchObject({ ...expected, rule: 'budget', unit: 'usd', subject: KEY });
});

it('what somebody restored although it is used up trips again when it was raised, or began anew, and is used up again', () => {
  const budgets = new Budgets();
  const take = (maxUsd: number, remainingUsd: number) => budgets.take(KEY, { maxUsd, remainingUsd }, busy, AT)?.level;
  expect(take(10, -1)).toBe('trip');
  budgets.accept(KEY);
  expect(take(10, -2)).toBeUndefined();
  expect(take(20, -3)).toBe('trip');
  budgets.accept(KEY);
  expect(take(20, 19)).toBeUndefined();
  expect(take(20, -1)).toBe('trip');
});

it('a restore while there is something left accepts nothing', () => {
  const budgets = new Budgets();
  budgets.take(KEY, { maxUsd: 10, remainingUsd: 9 }, busy, AT);
  budgets.accept(KEY);
  expect(budgets.take(KEY, { maxUsd: 10, remainingUsd: -1 }, busy, AT)?.level).toBe('trip');
});

it('tells when a budget is used up at the present rate', () => {
  expect(usedUpAt({ remainingUsd: 12 }, busy, AT)).toBe(AT + 2 * HOUR_MS);
  expect(usedUpAt({ remainingUsd: -1 }, busy, AT)).toBe(AT);
  expect(usedUpAt({}, busy, AT)).toBeUndefined();
  expect(usedUpAt({ remainingUsd: 12 }, { lastMinute: 0, lastHour: 0 }, AT)).toBeUndefined();
});
