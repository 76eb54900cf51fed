import fc from 'fast-check';
import { parse } from 'yaml';
import { tripwire } from '../../../../src/config/tripwire';
import { History } from '../../../../src/tripwire/replay/tune/history';
import { propose, roundUp } from '../../../../src/tripwire/replay/tune/propose';
import { caveat, limitOf, profileReason, reasonOf } from '../../../../src/tripwire/replay/tune/reasons';
import type { Tuned } from '../../../../src/tripwire/replay/tune/tune';
import { yamlOf } from '../../../../src/tripwire/replay/tune/yaml';

const T = Date.UTC(2026, 0, 5, 9);
const DAY = 86_400_000;

/** Each day one call of these dollars, at nine. */
function historyOf(...days: readonly number[]): History {
  const history = new History();
  for (const [day, usd] of days.entries())
    history.add({
      ...{ key: 'k', model: 'm', from: T + day * DAY - 10_000, to: T + day * DAY },
      ...{ spendUsd: usd, promptTokens: usd * 100_000, completionTokens: 0 },
    });
  return history;
}
const minuteOf = (days: readonly number[], length = 14) =>
  propose(historyOf(...days), length).ceilings.find(({ unit, window }) => unit === 'usd' && window === 'perMinute');

describe('a ceiling', () => {
  it.each([
    ['two weeks', 14, 2, 12],
    ['two weeks that began a little late', 13.1, 2, 12],
    ['a week', 7, 3, 18],
    ['a day', 1, 4, 25],
  ])('lies the higher the less is known: %s', (_, length, times, limit) => {
    expect(minuteOf([5, 6, 4], length)).toMatchObject({ times, limit, highest: { amount: 6, at: T + DAY } });
  });

  it('leaves out days that are like no other, and says so', () => {
    const one = minuteOf([5, 6, 4, 5, 5, 100, 7]);
    expect(one).toMatchObject({ limit: 14, highest: { amount: 7 }, outliers: [{ amount: 100, at: T + 5 * DAY }] });
    expect(one && reasonOf(one)).toBe(
      'twice the fullest minute, $7.00, 11 Jan 09:00; left out as like no other day: $100 10 Jan 09:00',
    );
  });

  it('leaves out none where there are too few days to tell', () => {
    expect(minuteOf([1, 1, 100])).toMatchObject({ limit: 200, outliers: [] });
  });

  it('is not lower than makes sense', () => {
    const one = minuteOf([0.01, 0.02]);
    expect(one).toMatchObject({ limit: 1, isFloor: true });
    expect(one && [limitOf(one), reasonOf(one)]).toEqual([
      '$1 a minute',
      'lower makes no sense; the fullest minute was $0.02, 6 Jan 09:00',
    ]);
  });

  it('is proposed for each window, in dollars and in tokens, and for nothing that was not spent', () => {
    const { ceilings } = propose(historyOf(3), 14);
    expect(ceilings.map((one) => limitOf(one))).toEqual([
      ...['$6 a minute', '$6 an hour', '$10 in 24 hours'],
      ...['600k tokens a minute', '5M tokens an hour', '20M tokens in 24 hours'],
    ]);
    const free = new History();
    free.add({ key: 'k', model: 'm', from: T, to: T, spendUsd: 0, promptTokens: 5, completionTokens: 5 });
    expect(new Set(propose(free, 14).ceilings.map(({ unit }) => unit))).toEqual(new Set(['tokens']));
    expect(propose(new History(), 14).ceilings).toEqual([]);
  });

  it('would not have tripped on any day but those that it names', () => {
    const days = fc.array(fc.double({ min: 0.01, max: 1e4, noNaN: true }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(days, fc.double({ min: 0.1, max: 30, noNaN: true }), (spent, length) => {
        const one = minuteOf(spent, length);
        const over = spent.flatMap((usd, day) => (one && usd > one.limit ? [T + day * DAY] : []));
        expect(one?.outliers.map(({ at }) => at)).toEqual(over);
      }),
    );
  });

  it.each([
    [0.0123, 0.013],
    [1.01, 1.1],
    [7, 7],
    [19.2, 20],
    [23, 25],
    [99, 100],
    [1234, 1300],
    [8.1e6, 8.5e6],
  ])('is a round number: %d becomes %d', (amount, rounded) => {
    expect(roundUp(amount)).toBe(rounded);
  });
});

describe('a profile', () => {
  const busy = (minutes: readonly number[]): History => {
    const history = new History();
    for (let hour = 0; hour < 48; hour += 1)
      for (const minute of minutes) {
        const to = T + hour * 3_600_000 + minute * 60_000;
        history.add({ key: 'k', model: 'm', from: to, to, spendUsd: 1, promptTokens: 1, completionTokens: 1 });
      }
    return history;
  };
  it.each([
    ['agent', [0, 1, 2, 3, 4, 20, 21], 2 / 12],
    ['service', [0, 5, 10, 15, 20, 25, 30, 35, 40, 45], 10 / 12],
  ])('%s', (profile, minutes, fullness) => {
    const proposals = propose(busy(minutes), 14);
    expect(proposals).toMatchObject({ profile, fullness: expect.closeTo(fullness, 9) });
    expect(profileReason(proposals)).toContain(`${Math.round(fullness * 100)} %`);
  });
});

it('says how far it is to be believed', () => {
  expect(caveat(14)).toBeUndefined();
  expect(caveat(7)).toContain('Only 7.0 days: a busy week may be missing');
  expect(caveat(0.5)).toContain('take these for guesses');
});

describe('the lines for pullcord.yaml', () => {
  const HASH = 'ab'.repeat(32);
  const proposals = propose(historyOf(5, 6, 4, 5, 5, 100), 14);
  const tuned = (...keys: readonly string[]): Tuned => ({
    ...{ days: 14, whole: proposals, rest: proposals.ceilings, replayed: {} as Tuned['replayed'] },
    keys: keys.map((key) => ({ key, totalUsd: 1, proposals })),
  });
  const read = (lines: readonly string[]) => parse(lines.join('\n')) as { tripwire: Record<string, unknown> };

  it('are taken by pullcord.yaml as they are', () => {
    const other = 'cd'.repeat(32);
    const { tripwire: block } = read(
      yamlOf(tuned(HASH, other), (key) => (key === other ? 'Nightly "Batch" #1' : undefined)),
    );
    const parsed = tripwire.parse({ litellm: [{ url: 'http://litellm' }], ...block });
    const usd = { perMinute: 12, perHour: 12, perDay: 12 };
    expect(parsed.keys).toMatchObject({
      'key-abababab': { key: HASH, profile: 'agent', ceilings: { usd } },
      'nightly-batch-1': { key: other },
    });
    expect(parsed.whole.ceilings).toMatchObject({ usd });
    expect(parsed.defaults.ceilings).toMatchObject({ usd, tokens: { perMinute: 1.2e6 } });
  });

  it('never hold two keys of one name, nor a key that can be none, nor a line of somebody else', () => {
    const lines = yamlOf(
      tuned('My Bot', 'my-bot', 'x\n  others: ignore', '漢字', `sk-${'1'.repeat(20)}`),
      () => undefined,
    );
    const { tripwire: block } = read(lines);
    const names = Object.keys(block.keys as object);
    expect(new Set(names).size).toBe(5);
    for (const name of names) expect(name).toMatch(/^[a-z][a-z0-9-]{0,31}$/);
    expect(block).not.toHaveProperty('others');
    expect(lines).toContain("      key: '' # write the hash of the key that the recording calls My Bot");
  });
});
