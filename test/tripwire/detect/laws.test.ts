import fc from 'fast-check';
import { type How, observe, observeInPlace } from '../../../src/tripwire/detect/observe';
import type { Profile } from '../../../src/tripwire/detect/profile';
import { saveState } from '../../../src/tripwire/detect/saved';
import { copyOf, freshState, type SubjectState } from '../../../src/tripwire/detect/state';
import type { Ceiling } from '../../../src/tripwire/settings';
import {
  type Call,
  DAY,
  firstTrip,
  helper,
  how,
  learnt,
  NOW,
  type Ran,
  run,
  START,
  spentOf,
  trips,
  tuning,
} from './traffic';

/** A look every so often, with spend of every size: from a few cents to what is far beyond every limit. */
const step = fc.record({
  after: fc.constantFrom(5, 10, 10, 10, 20, 60, 600),
  prompt: fc.integer({ min: 500, max: 20_000 }),
  completion: fc.integer({ min: 10, max: 2_000 }),
  times: fc.constantFrom(1, 1, 1, 2, 5, 20, 100),
});
const traffic = fc.array(step, { minLength: 1, maxLength: 60, size: 'max' }).map((steps) => {
  let at = NOW;
  return steps.map(({ after, prompt, completion, times }): Call => {
    at += after;
    const usd = times * (prompt * 3e-6 + completion * 15e-6);
    return { at, from: at - after, usd, prompt: prompt * times, completion: completion * times };
  });
});

/** The same looks, some of which show more money, for the same tokens or for as many more. */
const more = traffic.chain((calls) =>
  fc.record({
    calls: fc.constant(calls),
    richer: fc
      .array(fc.record({ factor: fc.constantFrom(1, 1, 1, 1.1, 2, 10, 100), dearer: fc.boolean() }), {
        ...{ minLength: calls.length, maxLength: calls.length },
      })
      .map((factors) =>
        calls.map((call, i): Call => {
          const { factor = 1, dearer = false } = factors[i] ?? {};
          const tokens = dearer ? 1 : factor;
          return {
            ...{ ...call, usd: call.usd * factor },
            ...{ prompt: Math.round(call.prompt * tokens), completion: Math.round(call.completion * tokens) },
          };
        }),
      ),
  }),
);

const at = (ran: Ran): number => firstTrip(ran, NOW)?.[0] ?? Number.POSITIVE_INFINITY;
const ceiling = (windowSeconds: number, limit: number): Ceiling => ({ unit: 'usd', windowSeconds, limit });
const ceilings = [ceiling(60, 2), ceiling(3_600, 6), ceiling(86_400, 20)];
/** So that rules which look at the shape of spend say nothing. */
const VOLUME: Profile = {
  ...tuning,
  margins: { ...tuning.margins, alike: 1e9, doubling: 1e9 },
  floors: { ...tuning.floors, alike: 1e9, doubling: 1e9 },
  cold: { ...tuning.cold, alike: 1e9, same: 1e9 },
};

/**
 * Monotone: from one and the same state, more money in any samples never trips later.
 *
 * It holds for ceilings, for shares of the budget and for a stranger's first hours, always: nothing is learnt for them.
 * It holds for what is measured of volume and of price as long as nothing is learnt in between: what is learnt is what
 * is usual, and whoever spends more from now on has spent more from now on. It can't hold for what looks at shape: one
 * call among equal ones that is dearer than the others is not like them, and a minute after a dearer one has doubled
 * less.
 */
describe('monotone', () => {
  const fewer = (state: SubjectState, watched: How): void =>
    fc.assert(
      fc.property(more, ({ calls, richer }) => {
        expect(at(run(state, richer, watched))).toBeLessThanOrEqual(at(run(state, calls, watched)));
      }),
      { numRuns: 150 },
    );

  it('ceilings, whatever is learnt meanwhile', () => fewer(learnt(), how({ ceilings, anomaly: false })));

  it('a ceiling in tokens, whatever they cost', () => {
    const tokens = [60, 3_600].map((windowSeconds) => ({ unit: 'tokens' as const, windowSeconds, limit: 400_000 }));
    fewer(freshState(), how({ ceilings: tokens, unit: 'tokens', anomaly: false }));
  });

  it('shares of the budget', () => fewer(learnt(), how({ dailyBudgetUsd: 5, anomaly: false })));

  it('a stranger’s first hours, but for what looks alike', () => fewer(freshState(), how({ tuning: VOLUME })));

  it('volume and price, while nothing is learnt', () => {
    const state = learnt();
    state.learnsFrom = Number.MAX_SAFE_INTEGER;
    fewer(state, how({ tuning: VOLUME }));
  });

  it('all of them together', () => {
    const state = learnt();
    state.learnsFrom = Number.MAX_SAFE_INTEGER;
    fewer(state, how({ tuning: VOLUME, ceilings, dailyBudgetUsd: 8 }));
  });

  it('and they do trip on this traffic, and don’t at once', () => {
    const state = learnt();
    state.learnsFrom = Number.MAX_SAFE_INTEGER;
    const times = fc
      .sample(traffic, { numRuns: 100, seed: 1 })
      .map((calls) => [at(run(state, calls, how({ tuning: VOLUME }))), (calls[0] as Call).at - NOW]);
    expect(times.filter(([trip]) => trip !== Number.POSITIVE_INFINITY).length).toBeGreaterThan(20);
    expect(times.filter(([trip]) => trip === Number.POSITIVE_INFINITY).length).toBeGreaterThan(5);
    expect(times.filter(([trip, first]) => trip !== first).length).toBeGreaterThan(50);
  });

  it('nor may an hour teach more than a little beyond what was allowed', () => {
    fc.assert(
      fc.property(traffic, (calls) => {
        const state = learnt();
        const most = Float64Array.from(state.limits);
        for (const one of calls) {
          observeInPlace(state, spentOf(one), how());
          state.limits.forEach((limit, i) => {
            most[i] = Math.max(most[i] as number, limit);
          });
        }
        state.peaks.forEach((peak, i) =>
          expect(peak).toBeLessThanOrEqual((most[i] as number) * tuning.teaches * 1.000_01),
        );
      }),
      { numRuns: 50 },
    );
  });
});

/** Prices times ten, floors and budgets times ten: the same trips at the same times. */
describe('scale-free', () => {
  const dearer = (calls: readonly Call[]): Call[] => calls.map((one) => ({ ...one, usd: one.usd * 10 }));
  const tenfold: Profile = {
    ...tuning,
    floors: Object.fromEntries(
      Object.entries(tuning.floors).map(([k, v]) => [k, v * 10]),
    ) as unknown as Profile['floors'],
    leastActiveMinute: tuning.leastActiveMinute * 10,
    cold: {
      ...tuning.cold,
      ...{ all: tuning.cold.all * 10, alike: tuning.cold.alike * 10, same: tuning.cold.same * 10 },
    },
  };
  const limits = (by: number): Partial<How> => ({
    dailyBudgetUsd: 40 * by,
    ceilings: [ceiling(60, 4 * by), ceiling(3_600, 12 * by)],
  });
  const said = ({ signals }: Ran) =>
    signals.map(({ at, level, rule, windowSeconds, since }) => [at, level, rule, windowSeconds, since]);
  const history = [...helper(14)];
  const dearHistory = run(freshState(), dearer(history), how({ tuning: tenfold })).state;

  it.each([
    ['with ceilings and a budget', limits(1), limits(10)],
    ['without', {}, {}],
  ])('%s', (_what, one, ten) => {
    fc.assert(
      fc.property(traffic, (calls) => {
        const cheap = run(learnt(), calls, how(one));
        const dear = run(dearHistory, dearer(calls), how({ ...ten, tuning: tenfold }));
        expect(said(dear)).toEqual(said(cheap));
        dear.signals.forEach(({ observed, limit, usual, beyondUsual }, i) => {
          const other = cheap.signals[i];
          expect(observed).toBeCloseTo((other?.observed ?? 0) * 10, 3);
          expect(limit).toBeCloseTo((other?.limit ?? 0) * 10, 3);
          expect(usual).toBeCloseTo((other?.usual ?? 0) * 10, 3);
          expect(beyondUsual).toBeCloseTo((other?.beyondUsual ?? 0) * 10, 2);
        });
      }),
      { numRuns: 100 },
    );
  });

  it('from the very first sample on', () => {
    fc.assert(
      fc.property(traffic, (calls) => {
        expect(said(run(freshState(), dearer(calls), how({ tuning: tenfold })))).toEqual(
          said(run(freshState(), calls)),
        );
      }),
      { numRuns: 60 },
    );
  });
});

describe('pure', () => {
  it('leaves the state handed in as it was, says the same again, and the same as the one that changes it', () => {
    const print = (state: SubjectState): string => JSON.stringify([saveState(state), [...state.calls]]);
    fc.assert(
      fc.property(traffic, (calls) => {
        let state = learnt();
        const own = copyOf(state);
        for (const one of calls) {
          const before = print(state);
          const first = observe(state, spentOf(one), how({ ceilings }));
          expect(print(state)).toBe(before);
          const again = observe(state, spentOf(one), how({ ceilings }));
          const inPlace = observeInPlace(own, spentOf(one), how({ ceilings }));
          expect([again.signals, inPlace.signals]).toEqual([first.signals, first.signals]);
          expect([print(again.state), print(inPlace.state)]).toEqual([print(first.state), print(first.state)]);
          expect(inPlace.state).toBe(own);
          state = first.state;
        }
      }),
      { numRuns: 8 },
    );
  });

  it('one subject’s samples change nothing for another’s, however they are mixed', () => {
    fc.assert(
      fc.property(traffic, traffic, (one, other) => {
        const alone = run(learnt(), one);
        const [a, b] = [learnt(), freshState()];
        const mixed = [...one.map((call) => ({ call, state: a })), ...other.map((call) => ({ call, state: b }))].sort(
          (x, y) => x.call.at - y.call.at,
        );
        const signals = mixed.flatMap(({ call, state }) => {
          const said = observeInPlace(state, spentOf(call), how()).signals;
          return state === a ? said : [];
        });
        expect(signals).toEqual(alone.signals);
      }),
      { numRuns: 50 },
    );
  });
});

describe('constant memory', () => {
  const bytes = (state: SubjectState): number => JSON.stringify(saveState(state)).length;

  it('a key that is busy in every hour of 30 days has no more to keep than after 14, whatever its models', () => {
    const state = freshState();
    const sizes: number[] = [];
    for (let day = 0; day < 30; day++) {
      for (let second = 0; second < DAY; second += 600) {
        const n = day * 144 + second / 600;
        const one = { at: START + day * DAY + second, usd: 0.1 + (n % 7) / 100, prompt: 5_000 + n, completion: 300 };
        observeInPlace(state, spentOf({ ...one, model: `model-${n}` }), how({ ceilings }));
      }
      sizes.push(bytes(state));
      expect(state.calls.size).toBeLessThanOrEqual(64);
    }
    const after14 = Math.max(...sizes.slice(0, 15));
    for (const size of sizes.slice(15)) expect(size).toBeLessThan(after14 * 1.01);
    expect(after14).toBeLessThan(100_000);
    expect(trips(run(state, []))).toEqual([]);
  });
});
