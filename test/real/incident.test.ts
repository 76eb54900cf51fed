import { openPostgres } from '../../src/ledger/postgres';
import { SqlStore } from '../../src/ledger/sql-store';
import { readPaper } from '../../src/ledger/story/paper';
import { LEDGER_KEY, testSealer } from '../support/store';
import { startPostgres } from './parts/postgres';
import type { Server } from './parts/server';

/** The same reading as on the embedded database, on a server. */

let postgres: Server;
beforeAll(async () => {
  postgres = await startPostgres();
}, 120_000);
afterAll(() => postgres.remove());

it('reads an incident on a Postgres server: what was before it, in it, and nothing of the next', async () => {
  const database = openPostgres(postgres.url, 5_000);
  const store = new SqlStore({
    ...{ database, ledgerKey: LEDGER_KEY, sealer: testSealer, now: Date.now, timeoutMs: 5_000 },
  });
  try {
    const order = (number: number, action: 'sever' | 'restore') =>
      store.commit(() => {
        const data = { number, action, scope: 'agent', source: 'sms', by: 'alice', correlation: 'c' };
        const made = { ...data, key: `k${number}`, at: Date.now() } as const;
        return { entries: [{ kind: 'order', data }], order: { ...made, action, source: 'sms' } };
      });
    const note = (kind: 'warned' | 'severed' | 'restored' | 'refusal', data: object) =>
      store.commit(() => ({ entries: [{ kind, data: { scope: 'agent', ...data } }] }));
    await store.refresh();
    await note('warned', { why: 'it burns' });
    await order(1, 'sever');
    await note('severed', { order: 1, gateways: 1 });
    for (let i = 0; i < 20; i += 1) await note('refusal', { reason: 'code-wrong' });
    await order(2, 'restore');
    await note('restored', { order: 2, gateways: 1 });
    await order(3, 'sever');

    const paper = await readPaper(store.incidentShelf(), 1);
    expect(paper?.incident).toMatchObject({ number: 1, orders: [1, 2], closedAt: expect.any(Number) });
    expect(paper?.lines.map(({ kind }) => kind)).toEqual([
      ...['warned', 'order', 'severed', ...Array.from({ length: 20 }, () => 'refusal'), 'order', 'restored'],
    ]);
    expect(await readPaper(store.incidentShelf(), 2)).toBeUndefined();
    expect((await readPaper(store.incidentShelf(), 3))?.lines.map(({ data }) => data.number)).toEqual([3]);
  } finally {
    await store.close();
    await database.close();
  }
}, 60_000);
