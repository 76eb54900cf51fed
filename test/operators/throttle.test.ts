import fc from 'fast-check';
import { throttle } from '../../src/operators/throttle';

const config = { restoreFailures: 5, stopFailures: 20, overallFailures: 30, windowSeconds: 21_600 };
const WINDOW = config.windowSeconds * 1000;
const NOW = 1_700_000_000_000;
const MINUTE = 60_000;
/** So many wrong codes, the newest so many milliseconds ago, a second apart. */
const failures = (count: number, ago = 0): number[] => Array.from({ length: count }, (_, i) => NOW - ago - i * 1000);
const alone = (own: readonly number[]) => throttle(config, { own, everyone: own }, NOW);

describe('wrong codes of one operator', () => {
  it.each([
    { count: 0, restoreLocked: false, stopLocked: false },
    { count: 4, restoreLocked: false, stopLocked: false },
    { count: 5, restoreLocked: true, stopLocked: false },
    { count: 19, restoreLocked: true, stopLocked: false },
    { count: 20, restoreLocked: true, stopLocked: true },
    { count: 50, restoreLocked: true, stopLocked: true },
  ])('$count', ({ count, ...locked }) => {
    expect(alone(failures(count))).toMatchObject(locked);
  });

  it('slide out of the window one by one', () => {
    expect(alone(failures(5, WINDOW - 5_000)).restoreLocked).toBe(true);
    expect(alone(failures(5, WINDOW - 4_000)).restoreLocked).toBe(false);
  });

  it('lock for as long as enough of them are in the window', () => {
    expect(alone([])).toMatchObject({ minutes: 0 });
    expect(alone(failures(4))).toMatchObject({ minutes: 0 });
    expect(alone(failures(5, 10 * MINUTE - 4_000))).toMatchObject({ minutes: 350 });
    expect(alone(failures(5, WINDOW - 5_000))).toMatchObject({ minutes: 1 });
    // The newest five are what counts: older ones leave first.
    expect(alone([...failures(5, 10 * MINUTE - 4_000), ...failures(5, 100 * MINUTE)])).toMatchObject({ minutes: 350 });
  });
});

describe('wrong codes of everyone', () => {
  it('lock restore for all, and stop for nobody', () => {
    expect(throttle(config, { own: [], everyone: failures(29) }, NOW)).toMatchObject({ restoreLocked: false });
    expect(throttle(config, { own: [], everyone: failures(30) }, NOW)).toEqual({
      restoreLocked: true,
      stopLocked: false,
      minutes: 360,
    });
    expect(throttle(config, { own: [], everyone: failures(1000) }, NOW).stopLocked).toBe(false);
  });
});

describe('wrong codes dated in the future: the clock went back', () => {
  it('lock restore and never stop', () => {
    expect(alone(failures(50, -WINDOW))).toMatchObject({ restoreLocked: true, stopLocked: false });
  });
});

describe('whatever the configuration and the failures', () => {
  const times = fc.array(fc.integer({ min: NOW - 2 * WINDOW, max: NOW + WINDOW }), { maxLength: 60 });
  const past = fc.array(fc.integer({ min: NOW - 2 * WINDOW, max: NOW }), { maxLength: 60 });
  const limits = fc.record({
    restoreFailures: fc.integer({ min: 1, max: 50 }),
    stopFailures: fc.integer({ min: 1, max: 50 }),
    overallFailures: fc.integer({ min: 1, max: 100 }),
    windowSeconds: fc.integer({ min: 60, max: 2 * config.windowSeconds }),
  });

  it('stop is locked by nothing but enough wrong codes of the operator within the window', () => {
    fc.assert(
      fc.property(limits, times, times, (any, own, others) => {
        const inWindow = own.filter((at) => at <= NOW && at > NOW - any.windowSeconds * 1000).length;
        const { stopLocked } = throttle(any, { own, everyone: [...own, ...others] }, NOW);
        expect(stopLocked).toBe(inWindow >= any.stopFailures);
      }),
    );
  });

  it('restore is locked whenever stop is', () => {
    fc.assert(
      fc.property(limits, times, times, (any, own, others) => {
        const lock = throttle(any, { own, everyone: [...own, ...others] }, NOW);
        expect(lock.restoreLocked || !lock.stopLocked).toBe(true);
      }),
    );
  });

  it('one more wrong code never unlocks, and their order never matters', () => {
    fc.assert(
      fc.property(limits, times, fc.integer({ min: NOW - 2 * WINDOW, max: NOW }), (any, own, more) => {
        const before = throttle(any, { own, everyone: own }, NOW);
        const after = throttle(any, { own: [more, ...own], everyone: [more, ...own] }, NOW);
        expect(Number(after.restoreLocked)).toBeGreaterThanOrEqual(Number(before.restoreLocked));
        expect(Number(after.stopLocked)).toBeGreaterThanOrEqual(Number(before.stopLocked));
        const backwards = own.toReversed();
        expect(throttle(any, { own: backwards, everyone: backwards }, NOW)).toEqual(before);
      }),
    );
  });

  it('everything is open after the minutes that were told, and something is locked the minute before', () => {
    fc.assert(
      fc.property(limits, past, (any, own) => {
        const { minutes, restoreLocked } = throttle(any, { own, everyone: own }, NOW);
        const at = (later: number) => throttle(any, { own, everyone: own }, NOW + later * MINUTE);
        expect(minutes > 0).toBe(restoreLocked);
        expect(at(minutes)).toEqual({ restoreLocked: false, stopLocked: false, minutes: 0 });
        if (minutes > 1) expect(at(minutes - 1).restoreLocked).toBe(true);
      }),
    );
  });
});
