import { boundsOf } from '../../../src/tripwire/detect/bounds';
import { outlookOf } from '../../../src/tripwire/detect/outlook';
import { profiles } from '../../../src/tripwire/detect/profile';
import { freshState } from '../../../src/tripwire/detect/state';
import { noTotals } from '../../../src/tripwire/detect/totals';
import type { SubjectSettings } from '../../../src/tripwire/settings';
import { call, helper, how, NOW, run } from './traffic';

const settings = (more: Partial<SubjectSettings> = {}): SubjectSettings => ({
  ...{ profile: 'agent', ceilings: [], anomaly: true },
  ...more,
});
const own = how({ tuning: profiles.agent });
const learnt = run(freshState(), helper(14), own).state;
const young = run(freshState(), [call(NOW, 5_000, 300)], own).state;
const [MINUTE, FIVE, THIRTY] = [60, 300, 1_800];

it('of one that has spent no money yet, only what is configured is known', () => {
  const ceilings = [{ unit: 'usd', windowSeconds: 60, limit: 5 } as const];
  expect(boundsOf(undefined, settings({ ceilings, anomaly: false }), NOW, MINUTE)).toEqual({
    ...{ usual: undefined, floor: undefined, ceiling: 5, trips: undefined },
  });
});

it('what is usual is so much for each minute of the step', () => {
  const { usualUsd = Number.NaN } = outlookOf(learnt, noTotals(), settings(), NOW);
  expect(usualUsd).toBeGreaterThan(0);
  for (const step of [MINUTE, FIVE, THIRTY])
    expect(boundsOf(learnt, settings(), NOW, step).usual).toBeCloseTo((usualUsd * step) / 60, 9);
  expect(boundsOf(young, settings(), NOW, MINUTE).usual).toBeUndefined();
});

describe('what surely exceeds a ceiling, however it is spread in the step', () => {
  const usd = (windowSeconds: number, limit: number) => ({ unit: 'usd', windowSeconds, limit }) as const;
  it.each([
    ['one minute', MINUTE, [usd(60, 5)], 5],
    ['five of them', FIVE, [usd(60, 5)], 25],
    ['an hour’s is the lower one', THIRTY, [usd(60, 5), usd(3_600, 50)], 50],
    ['a minute’s is the lower one', FIVE, [usd(60, 5), usd(3_600, 50)], 25],
    ['tokens are none', MINUTE, [{ unit: 'tokens', windowSeconds: 60, limit: 5 } as const], undefined],
  ])('%s', (_, step, ceilings, limit) => {
    expect(boundsOf(undefined, settings({ ceilings }), NOW, step).ceiling).toBe(limit);
  });
});

describe('what would trip', () => {
  const trips = (state = learnt, step = MINUTE, more: Partial<SubjectSettings> = {}) =>
    boundsOf(state, settings(more), NOW, step).trips ?? Number.NaN;

  it('is at most what the outlook says of a minute, and never less in a longer step', () => {
    const { tripUsd = Number.NaN } = outlookOf(learnt, noTotals(), settings(), NOW);
    expect(trips()).toBeGreaterThan(0);
    expect(trips()).toBeLessThanOrEqual(tripUsd);
    expect(trips(learnt, FIVE)).toBeGreaterThanOrEqual(trips());
    expect(trips(learnt, FIVE)).toBeLessThanOrEqual(5 * tripUsd);
    expect(trips(learnt, THIRTY)).toBeGreaterThanOrEqual(trips(learnt, FIVE));
  });

  it('is a stranger’s, or a share of the budget, or unknown where only ceilings hold', () => {
    expect(trips(young)).toBe(profiles.agent.cold.all);
    expect(trips(young, FIVE)).toBe(5 * profiles.agent.cold.all);
    expect(trips(young, MINUTE, { dailyBudgetUsd: 1 })).toBeCloseTo(0.3, 9);
    expect(trips(young, THIRTY, { dailyBudgetUsd: 1 })).toBeCloseTo(1.35, 9);
    expect(boundsOf(learnt, settings({ anomaly: false }), NOW, MINUTE).trips).toBeUndefined();
  });

  it('lies above what is too little to cut for', () => {
    for (const profile of ['agent', 'service'] as const)
      for (const step of [MINUTE, FIVE, THIRTY]) {
        const { floor, trips } = boundsOf(learnt, settings({ profile }), NOW, step);
        expect(floor).toBeGreaterThan(0);
        expect(floor).toBeLessThanOrEqual(Math.min(...Object.values(profiles[profile].floors)));
        expect(trips).toBeGreaterThan(floor ?? Number.NaN);
      }
  });
});
