import { type Tripwire, tripwire } from '../../src/config/tripwire';
import { settingsOf } from '../../src/tripwire/settings-of';
import type { Subject } from '../../src/tripwire/signal';
import { Subjects } from '../../src/tripwire/subjects';

const AGENT = 'aa'.repeat(32);
const OTHER = 'bb'.repeat(32);
const configOf = (block: object): Tripwire =>
  tripwire.parse({ litellm: [{ url: 'http://litellm.example.org' }], ...block });
const key = (id: string): Subject => ({ kind: 'key', id });
const WHOLE: Subject = { kind: 'whole', id: '*' };

/** `usd/60<5`, for each ceiling. */
const ceilings = (block: object, subject: Subject): string[] =>
  settingsOf(configOf(block), subject).ceilings.map((c) => `${c.unit}/${c.windowSeconds}<${c.limit}`);

const TOKENS = ['tokens/60<5000000', 'tokens/3600<60000000', 'tokens/86400<300000000'];

describe('settings of a subject', () => {
  it('nobody is without a ceiling', () => {
    expect(settingsOf(configOf({}), key(OTHER))).toMatchObject({ profile: 'agent', anomaly: true });
    expect(ceilings({}, key(OTHER))).toEqual(['usd/60<5', 'usd/3600<50', 'usd/86400<200', ...TOKENS]);
    for (const subject of [WHOLE, { kind: 'team', id: 'x' } as const]) {
      expect(ceilings({}, subject)).toHaveLength(6);
      expect(ceilings({}, subject)).toContain('usd/60<20');
    }
  });

  it('what is configured stands alone for its unit; a budget stands for the money', () => {
    expect(ceilings({ defaults: { ceilings: { usd: { perHour: 9 } } } }, key(OTHER))).toEqual([
      'usd/3600<9',
      ...TOKENS,
    ]);
    expect(ceilings({ defaults: { dailyBudgetUsd: 9 } }, key(OTHER))).toEqual(TOKENS);
    expect(ceilings({ defaults: { ceilings: { tokens: { perMinute: 7 } } } }, key(OTHER))).toEqual([
      ...['usd/60<5', 'usd/3600<50', 'usd/86400<200'],
      'tokens/60<7',
    ]);
  });

  it('a key has what it says itself, and the rest from the defaults', () => {
    const block = {
      defaults: {
        profile: 'service',
        dailyBudgetUsd: 9,
        anomaly: false,
        ceilings: { usd: { perMinute: 1, perHour: 2 } },
      },
      keys: { one: { key: AGENT, profile: 'agent', ceilings: { usd: { perHour: 3 } } } },
    };
    expect(settingsOf(configOf(block), key(AGENT))).toMatchObject({
      profile: 'agent',
      dailyBudgetUsd: 9,
      anomaly: false,
    });
    expect(ceilings(block, key(AGENT))).toEqual(['usd/60<1', 'usd/3600<3', ...TOKENS]);
    expect(settingsOf(configOf(block), key(OTHER))).toMatchObject({ profile: 'service' });
  });

  it('what one key may spend says nothing of a sum', () => {
    const block = {
      defaults: { dailyBudgetUsd: 9, ceilings: { usd: { perMinute: 1 } } },
      whole: { ceilings: { usd: { perMinute: 30 } } },
      teams: { t: { dailyBudgetUsd: 40 } },
    };
    expect(ceilings(block, WHOLE)[0]).toBe('usd/60<30');
    expect(settingsOf(configOf(block), WHOLE).dailyBudgetUsd).toBeUndefined();
    expect(settingsOf(configOf(block), { kind: 'team', id: 't' }).dailyBudgetUsd).toBe(40);
  });

  it('a sum over keys of which one is a service has the wide margins', () => {
    const service = { keys: { batch: { key: AGENT, profile: 'service' } } };
    expect(settingsOf(configOf(service), WHOLE).profile).toBe('service');
    expect(settingsOf(configOf({ ...service, whole: { profile: 'agent' } }), WHOLE).profile).toBe('agent');
    expect(settingsOf(configOf(service), key(OTHER)).profile).toBe('agent');
    expect(settingsOf(configOf({}), WHOLE).profile).toBe('agent');
  });

  it('a name that every object has is nobody', () => {
    expect(settingsOf(configOf({}), { kind: 'team', id: 'constructor' }).ceilings).toHaveLength(6);
  });
});

describe('subjects', () => {
  const subjects = (block: object) =>
    new Subjects({
      ...{ config: configOf(block), defaultScope: 'agent' },
      namesOf: (id) => (id === OTHER ? { alias: 'other', team: 't' } : undefined),
      teamAliasOf: (id) => (id === 't' ? 'research' : undefined),
    });
  const listed = { keys: { one: { key: AGENT, scope: 'llm' } } };

  it.each([
    ['trip', true, true],
    ['warn', true, false],
    ['ignore', false, false],
  ] as const)('others: %s', (others, watched, severs) => {
    const some = subjects({ ...listed, others });
    expect([some.isWatched(AGENT), some.severs(key(AGENT)), some.severs(WHOLE)]).toEqual([true, true, true]);
    expect([some.isWatched(OTHER), some.severs(key(OTHER))]).toEqual([watched, severs]);
  });

  it('a key of a team that is listed counts as listed, and is summed up there', () => {
    const some = subjects({ ...listed, teams: { t: { scope: 'fallback' } }, others: 'ignore' });
    expect([some.isWatched(OTHER), some.severs(key(OTHER)), some.teamOf(OTHER)]).toEqual([true, true, 't']);
    expect(some.scopeOf(key(OTHER))).toBe('fallback');
    expect(subjects(listed).teamOf(OTHER)).toBeUndefined();
  });

  it('what a trip severs: its own scope, its team’s, the tripwire’s, the default', () => {
    expect(subjects(listed).scopeOf(key(AGENT))).toBe('llm');
    expect(subjects(listed).scopeOf(key(OTHER))).toBe('agent');
    expect(subjects({ ...listed, scope: 'fallback' }).scopeOf(WHOLE)).toBe('fallback');
    expect(subjects({ ...listed, whole: { scope: 'x' } }).scopes()).toEqual(['agent', 'x', 'llm']);
  });

  it('calls a key by its own name, by LiteLLM’s, or by the beginning of its hash', () => {
    const some = subjects({ ...listed });
    const teams = ['t', 'u'].map((id): Subject => ({ kind: 'team', id }));
    expect([key(AGENT), key(OTHER), key('cc'.repeat(32)), ...teams, WHOLE].map((one) => some.nameOf(one))).toEqual([
      ...['key one', 'key other', 'key cccccccc', 'team research', 'team u', 'all keys'],
    ]);
  });
});
