import pino from 'pino';
import { configSchema } from '../../src/config/schema';
import { Authorities } from '../../src/desk/authorities';
import { Fallbacks } from '../../src/fallback/fallbacks';
import type { Permit } from '../../src/fallback/permit';
import { GENESIS } from '../../src/ledger/chain';
import { type Change, type RequestOutcome, type State, type Store, StoreUnavailable } from '../../src/ledger/store';
import { testOperators } from '../support/desk';
import { type Governed, startGoverned } from '../support/governed';
import { freshStore } from '../support/store';

/** What a permit costs, and what is written of one that was refused. */
const EMPTY: State = {
  ...{ head: GENESIS, orders: 0, latches: new Map(), permits: new Map(), operators: new Map() },
  backupCodesUsed: new Set(),
};

describe('with all that governs them', () => {
  let db: Awaited<ReturnType<typeof freshStore>>;
  let rig: Governed;
  beforeAll(async () => {
    db = await freshStore();
  });
  beforeEach(async () => {
    rig = await startGoverned(db, { decide: 'ask' });
  });
  afterEach(() => rig.close());
  afterAll(() => db.close());

  it('law 3: a code that a stop is being written down with permits nothing, before anybody knows what became of it', async () => {
    const bob = rig.by('bob');
    const stop = { key: 'a stop', action: 'sever', scope: 'agent' } as const;
    const taken = rig.authorities().take(EMPTY, stop, bob, rig.clock.now());
    expect(taken.kind).toBe('granted');
    expect(await rig.wishBy(bob, 'fallback')).toMatchObject({ kind: 'refused', refused: 'code-used' });
    expect(rig.of()?.state).toBe('primary');
  });

  it('law 8: a refusal stands on paper once', async () => {
    expect(await rig.wishBy(rig.by('bob', '000000'), 'fallback')).toMatchObject({ refused: 'code-wrong' });
    await rig.restart();
    const lines = await db.store.lines({ after: 0, limit: 1_000, kinds: ['refusal'] });
    expect(lines.map(({ data }) => data.reason)).toEqual(['code-wrong']);
  });
});

describe('law 4: a ledger that does not say whether it wrote a permit', () => {
  /** @param outcome what it says in the end; undefined: nothing. */
  function start(outcome: RequestOutcome | undefined) {
    const told: string[] = [];
    let permits = new Map<string, Permit>();
    const store = {
      mirror: () => EMPTY,
      refresh: async () => ({ ...EMPTY, permits }),
      commit: async (decide: (state: State) => Change | undefined) => {
        const permit = decide(EMPTY)?.permit;
        if (permit && outcome && 'permit' in outcome) permits = new Map([[permit.fallback, permit]]);
        throw new StoreUnavailable('no answer', true);
      },
    } as unknown as Store;
    const config = configSchema.parse({
      ...{ publicUrl: 'https://pullcord.example.org', key: 'k', scopes: { agent: { routes: [{ all: true }] } } },
      gateways: {
        main: {
          ...{ adminUrl: 'http://127.0.0.1:1', adminKey: 'k', gatewayUrls: ['http://127.0.0.1:2'] },
          controlUrl: 'http://127.0.0.1:3',
        },
      },
      fallbacks: { cloud: { gateway: 'main', upstream: 'u', primary: ['a:1'] } },
    });
    const authorities = new Authorities({ config, operators: testOperators(), spool: { all: () => [] } });
    authorities.take = () => ({ kind: 'granted', by: 'bob' });
    const fallbacks = new Fallbacks({
      ...{ config, store, now: Date.now, logger: pino({ level: 'silent' }), view: () => undefined },
      ...{ enforcer: { kick: () => undefined, until: async () => true }, health: () => undefined },
      desk: {
        ...{ authorities, recordSpooled: async () => undefined, tellRefused: () => undefined },
        ...{ settle: async () => outcome, refused: (reason) => told.push(reason) },
      },
      decided: ({ order, state }) => told.push(`${state} ${order}`),
    });
    const wish = { key: 'k', fallback: 'cloud', wish: 'fallback', source: 'sms', correlation: 'c' } as const;
    return { told, ordered: fallbacks.order(wish, { kind: 'operator', operator: 'bob', code: '123456' }) };
  }

  it('it had written it: that is what is said and done', async () => {
    const { told, ordered } = start({ permit: 1 });
    expect(await ordered).toMatchObject({ kind: 'decided', permit: { state: 'fallback', order: 1 } });
    expect(told).toEqual(['fallback 1']);
  });

  it('it had not, and can not any more: refused', async () => {
    const { told, ordered } = start({ refused: 'ledger-unavailable' });
    expect(await ordered).toEqual({ kind: 'refused', refused: 'ledger-unavailable' });
    expect(told).toEqual([]);
  });

  it('it says nothing: nor does anybody claim to know', async () => {
    expect(await start(undefined).ordered).toMatchObject({ detail: 'Whether it was taken is not known yet.' });
  });
});
