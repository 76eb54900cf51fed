import type { PGlite } from '@electric-sql/pglite';
import { SqlStore } from '../../src/ledger/sql-store';
import { type Change, type State, StoreUnavailable } from '../../src/ledger/store';
import { verifyLedger } from '../../src/ledger/verify';
import type { Order } from '../../src/orders/order';
import { freshStore, LEDGER_KEY, testSealer } from '../support/store';
import { until } from '../support/until';

let pglite: PGlite;
let store: SqlStore;
let another: (timeoutMs?: number, now?: () => number) => SqlStore;

beforeAll(async () => {
  ({ pglite, store, another } = await freshStore());
});
afterAll(() => pglite.close());

const orderOf = (state: State, key: string): Order => ({
  ...{ number: state.orders + 1, key, action: 'sever', scope: 'agent', source: 'sms' },
  ...{ by: 'alice', correlation: key, replyTo: '+15550100001', at: 1_000 },
});
const sever = (state: State, key: string): Change => {
  const order = orderOf(state, key);
  return {
    entries: [{ kind: 'order', data: { number: order.number } }],
    order,
    latches: [{ scope: 'agent', state: 'severing', order: order.number, since: 1_000, incident: order.number }],
    operators: [{ operator: 'alice', lastStep: order.number, failures: [] }],
    request: { key, outcome: { order: order.number } },
  };
};

describe('the store', () => {
  it('commits order, latch, code, request and paper as one change, and mirrors it without reading', async () => {
    const committed = await store.commit((state) => sever(state, 'a'));
    expect(committed.status).toBe('committed');
    const mirror = store.mirror();
    expect(mirror).toEqual(await another().refresh());
    expect(mirror?.latches.get('agent')).toMatchObject({ state: 'severing', order: 1 });
    expect(await store.order(1)).toEqual(orderOf({ ...(mirror as State), orders: 0 }, 'a'));
    expect(await store.unanswered()).toHaveLength(1);
    await store.answered(1);
    expect(await store.unanswered()).toHaveLength(0);
  });

  it('takes a request once, for whichever instance it comes to', async () => {
    await store.commit((state) => sever(state, 'once'));
    const before = await store.refresh();
    const repeated = await another().commit((state) => sever(state, 'once'));
    expect(repeated).toEqual({ status: 'duplicate', outcome: { order: before.orders } });
    expect(await another().refresh()).toEqual(before);
  });

  it('decides again when another instance was faster, so that no decision stands on an old state', async () => {
    const [one, two] = [another(), another()];
    await Promise.all([one.refresh(), two.refresh()]);
    const seen: number[] = [];
    await Promise.all(
      [one, two].flatMap((instance, i) =>
        Array.from({ length: 10 }, (_, n) =>
          instance.commit((state) => {
            seen.push(state.orders);
            return sever(state, `race-${i}-${n}`);
          }),
        ),
      ),
    );
    const numbers = (await store.orders({ limit: 100 })).map((order) => order.number);
    expect(new Set(numbers).size).toBe(numbers.length);
    expect(seen.length).toBeGreaterThan(20);
    expect((await store.refresh()).orders).toBe(numbers.length);
  });

  it('lets exactly one of two instances use a code (compare-and-set)', async () => {
    const [one, two] = [another(), another()];
    const step = 1_000_000;
    const use = (key: string) => (state: State) =>
      (state.operators.get('bob')?.lastStep ?? -1) >= step
        ? { entries: [{ kind: 'refusal' as const, data: { key } }] }
        : {
            entries: [{ kind: 'order' as const, data: { key } }],
            operators: [{ operator: 'bob', lastStep: step, failures: [] }],
          };
    const { head } = await store.refresh();
    await Promise.all([one.refresh(), two.refresh()]);
    await Promise.all([one.commit(use('x')), two.commit(use('y'))]);
    const lines = await store.lines({ after: head.seq, limit: 10 });
    expect(lines.map((line) => line.kind).sort()).toEqual(['order', 'refusal']);
  });

  it('writes nothing when the decision is nothing', async () => {
    const { head } = await store.refresh();
    await store.commit(() => undefined);
    expect((await store.refresh()).head).toEqual(head);
  });

  it('keeps snapshots so that the database does not show what is in them', async () => {
    const snapshot = { gateway: 'main', route: 'r1', before: { key: 'sk-provider' }, written: {} };
    await store.saveSnapshot(snapshot);
    expect(await store.snapshots('main')).toEqual([snapshot]);
    const { rows } = await pglite.query<{ sealed: string }>('select sealed from pullcord.snapshot');
    expect(rows[0]?.sealed).not.toContain('provider');
    await pglite.query(`update pullcord.snapshot set route = 'r2'`);
    await expect(store.snapshots('main')).rejects.toThrow();
    await pglite.query('delete from pullcord.snapshot');
  });

  it('remembers for a cutter, sealed', async () => {
    expect(await store.recall('litellm')).toBeUndefined();
    await store.remember('litellm', { blocked: ['k'] });
    expect(await store.recall('litellm')).toEqual({ blocked: ['k'] });
  });

  it('is unavailable in bounded time when the database hangs', async () => {
    const hung = another(30);
    const never = pglite.transaction(async (tx) => {
      await tx.query('select 1');
      await expect(hung.refresh()).rejects.toBeInstanceOf(StoreUnavailable);
      await expect(hung.commit((state) => sever(state, 'never'))).rejects.toBeInstanceOf(StoreUnavailable);
    });
    await never;
  });
});

describe('law 8, on paper: the ledger as a whole', () => {
  const verify = async () => {
    const { head } = await another().refresh();
    return verifyLedger({ ledgerKey: LEDGER_KEY, head, lines: (query) => store.sealedLines(query) });
  };

  it.each([
    ['a changed line', `update pullcord.ledger set data = replace(data, '1', '2') where seq = 1`],
    ['a line that was taken out', 'delete from pullcord.ledger where seq = 2'],
    ['the newest line cut off', 'delete from pullcord.ledger where seq = (select max(seq) from pullcord.ledger)'],
    ['two swapped lines', 'update pullcord.ledger set seq = 5 - seq where seq in (2, 3)'],
  ])('finds %s', async (_what, forgery) => {
    expect(await verify()).toMatchObject({ ok: true, faults: [] });
    await pglite.exec('begin');
    await pglite.exec(
      `set constraints all deferred; alter table pullcord.ledger drop constraint ledger_pkey; ${forgery}`,
    );
    const verdict = await verify();
    await pglite.exec('rollback');
    expect(verdict).toMatchObject({ ok: false, faults: [expect.stringContaining('line')] });
  });

  it('finds a ledger that was rolled back as a whole, by the anchor beside it', async () => {
    const { head } = await another().refresh();
    await store.commit(() => ({ entries: [{ kind: 'start', data: {} }] }));
    const anchor = (await another().refresh()).head;
    const lines = async (query: { after: number; limit: number }) =>
      (await store.sealedLines(query)).filter((line) => line.seq <= head.seq);
    expect(await verifyLedger({ ledgerKey: LEDGER_KEY, head, lines })).toMatchObject({ ok: true });
    expect(await verifyLedger({ ledgerKey: LEDGER_KEY, head, lines, anchor })).toMatchObject({ ok: false });
  });
});

describe('what is known of it', () => {
  it('does not go back when an answer comes late', async () => {
    let answer = (): void => undefined;
    const slow = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const database = {
      query: async (text: string, params?: unknown[]) => {
        const result = await pglite.query(text, params);
        if (text.includes('commit')) await slow;
        return result;
      },
    };
    const late = new SqlStore({ database, ledgerKey: LEDGER_KEY, sealer: testSealer, now: Date.now, timeoutMs: 5_000 });
    await late.refresh();
    const committed = late.commit(() => ({ entries: [{ kind: 'start', data: {} }] }));
    await until(async () => (await another().refresh()).head.seq > (late.mirror()?.head.seq ?? 0));
    await another().commit((state) => sever(state, 'from another'));
    const newest = await late.refresh();
    answer();
    await committed;
    expect(late.mirror()).toBe(newest);
  });

  it('a key that made an order makes no other, however much later', async () => {
    await store.commit((state) => sever(state, 'for ever'));
    const later = another(2_000, () => Date.now() + 400 * 86_400_000);
    await later.prune();
    expect(await later.commit((state) => sever(state, 'for ever'))).toMatchObject({ status: 'duplicate' });
  });
});
