import fc from 'fast-check';
import { costOf } from '../../../src/ledger/story/cost';
import { figures, linesOf, OPENED, paperOf } from './on-paper';

/** Cut seen a second after the sever, restored after half an hour. */
const NOW = OPENED + 3_600_000;
const at = (seconds: number): string => new Date(OPENED + seconds * 1000).toISOString();
const { incident } = paperOf([]);
const cost = (...signals: readonly object[]) =>
  costOf(incident, linesOf(...signals.map((more) => [0, 'tripped', figures(more)] as const)), NOW);

it('goes on from the signal to the cut, at its rate, and says what was usual in it', () => {
  // $12 beyond usual at -1 s, $3 a minute beyond, $0.1 a minute usual, since -5 min; cut seen at +1 s.
  expect(cost({})).toEqual({
    from: OPENED - 300_000,
    beyondUsual: { usd: 12.1 },
    spent: { usd: 12.6017 },
    perMinute: { usd: 3.1 },
    savedMinutes: 29.9,
    saved: { usd: 89.7 },
    estimate: expect.stringContaining('for 29.9 minutes: as long as the cut lasted, but an hour at most.'),
  });
});

it.each<[string, object, number, number]>([
  ['as long as the cut lasted', { closedAt: OPENED + 601_000 }, 10, 30],
  ['an hour at most', { closedAt: OPENED + 72_000_000 }, 60, 180],
  ['until now, while it lasts', { closedAt: undefined }, 59.9, 179.7],
  ['nothing before it is seen', { severedAt: undefined, closedAt: undefined }, 0, 0],
])('claims what was saved for %s', (_, more, minutes, usd) => {
  const told = costOf({ ...incident, ...more } as typeof incident, linesOf([0, 'tripped', figures()]), NOW);
  expect([told?.savedMinutes, told?.saved.usd]).toEqual([minutes, usd]);
});

it('claims no more than the budget would have allowed', () => {
  expect(cost({ usedUpAt: at(301) })).toMatchObject({
    ...{ savedMinutes: 5, saved: { usd: 15 } },
    estimate: expect.stringContaining('only until the budget would have been used up'),
  });
  expect(cost({ usedUpAt: at(-5) })).toMatchObject({ savedMinutes: 0, saved: { usd: 0 } });
  expect(cost({ usedUpAt: at(90_000) })?.savedMinutes).toBe(29.9);
});

it('lets one speak for each unit, for keys, teams and all together overlap', () => {
  const told = cost(
    { subject: { kind: 'key', id: 'a' }, beyondUsual: 12 },
    { subject: { kind: 'whole', id: '*' }, beyondUsual: 15, since: at(-200) },
    { unit: 'tokens', beyondUsual: 9_000, beyondUsualPerMinute: 600, usual: 60, since: at(-400) },
  );
  expect(told).toMatchObject({
    from: OPENED - 400_000,
    beyondUsual: { usd: 15.1, tokens: 9_020 },
    perMinute: { usd: 3.1, tokens: 660 },
  });
});

it('of a warning that was long ago it tells what was burnt then, and claims nothing', () => {
  expect(cost({ at: at(-900), since: at(-1200) })).toMatchObject({
    ...{ beyondUsual: { usd: 12 }, perMinute: {}, savedMinutes: 0, saved: {} },
    estimate: 'Nothing is claimed: nobody saw the rate in the last ten minutes before the cut.',
  });
  expect(cost({ at: at(-900), since: at(-1200), beyondUsual: 99 }, {})?.beyondUsual.usd).toBe(12.1);
});

it.each<[string, object]>([
  ['blindness', { rule: 'blind' }],
  ['what came after the cut', { at: at(2) }],
  ['an amount that is none', { beyondUsual: 'much' }],
  ['a time that is none', { since: 'yesterday' }],
  ['a unit that is none', { unit: 'eur' }],
])('nobody saw anything in %s', (_, more) => {
  expect(cost(more)).toBeUndefined();
});

it('is never negative, never endless, and saves no more than an hour at the rate', () => {
  const number = fc.oneof(fc.double({ min: -1e6, max: 1e6, noNaN: true }), fc.constant(Number.MAX_VALUE));
  const signal = fc.record({
    ...{ unit: fc.constantFrom('usd', 'tokens'), windowSeconds: number, usual: number },
    ...{ beyondUsual: number, beyondUsualPerMinute: fc.double({ min: 0, max: 1e6, noNaN: true }) },
    ...{ since: fc.integer({ min: -9e6, max: 9e3 }).map(at), at: fc.integer({ min: -9e3, max: 9e3 }).map(at) },
  });
  fc.assert(
    fc.property(fc.array(signal, { maxLength: 6 }), (signals) => {
      const told = cost(...signals);
      if (!told) return;
      const { spent, beyondUsual, perMinute, saved } = told;
      for (const unit of ['usd', 'tokens'] as const) {
        for (const one of [spent, beyondUsual, perMinute, saved]) expect(one[unit] ?? 0).toBeGreaterThanOrEqual(0);
        expect(spent[unit] ?? 0).toBeGreaterThanOrEqual(beyondUsual[unit] ?? 0);
        expect(saved[unit] ?? 0).toBeLessThanOrEqual(60 * (perMinute[unit] ?? 0) + 1);
      }
      expect(told.from).toBeLessThanOrEqual(OPENED + 1_000);
    }),
  );
});
