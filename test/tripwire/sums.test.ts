import fc from 'fast-check';
import { Sums } from '../../src/tripwire/sums';

const HOUR_MS = 3_600_000;
const AT = Date.UTC(2026, 0, 2, 12);
const spent = (to: number, model = 'm', spendUsd = 1) => ({
  ...{ key: 'k', model, from: to, to, spendUsd, promptTokens: 2, completionTokens: 3 },
});

it('sums up by model, the dearest first, and forgets after a day', () => {
  const sums = new Sums();
  for (const one of [spent(AT - 5 * HOUR_MS), spent(AT), spent(AT, 'dear', 9)]) sums.take(one);
  expect(sums.all(AT)).toEqual([
    { model: 'dear', hour: { usd: 9, tokens: 5 }, day: { usd: 9, tokens: 5 } },
    { model: 'm', hour: { usd: 1, tokens: 5 }, day: { usd: 2, tokens: 10 } },
  ]);
  expect(sums.all(AT + 20 * HOUR_MS).map(({ day }) => day.usd)).toEqual([9, 1]);
  expect(sums.all(AT + 24 * HOUR_MS)).toEqual([]);
});

it('is never off by more than its span, in whatever order it is told', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 72 * 60 }), { minLength: 1, maxLength: 200 }), (minutes) => {
      const sums = new Sums();
      for (const minute of minutes) sums.take(spent(AT + minute * 60_000));
      const now = AT + Math.max(...minutes) * 60_000;
      const within = (ms: number): number => minutes.filter((minute) => AT + minute * 60_000 > now - ms).length;
      const [{ hour, day }] = sums.all(now) as [ReturnType<Sums['all']>[number]];
      expect(hour.usd).toBe(within(HOUR_MS));
      expect(day.usd).toBeLessThanOrEqual(within(24 * HOUR_MS));
      expect(day.usd).toBeGreaterThanOrEqual(within(23 * HOUR_MS));
    }),
  );
});

it('does not grow with the names of models', () => {
  const sums = new Sums();
  for (let i = 0; i < 5_000; i += 1) sums.take(spent(AT, `model-${i}`));
  const all = sums.all(AT);
  expect(all.length).toBeLessThanOrEqual(201);
  expect(all.reduce((sum, { hour }) => sum + hour.usd, 0)).toBe(5_000);
});
