import type { PGlite } from '@electric-sql/pglite';
import type { Database, Way } from '../../src/ledger/database';
import { SqlStore } from '../../src/ledger/sql-store';
import { request, startDesk, TestClock } from '../support/desk';
import { emptied, freshStore, LEDGER_KEY, testSealer } from '../support/store';
import { ToyCutter } from '../support/toy-cutter';
import { until } from '../support/until';

/** Law 4: what was refused does not happen, though the ledger wrote it without saying so, or does so later. */

let pglite: PGlite;
const closing: (() => Promise<void>)[] = [];
beforeAll(async () => {
  ({ pglite } = await freshStore());
});
afterAll(() => pglite.close());
beforeEach(() => emptied(pglite));
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** What befalls each statement that writes, and nothing that reads. */
class Wire implements Database {
  fault: 'none' | 'lost' | 'late' | 'never sent' = 'none';
  readonly held: (() => void)[] = [];
  readonly query = (text: string, params?: unknown[]) => pglite.query(text, params);

  async send(text: string, params: unknown[], way: Way): Promise<{ rows: unknown[] }> {
    if (this.fault === 'never sent') throw new Error('connection refused');
    way.sent = true;
    if (this.fault === 'late') await new Promise<void>((resolve) => this.held.push(resolve));
    const answer = await pglite.query(text, params);
    if (this.fault === 'lost') throw new Error('Connection terminated unexpectedly');
    return answer;
  }
}

async function severed() {
  const wire = new Wire();
  const clock = new TestClock();
  const store = new SqlStore({
    ...{ database: wire, ledgerKey: LEDGER_KEY, sealer: testSealer, now: clock.now, timeoutMs: 200 },
  });
  await store.refresh();
  const made = startDesk({ store, cutters: [new ToyCutter()], clock });
  made.start();
  closing.push(async () => {
    for (const go of wire.held) go();
    await made.close();
    await store.close();
  });
  const { desk, by } = made;
  await desk.order(request('sever'), by('alice'));
  await until(() => store.mirror()?.latches.get('agent')?.state === 'severed');
  return { ...made, wire, store };
}

it('a restore whose answer was lost is told as what it is: taken', async () => {
  const { desk, by, wire, store } = await severed();
  wire.fault = 'lost';
  const receipt = desk.order(request('restore'), by('bob'));
  await until(async () => (await store.refresh()).orders === 2);
  wire.fault = 'none';
  expect(await receipt).toMatchObject({ kind: 'accepted', order: { number: 2, action: 'restore', by: 'bob' } });
  await until(() => store.mirror()?.latches.get('agent')?.state === 'live');
});

it('a restore that is still on its way is refused only when it can not come any more', async () => {
  const { desk, by, wire, store } = await severed();
  wire.fault = 'late';
  let told = false;
  const receipt = desk.order(request('restore'), by('bob')).finally(() => {
    told = true;
  });
  await until(() => wire.held.length > 1);
  expect(told).toBe(false);
  wire.fault = 'none';
  expect(await receipt).toEqual({ kind: 'refused', refused: 'ledger-unavailable' });
  for (const go of wire.held.splice(0)) go();
  await until(async () => (await store.lines({ limit: 50 })).some(({ kind }) => kind === 'refusal'));
  expect(await store.refresh()).toMatchObject({ orders: 1 });
  expect(store.mirror()?.latches.get('agent')?.state).toBe('severed');
});

it('a restore that never left is refused at once', async () => {
  const { desk, by, wire, store } = await severed();
  wire.fault = 'never sent';
  expect(await desk.order(request('restore'), by('bob'))).toEqual({ kind: 'refused', refused: 'ledger-unavailable' });
  wire.fault = 'none';
  expect(await store.refresh()).toMatchObject({ orders: 1 });
});
