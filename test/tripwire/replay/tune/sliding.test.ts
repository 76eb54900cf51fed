import fc from 'fast-check';
import { Sliding } from '../../../../src/tripwire/replay/tune/sliding';

const SECOND = 1_000;
/** A window of a minute, in slots of ten seconds. */
const minute = () => new Sliding(60 * SECOND, 6);

it('holds what came in the window, and forgets what came before', () => {
  const window = minute();
  expect(window.add(0, 1_000, 5)).toBe(5);
  expect(window.add(50_000, 51_000, 2)).toBe(7);
  expect(window.add(60_000, 61_000, 1)).toBe(3);
  expect(window.add(600_000, 601_000, 4)).toBe(4);
});

it('spreads what came over a gap: no window holds more than its share', () => {
  expect(minute().add(0, 600 * SECOND, 100)).toBeCloseTo(10, 9);
  expect(minute().add(600 * SECOND, 600 * SECOND, 100)).toBe(100);
});

it('adds what comes late, and leaves out what comes too late', () => {
  const window = minute();
  window.add(100_000, 101_000, 1);
  expect(window.add(60_000, 61_000, 2)).toBe(3);
  expect(window.add(10_000, 11_000, 50)).toBe(3);
});

it('its fullest is what a look at all amounts finds', () => {
  const amounts = fc.array(fc.record({ step: fc.nat(90), usd: fc.nat(100) }), { minLength: 1, maxLength: 80 });
  fc.assert(
    fc.property(amounts, (steps) => {
      const window = minute();
      let at = 0;
      const came = steps.map(({ step, usd }) => {
        at += step * SECOND;
        return { at, usd };
      });
      const found = Math.max(...came.map((one) => window.add(one.at, one.at, one.usd)));
      const slot = (time: number) => Math.floor(time / (10 * SECOND));
      const sums = came.map((last) =>
        came
          .filter((one) => one.at <= last.at && slot(one.at) > slot(last.at) - 6)
          .reduce((sum, { usd }) => sum + usd, 0),
      );
      expect(found).toBe(Math.max(...sums));
    }),
  );
});
