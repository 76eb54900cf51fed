import { outlookOf } from '../../../src/tripwire/detect/outlook';
import { profiles } from '../../../src/tripwire/detect/profile';
import { freshState } from '../../../src/tripwire/detect/state';
import { addToTotals, noTotals } from '../../../src/tripwire/detect/totals';
import type { SubjectSettings } from '../../../src/tripwire/settings';
import { busy, call, HOUR, helper, how, NOW, run } from './traffic';

const settings = (more: Partial<SubjectSettings> = {}): SubjectSettings => ({
  ...{ profile: 'agent', ceilings: [], anomaly: true },
  ...more,
});
const own = how({ tuning: profiles.agent });
const learnt = run(freshState(), helper(14), own).state;

it('of one that has spent no money yet is what it has spent', () => {
  const totals = noTotals();
  addToTotals(totals, NOW, { usd: 0, tokens: 900 }, 0);
  expect(outlookOf(undefined, totals, settings(), NOW)).toEqual({
    spent: {
      minute: { usd: 0, tokens: 900 },
      hour: { usd: 0, tokens: 900 },
      day: { usd: 0, tokens: 900 },
    },
  });
});

it('says what is usual at this hour, and not what is not known', () => {
  const usualAt = (at: number) => outlookOf(learnt, noTotals(), settings(), at).usualUsd;
  expect(usualAt(NOW)).toBeGreaterThan(0);
  expect(usualAt(NOW - 7 * HOUR)).toBe(0);
  const young = run(freshState(), [call(NOW, 5_000, 300)], own).state;
  expect(outlookOf(young, noTotals(), settings(), NOW)).not.toHaveProperty('usualUsd');
});

describe('what a minute may cost before it trips', () => {
  const tripUsd = (state = learnt, more: Partial<SubjectSettings> = {}) =>
    outlookOf(state, noTotals(), settings(more), NOW).tripUsd;

  it('is what does trip: a little less doesn’t, a little more does', () => {
    const limit = tripUsd() ?? 0;
    /** Even calls of all sizes, so much a minute but for the largest. */
    const spend = (factor: number) => {
      const calls = busy(NOW, 60, 30);
      const usd = calls.reduce((sum, one) => sum + one.usd, 0) - Math.max(...calls.map((one) => one.usd));
      return calls.map((one) => ({ ...one, usd: (one.usd * limit * factor) / usd, prompt: one.prompt * factor * 2 }));
    };
    const level = (factor: number) =>
      run(learnt, spend(factor), own).signals.filter(
        ({ windowSeconds, rule }) => rule === 'level' && windowSeconds === 60,
      );
    expect(limit).toBeGreaterThan(0);
    expect(level(0.5)).toEqual([]);
    expect(run(learnt, spend(1.3), own).signals.filter(({ level: one }) => one === 'trip').length).toBeGreaterThan(0);
  });

  it('is a stranger’s while nothing is known', () => {
    const young = run(freshState(), [call(NOW, 5_000, 300)], own).state;
    expect(tripUsd(young)).toBe(profiles.agent.cold.all);
    expect(tripUsd(young, { profile: 'service' })).toBe(profiles.service.cold.all);
  });

  it('is a share of the budget where that is less', () => {
    const share = profiles.agent.budgetShares.find(([seconds]) => seconds === 60)?.[1] ?? 0;
    expect(tripUsd(learnt, { dailyBudgetUsd: 0.1 })).toBeCloseTo(share * 0.1);
    expect(tripUsd(learnt, { dailyBudgetUsd: 1e6 })).toBe(tripUsd());
  });

  it('is not told where only ceilings hold', () => {
    expect(tripUsd(learnt, { anomaly: false })).toBeUndefined();
  });
});
