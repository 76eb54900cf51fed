import type { PGlite } from '@electric-sql/pglite';
import { configSchema } from '../../src/config/schema';
import { type PreviewRestore, restorePreview } from '../../src/desk/restore-preview';
import type { Database } from '../../src/ledger/database';
import { SqlStore } from '../../src/ledger/sql-store';
import { minimal } from '../config/minimal';
import { codeOf, request, startDesk, TestClock } from '../support/desk';
import { emptied, freshStore, LEDGER_KEY, testSealer } from '../support/store';
import { ToyCutter } from '../support/toy-cutter';
import { until } from '../support/until';

let pglite: PGlite;
let away: boolean;
let clock: TestClock;
let cutter: ToyCutter;
let made: ReturnType<typeof startDesk>;
let preview: PreviewRestore;
let store: SqlStore;

beforeAll(async () => {
  ({ pglite } = await freshStore());
});
afterAll(() => pglite.close());
afterEach(async () => {
  await made.close();
  await store.close();
});

const scopes = { agent: { routes: [{ all: true as const }] }, llm: { routes: [{ id: 'llm' }] } };

async function setUp(operators: 1 | 2 = 1): Promise<void> {
  await emptied(pglite);
  away = false;
  clock = new TestClock();
  cutter = new ToyCutter();
  const database: Database = {
    query: (text, params) => (away ? Promise.reject(new Error('away')) : pglite.query(text, params)),
  };
  store = new SqlStore({
    ...{ database, ledgerKey: LEDGER_KEY, sealer: testSealer, now: clock.now, timeoutMs: 2_000 },
  });
  await store.refresh();
  const restore = { operators, withinSeconds: 600 };
  made = startDesk({ store, cutters: [cutter], clock, config: { restore } });
  const config = configSchema.parse({ ...minimal, scopes, defaultScope: 'agent', restore });
  preview = restorePreview({
    ...{ config, desk: made.desk, store, enforcer: made.enforcer, cutters: [cutter], now: clock.now },
  });
  made.start();
}

const sever = async (scope = 'agent') => {
  await made.desk.order(request('sever', scope), { kind: 'tripwire' });
  await until(() => made.desk.latches().some((latch) => latch.scope === scope && latch.state === 'severed'));
};

it('has nothing to say of what is live, nor of what there is not', async () => {
  await setUp();
  expect(await preview('agent')).toEqual({ refused: 'nothing-to-restore' });
  expect(await preview('nowhere')).toMatchObject({ refused: 'unknown-scope', detail: 'There are: agent, llm.' });
});

it('says what every cutter would give back, and orders nothing', async () => {
  await setUp();
  await sever();
  expect(await preview('agent')).toEqual({
    ...{ scope: 'agent', routes: [], others: [{ cutter: 'toy', what: 'releases agent' }], stays: [] },
    ...{ warnings: [], operators: 1 },
  });
  expect(cutter.writes).toEqual(['cut agent']);
});

it('says who waits for a second operator, for as long as that counts', async () => {
  await setUp(2);
  await sever();
  expect(await preview('agent')).toMatchObject({ operators: 2 });
  const proof = { kind: 'operator', operator: 'alice', code: codeOf('alice', clock.now()) } as const;
  expect(await made.desk.order(request('restore'), proof)).toMatchObject({ kind: 'pending' });
  expect(await preview('agent')).toMatchObject({ operators: 2, pendingBy: 'alice' });
  clock.advance(601);
  expect(await preview('agent')).not.toHaveProperty('pendingBy');
});

it('warns of what is not seen, of a ledger that is away and of a clock that went back', async () => {
  await setUp();
  await sever();
  cutter.visible = false;
  await until(async () => {
    const { warnings } = (await preview('agent')) as { warnings: readonly string[] };
    return warnings.includes('toy does not answer');
  });
  away = true;
  clock.advance(-3_600);
  expect(await preview('agent')).toMatchObject({
    warnings: [
      'The ledger does not answer. STOP works; RESTORE refuses until it is back.',
      'The clock went back: codes cannot be trusted. Mend the clock. A backup code still stops.',
      'toy does not answer',
    ],
  });
  away = false;
});
