import { spendHistory } from '../../../src/intake/http/spend-history-schema';
import type { Line } from '../../../src/ledger/store';
import { StoreUnavailable } from '../../../src/ledger/store';
import { DRILL_SCOPE } from '../../../src/orders/drill';
import { type Door, FakeRecords, NOW, openDoor } from '../../support/http';
import { seenHistory } from '../../support/spend-history';

const MINUTE = 60_000;
const iso = (at: number) => new Date(at).toISOString();

let seq = 0;
const line = (kind: Line['kind'], at: number, data: Line['data']): Line => {
  seq += 1;
  return { seq, at, kind, data, hash: 'h' };
};
const figures = (at: number) => ({ at: iso(at), subject: { kind: 'key', id: 'x', name: 'key agent-1' } });

let records: FakeRecords;
let door: Door;
beforeEach(async () => {
  records = new FakeRecords();
  door = await openDoor({ records, spendHistory: (span) => seenHistory(span, NOW) });
});
afterEach(() => door.listener.close());
const get = (query = '', token = 'n8n') => door.call('GET', `/api/v1/spend/history${query}`, { token });

it.each([
  ['', 'hour', 60, 60],
  ['?span=hour', 'hour', 60, 60],
  ['?span=day', 'day', 300, 288],
  ['?span=week', 'week', 1_800, 336],
])('what was spent, as it can be drawn%s', async (query, span, stepSeconds, steps) => {
  const { status, json } = await get(query);
  expect(status).toBe(200);
  const answer = spendHistory.parse(json);
  expect(answer).toMatchObject({ span, stepSeconds, steps, marks: [] });
  expect(Date.parse(answer.from) + (steps - 1) * stepSeconds * 1000).toBeLessThanOrEqual(NOW);
  expect(answer.all.usd).toHaveLength(steps);
  expect(answer.all.usd.at(0)).toBeNull();
  expect(answer.all.usd.at(-1)).toBe(48.333333);
  expect(answer.all.tokens.at(-1)).toBe(104);
  expect(answer.keys.map(({ name }) => name)).toEqual([...[9, 8, 7, 6, 5, 4, 3, 2].map((n) => `agent-${n}`), 'other']);
  expect(answer.models.map(({ name }) => name)).toEqual(['gpt-4o']);
  expect(answer.bounds.ceiling.at(-1)).toBe(5);
  expect(answer.bounds.trips.at(-1)).toBeNull();
  expect(answer.marksMissing).toBeUndefined();
});

it('marks what the ledger has of the time, with its incident, and no rehearsal', async () => {
  const at = NOW - 10 * MINUTE;
  records.found = [
    { number: 7, scope: 'agent', openedBy: 'tripwire', openedAt: at, orders: [7, 9] },
    { number: 3, scope: 'agent', openedBy: 'alice', openedAt: at, orders: [3] },
  ];
  records.paper = [
    line('severed', NOW - 61 * MINUTE, { scope: 'agent', order: 3, gateways: 1 }),
    line('warned', at + 9, { ...figures(at), scope: 'agent', why: 'key agent-1: dear' }),
    line('tripped', at + 8 * MINUTE, { ...figures(at + 1), scope: 'agent', order: 7, mode: 'act', why: 'too dear' }),
    line('tripped', at + 2, { ...figures(at + 2), scope: 'llm', mode: 'observe', would: 'have cut: dear' }),
    line('order', at + 3, { scope: 'agent', order: 7 }),
    line('severed', at + 4, { scope: DRILL_SCOPE, order: 8, gateways: 1 }),
    line('severed', at + 5, { scope: 'agent', order: 7, gateways: 1, routes: 3 }),
    line('severed', at + 5, { strange: true }),
    line('restored', at + 6, { scope: 'agent', order: 9, gateways: 1 }),
  ];
  expect((await get()).json.marks).toEqual([
    { at: iso(at), kind: 'warned', subject: 'key agent-1', text: 'key agent-1: dear' },
    { at: iso(at + 1), kind: 'tripped', subject: 'key agent-1', text: 'too dear', incident: 7 },
    { at: iso(at + 2), kind: 'tripped', subject: 'key agent-1', text: 'It would have cut: dear' },
    { at: iso(at + 5), kind: 'severed', subject: 'agent', text: 'agent is seen to be severed.', incident: 7 },
    { at: iso(at + 6), kind: 'restored', subject: 'agent', text: 'agent is seen to be restored.', incident: 7 },
  ]);
});

it('two hundred marks at most, the newest', async () => {
  records.paper = Array.from({ length: 300 }, (_, i) =>
    line('warned', NOW - 300 + i, { ...figures(NOW - 300 + i), scope: 'agent', why: `warning ${i}` }),
  );
  const { marks } = spendHistory.parse((await get()).json);
  expect(marks).toHaveLength(200);
  expect([marks[0]?.text, marks.at(-1)?.text]).toEqual(['warning 100', 'warning 299']);
});

it('answers without the ledger, and says that nobody knows the marks', async () => {
  records.failure = new StoreUnavailable('gone');
  const { status, json } = await get('?span=day');
  expect(status).toBe(200);
  expect(json).toMatchObject({ span: 'day', marks: [], marksMissing: true });
});

it.each(['?span=year', '?span=', '?span=day&span=week', '?spans=day'])('%s is refused', async (query) => {
  expect(await get(query)).toMatchObject({ status: 400 });
  expect(records.asked).toEqual([]);
});

it('wants the right status, and a tripwire', async () => {
  expect(await get('', 'stopper')).toMatchObject({ status: 403 });
  expect(records.asked).toEqual([]);
  const without = await openDoor({ records });
  expect(await without.call('GET', '/api/v1/spend/history')).toMatchObject({
    status: 404,
    json: { detail: expect.stringContaining('No tripwire is configured.') },
  });
  await without.listener.close();
});
