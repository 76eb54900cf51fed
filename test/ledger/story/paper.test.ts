import type { PGlite } from '@electric-sql/pglite';
import { incidents } from '../../../src/ledger/incident';
import type { SqlStore } from '../../../src/ledger/sql-store';
import type { Entry } from '../../../src/ledger/store';
import { readPaper } from '../../../src/ledger/story/paper';
import type { Order } from '../../../src/orders/order';
import { emptied, freshStore } from '../../support/store';

let pglite: PGlite;
let store: SqlStore;
let now = 1_000_000_000;
beforeAll(async () => {
  ({ pglite, store } = await freshStore(() => now));
});
afterAll(() => pglite.close());
beforeEach(async () => {
  await emptied(pglite);
  await store.refresh();
});

async function ordered(action: Order['action'], scope = 'agent', by = 'alice'): Promise<number> {
  let number = 0;
  await store.commit((state) => {
    number = state.orders + 1;
    const order = { number, key: `k${number}`, action, scope, source: 'sms', by, correlation: 'c', at: now } as const;
    const data = { number, action, scope, source: 'sms', by, correlation: 'c' };
    return { entries: [{ kind: 'order', data }], order };
  });
  return number;
}
const note = (kind: Entry['kind'], data: object, times = 1) =>
  store.commit(() => ({ entries: Array.from({ length: times }, () => ({ kind, data: data as Entry['data'] })) }));
const seen = (kind: 'severed' | 'restored', order: number, scope = 'agent') =>
  note(kind, { scope, order, gateways: 1 });
const read = (number: number) => readPaper(store.incidentShelf(), number);
const kindsOf = async (number: number) => (await read(number))?.lines.map(({ kind }) => kind);

describe('an incident as it is read', () => {
  it('has what was seen before, what happened in it, and nothing of what came afterwards', async () => {
    await note('warned', { scope: 'agent' });
    await note('warned', { scope: 'llm' });
    const sever = await ordered('sever');
    await note('write', { cutter: 'x', order: sever });
    await seen('severed', sever);
    const again = await ordered('sever');
    const restore = await ordered('restore');
    await seen('restored', restore);
    await note('reply', { order: restore, text: 'RESTORED' });
    await note('drift', { cutter: 'x' });
    const next = await ordered('sever');

    const paper = await read(sever);
    expect(paper?.lines.map(({ kind }) => kind)).toEqual([
      ...['warned', 'order', 'write', 'severed', 'order', 'order', 'restored', 'reply'],
    ]);
    expect(paper?.truncated).toBe(false);
    expect(paper?.incident).toMatchObject({ number: sever, orders: [sever, again, restore] });
    const listed = incidents(await store.orders({ limit: 9 }), await store.lines({ limit: 99 }), 9);
    expect(listed.find(({ number }) => number === sever)).toEqual(paper?.incident);
    // The one that is open, and began when the other one was over: what was seen before that isn't its own.
    expect(await kindsOf(next)).toEqual(['order']);
  });

  it('is found by the order that opened it alone', async () => {
    const sever = await ordered('sever');
    const again = await ordered('sever');
    const restore = await ordered('restore');
    const overtaking = await ordered('sever');
    for (const number of [again, restore, overtaking, 99]) expect(await read(number)).toBeUndefined();
    expect((await read(sever))?.incident.orders).toEqual([sever, again, restore, overtaking]);
  });

  it('with two digits where another one has one, and words from outside that look like numbers', async () => {
    for (let i = 0; i < 10; i++) await seen('restored', i);
    const one = await ordered('sever', 'agent', '"number":2,');
    const two = await ordered('sever', 'llm');
    expect((await read(two))?.lines.map(({ data }) => data.number)).toEqual([two]);
    expect((await read(one))?.lines[0]?.data.number).toBe(one);
  });

  it('knows what is too long ago, and what was tried just before', async () => {
    await note('warned', { scope: 'agent', why: 'long ago' });
    now += 3 * 3_600_000;
    await note('refusal', { scope: 'agent', reason: 'code-wrong' });
    now += 3_600_000;
    await note('warned', { scope: 'agent' });
    await note('refusal', { scope: 'agent', reason: 'code-used' });
    expect(await kindsOf(await ordered('sever'))).toEqual(['warned', 'refusal', 'order']);
  });

  it('reads so much and no more, the end of it in any case, and says so', async () => {
    const sever = await ordered('sever');
    await note('write', { cutter: 'first', order: sever });
    await note('refusal', { scope: 'agent', reason: 'code-wrong' }, 3_000);
    await note('write', { cutter: 'last', order: sever });
    const restore = await ordered('restore');
    await seen('restored', restore);
    const paper = await read(sever);
    expect(paper?.truncated).toBe(true);
    expect(paper?.lines.length).toBeLessThan(2_600);
    expect(paper?.lines.filter(({ kind }) => kind === 'write').map(({ data }) => data.cutter)).toEqual([
      'first',
      'last',
    ]);
    expect(paper?.lines.at(-1)?.kind).toBe('restored');
  });

  it('lets an order in between: no statement reads more than a page', async () => {
    const sever = await ordered('sever');
    await note('refusal', { scope: 'agent', reason: 'code-wrong' }, 3_000);
    const shelf = store.incidentShelf();
    let most = 0;
    let ordersBetween = 0;
    const counted = {
      ...shelf,
      span: async (query: Parameters<typeof shelf.span>[0]) => {
        // Stands in line behind one statement alone, as everybody does.
        const stop = ordered('sever', 'llm').then(() => {
          ordersBetween += 1;
        });
        const lines = await shelf.span(query);
        await stop;
        most = Math.max(most, lines.length);
        return lines;
      },
    };
    expect((await readPaper(counted, sever))?.incident.number).toBe(sever);
    expect(most).toBe(500);
    expect(ordersBetween).toBeGreaterThan(5);
  });

  it('leaves out a line that somebody has spoilt', async () => {
    const sever = await ordered('sever');
    await note('write', { cutter: 'x', order: sever });
    await pglite.exec(`update pullcord.ledger set data = '{' where kind = 'write'`);
    expect(await kindsOf(sever)).toEqual(['order']);
  });

  it('is read by an index, however long the ledger is', async () => {
    await pglite.exec('set enable_seqscan = off; set enable_bitmapscan = off');
    const { rows } = await pglite.query(
      `explain select seq from pullcord.ledger where kind = 'order' and seq < 9 order by seq desc limit 1`,
    );
    await pglite.exec('reset enable_seqscan; reset enable_bitmapscan');
    expect(JSON.stringify(rows)).toContain('ledger_kind');
  });
});
