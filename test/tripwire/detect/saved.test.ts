import fc from 'fast-check';
import { observeInPlace } from '../../../src/tripwire/detect/observe';
import { loadState, saveState } from '../../../src/tripwire/detect/saved';
import { freshState, type SubjectState } from '../../../src/tripwire/detect/state';
import { busy, type Call, DAY, HOUR, helper, how, learnt, loop, MINUTE, NOW, run, START, spentOf } from './traffic';

const through = (state: SubjectState): SubjectState => loadState(JSON.parse(JSON.stringify(saveState(state))));
const watched = how({
  dailyBudgetUsd: 20,
  ceilings: [
    { unit: 'usd', windowSeconds: 60, limit: 4 },
    { unit: 'usd', windowSeconds: 86_400, limit: 50 },
  ],
});
/** What is not kept: the newest calls. */
const kept = (state: SubjectState) => ({ ...state, calls: new Map() });

it('gives back what it was given, from the first sample on', () => {
  const state = freshState();
  expect(kept(through(state))).toEqual(kept(state));
  for (const one of busy(START, HOUR, 1)) {
    observeInPlace(state, spentOf(one), watched);
    expect(kept(through(state))).toEqual(kept(state));
  }
});

describe('goes on as if nothing had been', () => {
  const day: Call[] = [
    ...[...helper(1, 50, START + 14 * DAY)].filter(({ at }) => at < NOW),
    ...busy(NOW, 10 * MINUTE, 3),
    ...busy(NOW + 20 * MINUTE, 20 * MINUTE, 30),
    ...loop(NOW + 3 * HOUR, 10 * MINUTE, 20),
    ...busy(NOW + 5 * HOUR, 2 * HOUR, 1),
  ];
  const whole = run(learnt(), day, watched);

  it('says the same of each sample, wherever it was broken off', () => {
    expect(whole.signals.length).toBeGreaterThan(2);
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat({ max: day.length - 1 }), { maxLength: 5 }), (breaks) => {
        let state = learnt();
        const calls = new Map();
        for (const [i, one] of day.entries()) {
          if (breaks.includes(i)) {
            // The newest calls are learnt again within minutes: here they are handed on.
            const before = new Map(state.calls);
            state = through(state);
            for (const [model, own] of before) state.calls.set(model, own);
          }
          const { signals } = observeInPlace(state, spentOf(one), watched);
          if (signals.length > 0) calls.set(i, signals);
        }
        expect([...calls.values()].flat()).toEqual(whole.signals);
        expect(state).toEqual(whole.state);
      }),
      { numRuns: 12 },
    );
  });

  it('a trip that goes on stands, and is told when it grows', () => {
    const state = through(run(learnt(), loop(NOW, 5 * MINUTE, 5)).state);
    expect(run(state, loop(NOW + 5 * MINUTE, MINUTE, 5)).signals).toEqual([]);
    expect(run(state, loop(NOW + 5 * MINUTE, 5 * MINUTE, 100)).signals.length).toBeGreaterThan(0);
  });
});

describe('what is damaged is refused', () => {
  const saved = saveState(run(learnt(), loop(NOW, 5 * MINUTE, 20), watched).state);
  const places = (value: unknown, path: readonly string[] = []): (readonly string[])[] =>
    typeof value === 'object' && value !== null
      ? [path, ...Object.entries(value).flatMap(([name, inner]) => places(inner, [...path, name]))]
      : [path];
  const replaced = (value: unknown, [name, ...path]: readonly string[], by: unknown): unknown => {
    if (name === undefined) return by;
    const copy = structuredClone(value) as Record<string, unknown>;
    copy[name] = replaced(copy[name], path, by);
    return copy;
  };
  const hours = saved.hours as readonly unknown[];
  const all = places({ ...saved, hours: hours.slice(0, 2) });

  it('wherever it is', () => {
    expect(all.length).toBeGreaterThan(30);
    for (const path of all)
      for (const by of [null, Number.NaN, 'AAAA', ['x']]) {
        const broken = replaced({ ...saved, hours: hours.slice(0, 2) }, path, by);
        expect(() => loadState(broken)).toThrow();
      }
  });

  it('and when something is missing, but for a trip or a warning that need not be', () => {
    for (const name of Object.keys(saved)) {
      const { [name]: _gone, ...rest } = saved;
      if (name === 'tripped' || name === 'warned') expect(() => loadState(rest)).not.toThrow();
      else expect(() => loadState(rest)).toThrow();
    }
  });

  it('also numbers that are none, and more hours than are kept', () => {
    const nan = Buffer.from(new Float64Array(48).fill(Number.NaN).buffer).toString('base64');
    expect(() => loadState({ ...saved, tripHours: nan })).toThrow('not a number');
    const many = Array.from({ length: 337 }, () => hours[0]);
    expect(() => loadState({ ...saved, hours: many })).toThrow('more hours than are kept');
  });

  it('what is not of it is left where it is', () => {
    expect(Object.keys(loadState({ ...saved, other: 1, __proto__: { polluted: true } }))).toEqual(
      Object.keys(freshState()),
    );
  });
});
