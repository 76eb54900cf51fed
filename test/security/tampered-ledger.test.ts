import type { PGlite } from '@electric-sql/pglite';
import type { SqlStore } from '../../src/ledger/sql-store';
import { verifyLedger } from '../../src/ledger/verify';
import { request, startDesk, TestClock } from '../support/desk';
import { emptied, freshStore, LEDGER_KEY } from '../support/store';
import { ToyCutter } from '../support/toy-cutter';

/** Threat: whoever can write to the database takes lines back, or the whole of it, under a Pullcord that runs. */

let pglite: PGlite;
let another: (timeoutMs?: number, now?: () => number) => SqlStore;
let close: (() => Promise<void>) | undefined;
beforeAll(async () => {
  ({ pglite, another } = await freshStore());
});
afterAll(() => pglite.close());
beforeEach(() => emptied(pglite));
afterEach(async () => {
  await close?.();
  close = undefined;
});

async function setUp() {
  const clock = new TestClock();
  const cutter = new ToyCutter();
  const store = another(10_000, clock.now);
  const made = startDesk({ store, cutters: [cutter], clock, config: { bounds: { ledgerMs: 5_000 } } });
  await store.refresh();
  made.start();
  close = made.close;
  return { ...made, clock, cutter, store };
}

/** The database as it was at a line, as a copy of it that is put back would be. */
async function rollBack(seq: number): Promise<void> {
  await pglite.exec(`
    delete from pullcord.request; delete from pullcord.orders; delete from pullcord.latch; delete from pullcord.operator_use;
    delete from pullcord.ledger where seq > ${seq};
    update pullcord.head set (seq, at, hash, orders) = (select seq, at, hash, 0 from pullcord.ledger where seq = ${seq})`);
}

describe('a database that was rolled back as a whole', () => {
  it('is a valid chain by itself, and is found by the anchor beside it', async () => {
    const { desk, by, store } = await setUp();
    await store.commit(() => ({ entries: [{ kind: 'start', data: {} }] }));
    await desk.order(request('sever'), by('alice'));
    const anchor = (await store.refresh()).head;
    await rollBack(1);
    const fresh = another();
    const { head } = await fresh.refresh();
    const verify = (beside?: typeof anchor) =>
      verifyLedger({ ledgerKey: LEDGER_KEY, head, anchor: beside, lines: (query) => fresh.sealedLines(query) });
    expect(await verify()).toMatchObject({ ok: true });
    expect(await verify(anchor)).toMatchObject({ ok: false, faults: [expect.stringContaining('ledger.head says so')] });
  });

  it('under a Pullcord that runs releases nothing, is no ledger to restore by, and keeps no STOP back', async () => {
    const { desk, by, store, cutter, clock } = await setUp();
    await store.commit(() => ({ entries: [{ kind: 'start', data: {} }] }));
    const receipt = await desk.order(request('sever'), by('alice'));
    if (receipt.kind !== 'accepted') throw new Error(receipt.kind);
    expect(await desk.outcome(receipt.order, 5_000)).toMatchObject({ state: 'severed' });
    await rollBack(1);
    clock.advance(60);
    expect((await desk.order(request('restore'), by('alice'))).kind).toBe('refused');
    expect(cutter.writes).toEqual(['cut agent']);
    expect(await desk.order(request('sever', 'llm'), by('bob'))).toMatchObject({ kind: 'accepted' });
    expect(cutter.cut.has('agent')).toBe(true);
  });
});
