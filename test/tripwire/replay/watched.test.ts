import { tripwire } from '../../../src/config/tripwire';
import { watchedBy } from '../../../src/tripwire/replay/watched';
import type { Signal } from '../../../src/tripwire/signal';

const HASH = 'ab'.repeat(32);
const key = (id: string) => ({ kind: 'key', id }) as const;
const WHOLE = { kind: 'whole', id: '*' } as const;
const configured = (block: Record<string, unknown>) =>
  tripwire.parse({ litellm: [{ url: 'http://litellm' }], ...block });

const signal: Signal = {
  ...{ level: 'trip', subject: key('k'), at: 1_767_571_200_000, rule: 'ceiling', unit: 'usd', windowSeconds: 60 },
  ...{ observed: 9, usual: 1, limit: 5, since: 1_767_571_150_000, beyondUsual: 8 },
};

describe('without a configuration', () => {
  const keys = new Map([
    ['a', { profile: 'service', daily_budget_usd: 12.5 }],
    ['b', {}],
  ] as const);
  const watched = watchedBy(undefined, keys);
  const plain = { ceilings: [], anomaly: true };

  it('the file of keys is all that is known', () => {
    expect(watched.settingsOf(key('a'))).toEqual({ ...plain, profile: 'service', dailyBudgetUsd: 12.5 });
    expect(watched.settingsOf(key('b'))).toEqual({ ...plain, profile: 'agent' });
    expect(watched.settingsOf(key('nobody'))).toEqual({ ...plain, profile: 'agent' });
  });

  it('a sum is watched with wide margins when one of its keys may be a service', () => {
    // A team may bear the name of a key.
    expect(watched.settingsOf({ kind: 'team', id: 'a' })).toEqual({ ...plain, profile: 'service' });
    expect(watched.settingsOf(WHOLE)).toEqual({ ...plain, profile: 'service' });
    expect(watchedBy(undefined, new Map()).settingsOf(WHOLE)).toEqual({ ...plain, profile: 'agent' });
  });

  it('all keys and all teams are watched, and all of them would cut', () => {
    watched.learn({ key: 'nobody', team: 'red' });
    expect([watched.isWatched('nobody'), watched.teamOf('nobody'), watched.teamOf('a')]).toEqual([
      true,
      'red',
      undefined,
    ]);
    expect([watched.severs(key('nobody')), watched.severs(WHOLE)]).toEqual([true, true]);
  });

  it('names of the recording are told whole, hashes by their beginning', () => {
    expect(watched.explain({ ...signal, subject: key('sg-m-large-155') })).toMatch(
      /^key sg-m-large-155: \$9\.00 in the last minute/,
    );
    expect(watched.explain({ ...signal, subject: key(HASH) })).toMatch(/^key abababab: .*UTC/);
    expect(watched.explain({ ...signal, subject: WHOLE })).toMatch(/^all keys: /);
  });
});

describe('with a configuration', () => {
  const keys = { 'agent-1': { key: HASH, profile: 'service', ceilings: { usd: { perMinute: 2 } } } };

  it('it says how each is watched, and what the file of keys says goes before it', () => {
    const watched = watchedBy(
      configured({ keys }),
      new Map([
        [HASH, { daily_budget_usd: 7 }],
        ['b', { profile: 'service' }],
      ]),
    );
    expect(watched.settingsOf(key(HASH))).toMatchObject({
      ...{ profile: 'service', dailyBudgetUsd: 7 },
      ceilings: expect.arrayContaining([{ unit: 'usd', windowSeconds: 60, limit: 2 }]),
    });
    expect(watched.settingsOf(key('b'))).toMatchObject({ profile: 'service' });
    expect(watched.settingsOf(key('c')).ceilings).toContainEqual({ unit: 'usd', windowSeconds: 60, limit: 5 });
    expect(watched.explain({ ...signal, subject: key(HASH) })).toMatch(/^key agent-1: /);
  });

  it('keys that are ignored are not watched, and those that are only told do not cut', () => {
    const ignoring = watchedBy(configured({ keys, others: 'ignore', teams: { red: {} } }), new Map());
    expect([ignoring.isWatched(HASH), ignoring.isWatched('other')]).toEqual([true, false]);
    ignoring.learn({ key: 'other', team: 'red' });
    ignoring.learn({ key: 'third', team: 'blue' });
    expect([ignoring.isWatched('other'), ignoring.teamOf('other')]).toEqual([true, 'red']);
    expect([ignoring.isWatched('third'), ignoring.teamOf('third')]).toEqual([false, undefined]);
    const warning = watchedBy(configured({ keys, others: 'warn' }), new Map());
    expect([warning.severs(key(HASH)), warning.severs(key('other')), warning.severs(WHOLE)]).toEqual([
      true,
      false,
      true,
    ]);
  });

  it('times are told in its zone', () => {
    expect(watchedBy(configured({ timeZone: 'Asia/Tokyo' }), new Map()).explain(signal)).toContain(
      'since 08:59:10 GMT+9',
    );
  });
});
