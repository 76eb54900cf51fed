import { observe } from '../../../src/tripwire/detect/observe';
import { copyOf, freshState, rearm, type SubjectState } from '../../../src/tripwire/detect/state';
import type { Ceiling } from '../../../src/tripwire/settings';
import { busy, call, firstTrip, HOUR, how, learnt, loop, MINUTE, NOW, run, spentOf, trips } from './traffic';

const ceiling = (windowSeconds: number, limit: number): Ceiling => ({ unit: 'usd', windowSeconds, limit });
const ceilingsOnly = (...ceilings: Ceiling[]) => how({ ceilings, anomaly: false });

describe('after a restore', () => {
  const runaway = loop(NOW, 5 * MINUTE, 20);
  const tripped = run(learnt(), runaway);
  const RESTORED = NOW + 2 * HOUR;
  const restored = () => {
    const state = copyOf(tripped.state);
    rearm(state, RESTORED);
    return state;
  };

  it('is armed at once: the same loop trips again, as fast', () => {
    const first = firstTrip(tripped, NOW)?.[0];
    expect(first).toBeLessThanOrEqual(60);
    expect(firstTrip(run(restored(), loop(RESTORED, 5 * MINUTE, 20)), RESTORED)?.[0]).toBe(first);
  });

  it('says nothing of what was spent before', () => {
    const ordinary = busy(RESTORED, 10 * MINUTE, 1);
    expect(trips(run(restored(), ordinary))).toEqual([]);
    expect(trips(run(restored(), ordinary, ceilingsOnly(ceiling(86_400, 20))))).toEqual([]);
  });

  it('counts for each ceiling from the restore on', () => {
    const watched = ceilingsOnly(ceiling(86_400, 5));
    const state = run(learnt(), [call(NOW, 1_000_000, 100)], watched).state;
    rearm(state, NOW + 30);
    const more = [40, 50, 60].map((seconds) => call(NOW + seconds, 600_000, 100));
    expect(firstTrip(run(state, more, watched), NOW)).toEqual([60, 'ceiling']);
  });

  it('has not learnt the incident, nor what led to it in that hour, and learns again at once', () => {
    const state = restored();
    expect([...state.peaks].every((peak) => peak === 0)).toBe(true);
    const levels = (from: SubjectState) => {
      const next = run(from, busy(RESTORED, 10 * MINUTE, 1)).state;
      expect([...next.peaks].some((peak) => peak > 0)).toBe(true);
      return run(next, [call(NOW + 26 * HOUR, 5_000, 300)]).state.levels;
    };
    expect(levels(state)).toEqual(levels(learnt()));
  });
});

describe('a clock that was set', () => {
  it('back by an hour: what is spent then is not taken for one moment’s', () => {
    const ahead = run(learnt(), busy(NOW + HOUR, 10 * MINUTE, 1)).state;
    const ordinary = busy(NOW, 50 * MINUTE, 1);
    expect(trips(run(ahead, ordinary, how({ ceilings: [ceiling(60, 2)] })))).toEqual([]);
    expect(
      firstTrip(run(ahead, [...ordinary, ...loop(NOW + 50 * MINUTE, 600, 20)]), NOW + 50 * MINUTE)?.[0],
    ).toBeLessThan(120);
  });

  it('far ahead and back again: goes on with what was learnt before', () => {
    const gone = run(learnt(), [call(NOW + 1000 * HOUR, 5_000, 300)]).state;
    const back = run(gone, [call(NOW, 5_000, 300)]).state;
    expect(back.at).toBe(NOW);
    expect(back.hour).toBe(Math.floor(NOW / HOUR));
    expect(back.hours.every(({ hour }) => hour < NOW / HOUR)).toBe(true);
    expect(trips(run(back, busy(NOW + 10, HOUR, 1)))).toEqual([]);
    expect(firstTrip(run(back, loop(NOW + 10, 600, 20)), NOW)?.[0]).toBeLessThan(120);
  });

  it('back while a trip goes on: it is told again', () => {
    const tripped = run(learnt(), loop(NOW + HOUR, 5 * MINUTE, 20)).state;
    expect(trips(run(tripped, loop(NOW, 5 * MINUTE, 20))).length).toBeGreaterThan(0);
  });

  it('back by less than late rows come: nothing begins anew', () => {
    const watched = ceilingsOnly(ceiling(60, 3));
    const { state } = run(learnt(), [call(NOW, 600_000, 100)], watched);
    expect(firstTrip(run(state, [call(NOW - 60, 600_000, 100)], watched), NOW)).toEqual([0, 'ceiling']);
  });
});

describe('ceilings of a configuration that changed', () => {
  const [minute, hour, day] = [ceiling(60, 1e6), ceiling(3_600, 10), ceiling(86_400, 1e6)];
  const dollar = (seconds: number) => call(NOW + seconds, 1_000_000 / 3, 0);

  it.each([
    ['one was taken away before it', [minute, hour], [hour]],
    ['one was put before it', [hour], [minute, hour]],
    ['they change places', [day, hour], [hour, day]],
  ])('%s: what was spent in the hour still counts', (_what, before, after) => {
    const eight = [1, 2, 3, 4, 5, 6, 7, 8].map((i) => dollar(60 * i));
    const { state, signals } = run(freshState(), eight, ceilingsOnly(...before));
    expect(signals).toEqual([]);
    const more = [dollar(600), dollar(660), dollar(720)];
    expect(firstTrip(run(state, more, ceilingsOnly(...after)), NOW)).toEqual([720, 'ceiling']);
  });
});

it('a copy shares nothing that changes', () => {
  const state = learnt();
  const before = JSON.stringify([...state.spending.minutes, ...state.usual.hours, ...state.limits]);
  observe(state, spentOf(call(NOW, 9_000_000, 100)), ceilingsOnly(ceiling(60, 1)));
  expect(JSON.stringify([...state.spending.minutes, ...state.usual.hours, ...state.limits])).toBe(before);
  expect(state.ceilings).toEqual([]);
});
