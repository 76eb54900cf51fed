import type { PGlite } from '@electric-sql/pglite';
import type { Database } from '../../src/ledger/database';
import { SqlStore } from '../../src/ledger/sql-store';
import { type Store, StoreUnavailable } from '../../src/ledger/store';
import type { Receipt } from '../../src/orders/desk';
import type { Order } from '../../src/orders/order';
import { codeOf, request, startDesk, TestClock } from '../support/desk';
import { emptied, freshStore, LEDGER_KEY, testSealer } from '../support/store';
import { ToyCutter } from '../support/toy-cutter';
import { until } from '../support/until';

/** Law 4 in the hours when the ledger comes and goes: nothing that was stopped is lost, and no code counts twice. */

let pglite: PGlite;
const closing: (() => Promise<void>)[] = [];

beforeAll(async () => {
  ({ pglite } = await freshStore());
});
afterAll(() => pglite.close());
beforeEach(() => emptied(pglite));
afterEach(async () => {
  while (closing.length > 0) await closing.pop()?.();
});

/** A database that can be held up, as a frozen one, or be away. */
class Troubled implements Database {
  private held: Promise<void> | undefined;
  private release = (): void => undefined;
  away = false;

  hold(): void {
    this.held = new Promise((resolve) => {
      this.release = resolve;
    });
  }
  goOn(): void {
    this.held = undefined;
    this.release();
  }
  async query(text: string, params?: unknown[]): Promise<{ rows: unknown[] }> {
    await this.held;
    if (this.away) throw new StoreUnavailable('away');
    return pglite.query(text, params);
  }
}

async function setUp(cutter = new ToyCutter()) {
  const clock = new TestClock();
  const database = new Troubled();
  const store = new SqlStore({
    ...{ database, ledgerKey: LEDGER_KEY, sealer: testSealer, now: clock.now, timeoutMs: 10_000 },
  });
  await store.refresh();
  const made = startDesk({ store, cutters: [cutter], clock });
  made.start();
  closing.push(async () => {
    database.goOn();
    await made.close();
    await store.close();
  });
  return { ...made, clock, cutter, store, database };
}

const orderOf = (receipt: Receipt): Order => {
  if (receipt.kind !== 'accepted') throw new Error(`not accepted: ${JSON.stringify(receipt)}`);
  return receipt.order;
};
const latchOf = async (store: Store) => (await store.refresh()).latches.get('agent');
const whats = async (store: Store, kind: string) =>
  (await store.lines({ limit: 100 })).filter((line) => line.kind === kind).map(({ data }) => data.what ?? data.reason);

it('a stop that was carried out is not undone because the ledger looks at its code too late', async () => {
  const { desk, by, clock, cutter, store, database, spool } = await setUp();
  database.hold();
  desk.refused('bad-signature', {});
  const stop = orderOf(await desk.order(request('sever'), by('alice')));
  expect(await desk.outcome(stop, 2_000)).toMatchObject({ state: 'severed' });
  clock.advance(300);
  database.goOn();
  await desk.recordSpooled();
  expect(spool.all()).toEqual([]);
  expect(await latchOf(store)).toMatchObject({ order: 1 });
  expect(await whats(store, 'refusal')).not.toContain('code-wrong');
  const passes = cutter.goals.length;
  await until(() => cutter.goals.length > passes + 2);
  expect(cutter.writes).toEqual(['cut agent']);
});

it('a stop whose key the ledger knows by a refusal is recorded all the same', async () => {
  const { desk, by, clock, cutter, store, database } = await setUp();
  const stop = request('sever');
  expect(await desk.order(stop, by('alice', '000000'))).toMatchObject({ refused: 'code-wrong' });
  database.away = true;
  orderOf(await desk.order(stop, by('alice')));
  database.away = false;
  clock.advance(300);
  await desk.recordSpooled();
  expect(await latchOf(store)).toMatchObject({ order: 1 });
  const passes = cutter.goals.length;
  await until(() => cutter.goals.length > passes + 2);
  expect(cutter.writes).toEqual(['cut agent']);
});

it('what an older code is recorded for gives no newer code back', async () => {
  const { desk, by, clock, store, database } = await setUp();
  database.away = true;
  orderOf(await desk.order(request('sever'), by('alice')));
  database.away = false;
  clock.advance(30);
  expect(await desk.order(request('sever'), by('alice', '000000'))).toMatchObject({ refused: 'code-wrong' });
  const newer = codeOf('alice', clock.now());
  orderOf(await desk.order(request('sever'), by('alice', newer)));
  await desk.recordSpooled();
  expect(await desk.order(request('restore'), by('alice', newer))).toMatchObject({ refused: 'code-used' });
  expect((await store.refresh()).operators.get('alice')?.failures).toHaveLength(1);
});

it('a code that counted meanwhile does not count again in the next outage', async () => {
  const { desk, by, clock, database } = await setUp();
  database.away = true;
  expect(await desk.order(request('sever'), by('alice', '000000'))).toMatchObject({ refused: 'code-wrong' });
  database.away = false;
  const code = codeOf('alice', clock.now());
  orderOf(await desk.order(request('sever'), by('alice', code)));
  database.away = true;
  expect(await desk.order(request('sever'), by('alice', code))).toMatchObject({ refused: 'code-used' });
});

it('law 5: what was seen before a restore says nothing about a stop without the ledger after it', async () => {
  const { desk, by, clock, cutter, database } = await setUp();
  await desk.outcome(orderOf(await desk.order(request('sever'), by('alice'))), 2_000);
  clock.advance(60);
  let open = (): void => undefined;
  cutter.gate = new Promise((resolve) => {
    open = resolve;
  });
  await desk.order(request('restore'), by('alice'));
  await until(() => cutter.goals.at(-1)?.severed.size === 0);
  // The restore was written, and nobody has looked yet.
  cutter.cut.delete('agent');
  database.away = true;
  clock.advance(60);
  const stop = orderOf(await desk.order(request('sever'), by('bob')));
  expect(await desk.outcome(stop, 0)).toMatchObject({ state: 'severing' });
  cutter.gate = undefined;
  open();
  expect(await desk.outcome(stop, 2_000)).toMatchObject({ state: 'severed' });
  expect(cutter.cut.has('agent')).toBe(true);
});

it('a stop without a number is overtaken like any other, so that nobody waits for it for ever', async () => {
  const { desk, by, clock, database, cutter } = await setUp();
  cutter.visible = false;
  database.away = true;
  const stop = orderOf(await desk.order(request('sever'), by('alice')));
  database.away = false;
  await desk.recordSpooled();
  expect(await desk.outcome(stop, 0)).toMatchObject({ state: 'severing' });
  clock.advance(60);
  orderOf(await desk.order(request('restore'), by('bob')));
  expect(await desk.outcome(stop, 0)).toMatchObject({ state: 'overtaken' });
});

it('a restore that was refused does not happen afterwards', async () => {
  const { desk, by, clock, cutter, store, database } = await setUp();
  await desk.outcome(orderOf(await desk.order(request('sever'), by('alice'))), 2_000);
  clock.advance(60);
  database.hold();
  const receipt = desk.order(request('restore'), by('alice'));
  await Promise.race([receipt, new Promise((resolve) => setTimeout(resolve, 400))]);
  database.goOn();
  const refused = (await receipt).kind === 'refused';
  await store.commit(() => undefined);
  expect((await latchOf(store))?.state === 'severed').toBe(refused);
  expect(cutter.cut.has('agent')).toBe(refused);
});

it('every stop without the ledger is an alarm of its own', async () => {
  const { desk, by, database, told } = await setUp();
  database.away = true;
  await desk.order(request('sever'), by('alice'));
  await desk.order(request('sever'), { kind: 'phone', phone: '+15550100099', code: '111111111111' });
  const keys = told.filter((line) => line.startsWith('alarm ')).map((line) => line.slice(0, line.indexOf(':')));
  expect(keys.length).toBeGreaterThan(1);
  expect(new Set(keys).size).toBe(keys.length);
  expect(told.join()).toMatch(/backup code/);
});

it('law 8: what was refused and written without the ledger gets on paper when it is back', async () => {
  const { desk, by, store, database } = await setUp();
  database.away = true;
  await desk.outcome(orderOf(await desk.order(request('sever'), by('alice'))), 2_000);
  expect(await desk.order(request('sever'), by('alice'))).toMatchObject({ refused: 'code-used' });
  expect(await desk.order(request('restore'), by('bob'))).toMatchObject({ refused: 'ledger-unavailable' });
  database.away = false;
  await desk.recordSpooled();
  await until(async () => (await whats(store, 'write')).includes('cut agent'));
  desk.close();
  await until(async () => (await whats(store, 'refusal')).length >= 2);
});

it('lines that are to be noted form no line in which a RESTORE would wait to be refused', async () => {
  const { desk, by, store, database } = await setUp();
  database.away = true;
  await desk.outcome(orderOf(await desk.order(request('sever'), by('alice'))), 2_000);
  const commit = jest.spyOn(store, 'commit');
  const texts = Array.from({ length: 50 }, (_, i) => `note ${i}`);
  for (const what of texts) desk.note({ kind: 'trouble', data: { what } });
  expect(commit).not.toHaveBeenCalled();
  database.away = false;
  await desk.recordSpooled();
  await until(async () => (await whats(store, 'trouble')).length === texts.length);
  expect((await whats(store, 'trouble')).toSorted()).toEqual(texts.toSorted());
});

it('a ledger without its head is one that is away: STOP works', async () => {
  const { desk, by, database, cutter, store } = await setUp();
  database.query = async (text) => {
    if (text.includes('commit')) return { rows: [{ status: 'conflict' }] };
    return { rows: [{ state: { head: null, orders: null, latches: [], operators: [], backupCodesUsed: [] } }] };
  };
  await expect(store.refresh()).rejects.toThrow('no head');
  await desk.outcome(orderOf(await desk.order(request('sever'), by('alice'))), 2_000);
  expect(cutter.cut.has('agent')).toBe(true);
});

it('whatever breaks in the ledger, STOP works', async () => {
  const { desk, by, cutter, store } = await setUp();
  store.commit = async () => {
    throw new TypeError('not what was expected');
  };
  await desk.outcome(orderOf(await desk.order(request('sever'), by('alice'))), 2_000);
  expect(cutter.cut.has('agent')).toBe(true);
  await expect(desk.order(request('restore'), by('bob'))).rejects.toThrow(TypeError);
});

it('a restore knows of the stop without the ledger, and of its code, as soon as the ledger answers', async () => {
  const { desk, by, clock, database } = await setUp();
  database.away = true;
  const code = codeOf('alice', clock.now());
  orderOf(await desk.order(request('sever'), by('alice', code)));
  database.away = false;
  expect(await desk.order(request('restore'), by('alice', code))).toMatchObject({ refused: 'code-used' });
  expect(orderOf(await desk.order(request('restore'), by('bob'))).number).toBe(2);
});

it('a backup code stops once, without the ledger too', async () => {
  const { desk, database } = await setUp();
  const backup = { kind: 'phone', phone: '+15550100099', code: '222222222222' } as const;
  database.away = true;
  orderOf(await desk.order(request('sever'), backup));
  expect(await desk.order(request('sever'), backup)).toMatchObject({ refused: 'code-used' });
  database.away = false;
  await desk.recordSpooled();
  expect(await desk.order(request('sever'), backup)).toMatchObject({ refused: 'code-used' });
});
