import fc from 'fast-check';
import { z } from 'zod';
import type { Line } from '../../../src/ledger/store';
import { EVENT_TYPES } from '../../../src/notify/events/event';
import { eventIdOf } from '../../../src/notify/events/event-id';
import { lastOnPaper } from '../../../src/notify/events/on-paper';

const MINUTE = 60_000;
const line = (kind: Line['kind'], at: number, data: Line['data']): Line => ({ seq: 1, hash: '', kind, at, data });
const said = async (...lines: Line[]) =>
  (await lastOnPaper({ lines: async () => lines })).map(({ kind, scope, order, at }) => [kind, scope, order, at]);

it('says what an order brought, in the order of the ledger', async () => {
  const found = await said(
    line('order', 1, { number: 4, action: 'sever', scope: 'agent' }),
    line('severed', 2, { order: 4, scope: 'agent' }),
    line('order', 3, { number: 5, action: 'restore', scope: 'agent' }),
    line('restored', 4, { order: 5, scope: 'agent' }),
  );
  expect(found).toEqual([
    ['severing', 'agent', 4, 1],
    ['severed', 'agent', 4, 2],
    ['restored', 'agent', 5, 4],
  ]);
});

it('says it in the words that it was to be told in', async () => {
  const [notice] = await lastOnPaper({ lines: async () => [line('severed', 2, { order: 4, scope: 'agent' })] });
  expect(notice?.text).toBe('agent is severed, and every gateway was seen to refuse it, order 4.');
});

it('says what was decided about a fallback', async () => {
  const data = { fallback: 'cloud', state: 'fallback', number: 7, by: 'alice', why: 'ordered', source: 'sms' };
  const until = '2026-01-02T03:04:05.000Z';
  const lines = [line('fallback', 2, { ...data, until }), line('fallback', 3, { ...data, state: 'odd' })];
  expect(await lastOnPaper({ lines: async () => lines })).toEqual([
    {
      ...{ kind: 'fallback', text: 'cloud: gone over to the fallback by alice: ordered.', at: 2 },
      fallback: { name: 'cloud', state: 'fallback', order: 7, by: 'alice', why: 'ordered', until },
    },
  ]);
});

it('leaves out drills, what is older than ten minutes, and what it does not understand', async () => {
  const found = await said(
    line('severed', 0, { order: 1, scope: 'agent' }),
    line('severed', MINUTE, { order: 2, scope: 'agent' }),
    line('severed', 2 * MINUTE, { order: 3, scope: 'drill' }),
    line('severed', 3 * MINUTE, { scope: 'agent' }),
    line('order', 11 * MINUTE, { number: 6, action: 'sever' }),
  );
  expect(found).toEqual([['severed', 'agent', 2, MINUTE]]);
  expect(await said()).toEqual([]);
});

it('names each step of each order, and in each installation otherwise', () => {
  const [one, other] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.tuple(fc.constantFrom(...EVENT_TYPES), fc.nat()), { selector: String, minLength: 1 }),
      (steps) => {
        const ids = [one, other].flatMap((key) => steps.map(([type, order]) => eventIdOf(key, type, order)));
        expect(new Set(ids).size).toBe(ids.length);
        for (const id of ids) expect(z.uuid().safeParse(id).success).toBe(true);
        expect(steps.map(([type, order]) => eventIdOf(one, type, order))).toEqual(ids.slice(0, steps.length));
      },
    ),
  );
});
