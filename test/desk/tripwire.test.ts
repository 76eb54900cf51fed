import type { PGlite } from '@electric-sql/pglite';
import fc from 'fast-check';
import type { SqlStore } from '../../src/ledger/sql-store';
import { type Store, StoreUnavailable } from '../../src/ledger/store';
import type { Proof, Receipt } from '../../src/orders/desk';
import type { Order, OrderRequest } from '../../src/orders/order';
import { request, startDesk, TestClock } from '../support/desk';
import { emptied, freshStore } from '../support/store';
import { ToyCutter } from '../support/toy-cutter';
import { until } from '../support/until';

let pglite: PGlite;
let another: (timeoutMs?: number, now?: () => number) => SqlStore;
const closing: (() => Promise<void>)[] = [];

beforeAll(async () => {
  ({ pglite, another } = await freshStore());
});
afterAll(() => pglite.close());
beforeEach(() => emptied(pglite));
afterEach(async () => {
  while (closing.length > 0) await closing.pop()?.();
});

async function setUp(options: { store?: Store; config?: Record<string, unknown> } = {}) {
  const clock = new TestClock();
  const cutter = new ToyCutter();
  const store = options.store ?? another(2_000, clock.now);
  const made = startDesk({
    ...{ store, cutters: [cutter], clock },
    ...(options.config ? { config: options.config } : {}),
  });
  await store.refresh().catch(() => undefined);
  made.start();
  closing.push(made.close);
  return { ...made, clock, store, cutter };
}

const TRIPWIRE: Proof = { kind: 'tripwire' };
const trip = (key: string, scope = 'agent'): OrderRequest => ({
  ...{ key: `tripwire:${key}`, action: 'sever', scope, source: 'tripwire', correlation: key },
  reason: 'key agent-1: $4.10 in the last minute',
});
const orderOf = (receipt: Receipt): Order => {
  if (receipt.kind !== 'accepted') throw new Error(`not accepted: ${JSON.stringify(receipt)}`);
  return receipt.order;
};

it('law 1, stop wins: a trip overtakes a restore that is running', async () => {
  const { desk, by, clock, cutter } = await setUp();
  await desk.outcome(orderOf(await desk.order(request('sever'), by('alice'))), 2_000);
  clock.advance(60);
  let open = (): void => undefined;
  cutter.gate = new Promise((resolve) => {
    open = resolve;
  });
  const restore = orderOf(await desk.order(request('restore'), by('bob')));
  await until(() => cutter.goals.at(-1)?.severed.size === 0);
  const tripped = orderOf(await desk.order(trip('one'), TRIPWIRE));
  cutter.gate = undefined;
  open();
  expect(await desk.outcome(tripped, 2_000)).toMatchObject({ state: 'severed' });
  expect(await desk.outcome(restore, 0)).toMatchObject({ state: 'overtaken' });
  expect(cutter.writes).toEqual(['cut agent']);
});

it('law 3, only a person restores: the tripwire never does, whatever it asks for and however it is asked', async () => {
  const { desk, by, cutter, store } = await setUp();
  await desk.outcome(orderOf(await desk.order(request('sever'), by('alice'))), 2_000);
  const proof = fc.constantFrom<Proof>(
    TRIPWIRE,
    { kind: 'token', token: 'n8n', rights: ['stop', 'restore'] },
    by('bob'),
  );
  const asked = fc.record({ scope: fc.constantFrom('agent', 'llm', 'x'), key: fc.uuid(), proof });
  await fc.assert(
    fc.asyncProperty(asked, async ({ scope, key, proof: shown }) => {
      const bad = { ...request('restore', scope, key), source: 'tripwire' } as const;
      expect(await desk.order(bad, shown)).toEqual({ kind: 'refused', refused: 'not-restorable-by-tripwire' });
      // Nor under another door's name.
      const disguised = await desk.order(request('restore', scope, `${key} sms`), TRIPWIRE);
      expect(disguised).toEqual({ kind: 'refused', refused: 'not-restorable-by-tripwire' });
    }),
    { numRuns: 50 },
  );
  expect(desk.latches().find(({ scope }) => scope === 'agent')).toMatchObject({ state: 'severed' });
  expect(cutter.writes).toEqual(['cut agent']);
  const paper = await store.lines({ limit: 100, kinds: ['refusal'] });
  expect(paper[0]?.data).toMatchObject({ reason: 'not-restorable-by-tripwire', source: 'tripwire' });
});

describe('law 4, doubt stops', () => {
  it('a trip cuts without the ledger, and is on paper when the ledger is back', async () => {
    const store = another();
    const real = store.commit.bind(store);
    const { desk, cutter, spool } = await setUp({ store });
    await until(() => cutter.goals.length > 0);
    store.commit = () => Promise.reject(new StoreUnavailable('away'));
    const receipt = await desk.order(trip('one'), TRIPWIRE);
    expect(receipt).toMatchObject({ kind: 'accepted', order: { number: 0, by: 'tripwire' } });
    await until(() => cutter.cut.has('agent'));
    expect(spool.all()).toHaveLength(1);
    store.commit = real;
    await desk.recordSpooled();
    expect(spool.all()).toEqual([]);
    expect(await store.order(1)).toMatchObject({ source: 'tripwire', by: 'tripwire', action: 'sever' });
    expect(cutter.writes).toEqual(['cut agent']);
  });

  it('what it has to note is written when the ledger is back', async () => {
    const store = another();
    const real = store.commit.bind(store);
    const { desk } = await setUp({ store });
    store.commit = () => Promise.reject(new StoreUnavailable('away'));
    desk.note({ kind: 'tripped', data: { observed: 4.1 } });
    await new Promise((resolve) => setImmediate(resolve));
    store.commit = real;
    await desk.recordSpooled();
    const lines = () => store.lines({ limit: 10, kinds: ['tripped'] });
    await until(async () => (await lines()).length === 1);
    expect((await lines())[0]?.data).toEqual({ observed: 4.1 });
  });
});

it('law 8, on paper: the order says who and why', async () => {
  const { desk, store } = await setUp();
  orderOf(await desk.order(trip('one'), TRIPWIRE));
  const [line] = await store.lines({ limit: 10, kinds: ['order'] });
  expect(line?.data).toMatchObject({
    ...{ number: 1, action: 'sever', scope: 'agent', source: 'tripwire', by: 'tripwire' },
    why: 'key agent-1: $4.10 in the last minute',
  });
  expect(await store.order(1)).toMatchObject({ reason: 'key agent-1: $4.10 in the last minute' });
});

describe('what is cut already', () => {
  it('is not cut for again and again', async () => {
    const { desk, by, clock } = await setUp();
    const person = orderOf(await desk.order(request('sever'), by('alice')));
    clock.advance(1);
    for (const key of ['one', 'two'])
      expect(await desk.order(trip(key), TRIPWIRE)).toMatchObject({
        kind: 'repeated',
        order: { number: person.number },
      });
    // A person's stop still counts, and is seen again.
    clock.advance(60);
    expect(await desk.order(request('sever'), by('bob'))).toMatchObject({ kind: 'accepted', order: { number: 2 } });
    expect(await desk.order(trip('three', 'llm'), TRIPWIRE)).toMatchObject({ kind: 'accepted', order: { number: 3 } });
  });

  it('not through another instance either, though that has not heard of it', async () => {
    const [one, two] = [await setUp(), await setUp()];
    const both = await Promise.all([one.desk.order(trip('one'), TRIPWIRE), two.desk.order(trip('two'), TRIPWIRE)]);
    expect(both.map(({ kind }) => kind).sort()).toEqual(['accepted', 'repeated']);
    expect(await one.store.orders({ limit: 10 })).toHaveLength(1);
  });

  it('is cut again at once when it was restored', async () => {
    const { desk, by, clock } = await setUp();
    await desk.outcome(orderOf(await desk.order(trip('one'), TRIPWIRE)), 2_000);
    clock.advance(60);
    await desk.outcome(orderOf(await desk.order(request('restore'), by('alice'))), 2_000);
    const again = orderOf(await desk.order(trip('two'), TRIPWIRE));
    expect(await desk.outcome(again, 2_000)).toMatchObject({ state: 'severed' });
  });

  it('the same trip is the same order, over a restart', async () => {
    const first = await setUp();
    const order = orderOf(await first.desk.order(trip('one'), TRIPWIRE));
    await first.desk.outcome(order, 2_000);
    first.clock.advance(60);
    await first.desk.outcome(orderOf(await first.desk.order(request('restore'), first.by('alice'))), 2_000);
    await closing.pop()?.();
    const second = await setUp();
    expect(await second.desk.order(trip('one'), TRIPWIRE)).toMatchObject({ kind: 'repeated', order: { number: 1 } });
    expect(second.desk.latches().find(({ scope }) => scope === 'agent')).toMatchObject({ state: 'live' });
  });
});
