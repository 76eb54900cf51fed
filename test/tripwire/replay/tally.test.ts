import type { Replayed } from '../../../src/tripwire/replay/replay';
import { Tally } from '../../../src/tripwire/replay/tally';
import type { Signal } from '../../../src/tripwire/signal';

const DAY = 86_400_000;
const replayed: Replayed = {
  rows: 12_345,
  late: 0,
  unwatched: 0,
  keys: 2,
  span: { from: DAY, to: 3.5 * DAY },
  spentUsd: 1234.5,
  tokens: 9e6,
};
const signal = (differs: Partial<Signal> = {}): Signal => ({
  ...{ level: 'trip', subject: { kind: 'key', id: 'k' }, at: 100, rule: 'level', unit: 'usd', windowSeconds: 60 },
  ...{ observed: 9, usual: 1, limit: 5, since: 50, beyondUsual: 8 },
  ...differs,
});

function summed(...signals: readonly Signal[]): readonly string[] {
  const tally = new Tally();
  for (const one of signals) tally.signal(one);
  return tally.summary(replayed);
}

it('says what was seen, and that nothing tripped', () => {
  expect(summed()).toEqual([
    '12,345 rows of 2 keys over 2.5 days; $1,234.50 and 9,000,000 tokens seen.',
    'No trips, no warnings.',
  ]);
});

it('tells trips by whose they are; warnings burn nothing', () => {
  const whole = signal({ subject: { kind: 'whole', id: '*' }, beyondUsual: 100 });
  const team = signal({ subject: { kind: 'team', id: 'red' }, beyondUsual: 50 });
  expect(summed(signal(), whole, team, signal({ level: 'warn', beyondUsual: 7 })).slice(1)).toEqual([
    '3 trips (1 of keys, 1 of teams, 1 of all keys together), 1 warning.',
    'About $8.00 would have been burnt beyond usual before the trips.',
  ]);
  expect(summed(whole).at(-1)).toContain('$100.00');
});

it('what one excess has burnt is counted once, however often it is told', () => {
  const told = [8, 20, 15].map((beyondUsual) => signal({ beyondUsual }));
  expect(summed(...told).at(-1)).toContain('$20.00');
  expect(summed(...told, signal({ since: 101, at: 120, beyondUsual: 1 })).at(-1)).toContain('$21.00');
  expect(summed(...told, signal({ subject: { kind: 'key', id: 'l' }, beyondUsual: 1 })).at(-1)).toContain('$21.00');
  // Another rule, which says that it began later, within the same excess.
  expect(summed(...told, signal({ since: 90, at: 110, beyondUsual: 22 })).at(-1)).toContain('$22.00');
  expect(summed(signal({ unit: 'tokens', beyondUsual: 1e6 }))).toHaveLength(2);
});

it('what would not have cut is a warning', () => {
  const tally = new Tally();
  tally.signal(signal(), false);
  expect(tally.summary(replayed).slice(1)).toEqual(['No trips, 1 warning.']);
});

it('names the first lines of what was left out, by its fault', () => {
  const tally = new Tally();
  for (let line = 1; line <= 1_000; line += 1) tally.fault('number', line);
  tally.fault('key', 7);
  expect(tally.leftOut()).toEqual([
    '1,000 rows left out: a total that is no number of at least 0 (lines 1, 2, 3, 4, 5, …)',
    '1 row left out: no key, or one of more than 256 characters (line 7)',
  ]);
  expect(tally.summary({ ...replayed, late: 3, unwatched: 4 }).slice(2)).toEqual([
    '3 rows left out: late, or there twice',
    '4 rows left out: of keys that the configuration ignores',
    ...tally.leftOut(),
  ]);
});
