import { randomUUID } from 'node:crypto';
import pino from 'pino';
import { schema } from '../../../src/ledger/database';
import { StoreUnavailable } from '../../../src/ledger/store';
import { EVENT_TYPES, type EventBody } from '../../../src/notify/events/event';
import { createSqlOutbox } from '../../../src/notify/events/sql-outbox';
import { type Subscription, wants } from '../../../src/notify/events/subscription';
import { Subscriptions } from '../../../src/notify/events/subscriptions';
import { emptiedOutbox, event, freshOutbox, subscription } from '../../support/outbox';
import { testSealer } from '../../support/store';

let rig: Awaited<ReturnType<typeof freshOutbox>>;
beforeAll(async () => {
  rig = await freshOutbox();
});
afterAll(() => rig.close());
beforeEach(() => emptiedOutbox(rig.pglite));

const add = async (...all: Subscription[]): Promise<void> => {
  for (const one of all) {
    const { open } = await rig.outbox.subscriptions();
    expect(
      await rig.outbox.subscribe(
        one,
        [],
        open.map(({ id }) => id),
      ),
    ).toBe(true);
  }
};
const put = (one: EventBody, due = 0) => rig.outbox.put(one, JSON.stringify(one), due);
const count = async (table: string): Promise<number> => {
  const { rows } = await rig.pglite.query<{ n: number }>(`select count(*)::int as n from pullcord.${table}`);
  return rows[0]?.n ?? Number.NaN;
};

it('keeps a subscription, and of its address and secret nothing that can be read', async () => {
  const one = subscription({ scopes: ['agent'] });
  await add(one);
  expect(await rig.outbox.subscriptions()).toEqual({ open: [one], sealed: [] });
  const { rows } = await rig.pglite.query('select * from pullcord.subscription');
  expect(JSON.stringify(rows)).not.toMatch(/secret-|webhook|example/);
});

it('tells of those that another key sealed that they are there, and owes them nothing that could be sent', async () => {
  const one = subscription();
  await add(one);
  const open = (): never => {
    throw new Error('does not open');
  };
  const other = createSqlOutbox({ database: rig.pglite, timeoutMs: 2_000, sealer: { ...testSealer, open } });
  expect(await other.subscriptions()).toEqual({ open: [], sealed: [{ id: one.id, token: 'n8n' }] });
  const happened = event();
  expect(await put(happened)).toEqual([one.id]);
  expect(await other.owed({ subscription: one.id, event: happened.id })).toBeUndefined();
});

it('puts new ones in the place of those that another key sealed, of the same token alone', async () => {
  const [mine, others] = [subscription(), subscription({ token: 'dashboard' })];
  await add(mine, others);
  const open = (): never => {
    throw new Error('does not open');
  };
  const outbox = createSqlOutbox({ database: rig.pglite, timeoutMs: 2_000, sealer: { ...testSealer, open } });
  const [id, secret] = [randomUUID(), 'shh'];
  const subscriptions = new Subscriptions({
    ...{ outbox, scopes: [], note: () => undefined, logger: pino({ level: 'silent' }), now: () => 5 },
    ...{ randomId: () => id, randomSecret: () => secret },
  });
  const made = await subscriptions.create('n8n', { url: 'https://n8n.example.org/webhook/new', events: ['drill'] });
  expect(made).toMatchObject({ id, secret });
  const left = (await rig.outbox.subscriptions()).open.map((one) => one.id);
  expect(left.sort()).toEqual([id, others.id].sort());
});

it('adds none upon what is not so any more', async () => {
  const [first, second] = [subscription(), subscription()];
  await add(first);
  expect(await rig.outbox.subscribe(second, [], [])).toBe(false);
  expect(await rig.outbox.subscribe(second, [], [second.id])).toBe(false);
  expect((await rig.outbox.subscriptions()).open).toEqual([first]);
});

it('puts one in the place of another, which leaves it what it is owed and what it still wants', async () => {
  const old = subscription();
  await add(old);
  const [wanted, unwanted] = [event('severed'), event('trouble')];
  for (const one of [wanted, unwanted]) await put(one);
  const fresh = subscription({ url: old.url, events: ['severed'] });
  expect(await rig.outbox.subscribe(fresh, [old.id], [old.id])).toBe(true);
  expect((await rig.outbox.subscriptions()).open).toEqual([fresh]);
  expect(await rig.outbox.owed({ subscription: fresh.id, event: wanted.id })).toMatchObject({ attempts: 0 });
  expect(await count('delivery')).toBe(1);
});

it('keeps an event, byte for byte, for those who want it, and for nobody else', async () => {
  const [all, agent, llm] = [subscription(), subscription({ scopes: ['agent'] }), subscription({ scopes: ['llm'] })];
  await add(all, agent, llm);
  const happened = event('severed', { scope: 'agent', text: 'ü "x" \\ \u2028' });
  expect([...(await put(happened))].sort()).toEqual([all.id, agent.id].sort());
  expect(await put(happened)).toEqual([]);
  expect(await rig.outbox.owed({ subscription: agent.id, event: happened.id })).toEqual({
    ...{ subscription: agent, event: { id: happened.id, type: 'severed' }, attempts: 0 },
    body: JSON.stringify(happened),
  });
  expect(await rig.outbox.owed({ subscription: llm.id, event: happened.id })).toBeUndefined();
  expect(await put(event('warned'))).toEqual([]);
  expect(await count('event')).toBe(1);
});

it('knows who wants what as the memory does', async () => {
  const wishes: Pick<Subscription, 'events' | 'scopes'>[] = [
    { events: EVENT_TYPES },
    { events: ['severed'] },
    { events: ['trouble', 'refused'], scopes: ['agent'] },
    { events: ['severed', 'drill'], scopes: ['agent', 'llm'] },
  ];
  const all = wishes.map((wish) => subscription(wish));
  await add(...all);
  for (const type of EVENT_TYPES)
    for (const scope of [undefined, 'agent', 'llm', 'other']) {
      const happened = event(type, scope === undefined ? {} : { scope });
      const expected = all.filter((one) => wants(one, happened)).map(({ id }) => id);
      expect([...(await put(happened))].sort()).toEqual(expected.sort());
    }
});

describe('a delivery', () => {
  let one: Subscription;
  let happened: EventBody;
  const ids = () => ({ subscription: one.id, event: happened.id });
  const seen = async () => (await rig.outbox.subscriptions()).open[0];
  beforeEach(async () => {
    [one, happened] = [subscription(), event()];
    await add(one);
    await put(happened, 100);
  });

  it('is owed no more when it was taken', async () => {
    await rig.outbox.taken(ids(), 7, 204);
    expect(await rig.outbox.owed(ids())).toBeUndefined();
    expect(await seen()).toEqual({ ...one, lastDelivery: { at: 7, ok: true, status: 204 } });
  });

  it('stays owed when it was not, and its subscription fails since the first time', async () => {
    await rig.outbox.failed(ids(), 5, undefined, 50);
    await rig.outbox.failed(ids(), 9, 404, 90);
    expect(await rig.outbox.owed(ids())).toMatchObject({ attempts: 2 });
    expect(await seen()).toEqual({ ...one, lastDelivery: { at: 9, ok: false, status: 404 }, failingSince: 5 });
    await rig.outbox.taken(ids(), 11, 200);
    expect(await seen()).toEqual({ ...one, lastDelivery: { at: 11, ok: true, status: 200 } });
  });

  it('is due when one of its subscription is taken again', async () => {
    const later = event();
    await put(later, 1_000);
    expect(await rig.outbox.claim(20, 80, 9)).toEqual([]);
    await rig.outbox.failed({ ...ids(), event: later.id }, 5, 500, 2_000);
    await rig.outbox.taken(ids(), 20, 200);
    expect(await rig.outbox.claim(20, 80, 9)).toEqual([{ ...ids(), event: later.id }]);
  });

  it('is claimed when it is due, once until the lease is over, so many of a subscription, oldest first', async () => {
    const two = subscription();
    await add(two);
    const more = [event(), event(), event()];
    for (const [i, next] of more.entries()) await put(next, 200 + i);
    expect(await rig.outbox.claim(99, 500, 2)).toEqual([]);
    const claimed = await rig.outbox.claim(202, 500, 2);
    const of = (id: string, from = claimed) =>
      from.filter(({ subscription }) => subscription === id).map((c) => c.event);
    expect(new Set(of(one.id))).toEqual(new Set([happened.id, more[0]?.id]));
    expect(new Set(of(two.id))).toEqual(new Set([more[0]?.id, more[1]?.id]));
    expect(await rig.outbox.claim(202, 500, 1, one.id)).toEqual([{ subscription: one.id, event: more[1]?.id }]);
    const rest = await rig.outbox.claim(202, 500, 9);
    expect([of(one.id, rest), of(two.id, rest)]).toEqual([[more[2]?.id], [more[2]?.id]]);
    expect(await rig.outbox.claim(499, 900, 9)).toEqual([]);
    expect(await rig.outbox.claim(500, 900, 9)).toHaveLength(7);
  });

  it('can be woken', async () => {
    await rig.outbox.failed(ids(), 5, 500, 900);
    expect(await rig.outbox.claim(800, 950, 9)).toEqual([]);
    await rig.outbox.wake(800);
    expect(await rig.outbox.claim(800, 950, 9)).toEqual([ids()]);
  });

  it('goes with its subscription', async () => {
    expect(await rig.outbox.end(one.id)).toBe(true);
    expect(await rig.outbox.end(one.id)).toBe(false);
    expect(await count('delivery')).toBe(0);
    await rig.outbox.failed(ids(), 5, 500, 9);
    await rig.outbox.taken(ids(), 5, 200);
  });

  it('goes with its event when that is too old, or one of too many; how many were owed is told', async () => {
    for (let i = 0; i < 5; i++) await put(event('severed', { at: new Date(2_000 + i).toISOString() }));
    expect(await rig.outbox.prune(1_000, 100)).toBe(0);
    expect(await rig.outbox.prune(1_001, 100)).toBe(1);
    expect(await rig.outbox.owed(ids())).toBeUndefined();
    expect(await rig.outbox.prune(0, 3)).toBe(2);
    expect([await count('event'), await count('delivery')]).toEqual([3, 3]);
  });
});

it('is unavailable when the database is, and says nothing of what it was asked', async () => {
  rig.state.away = true;
  try {
    const one = subscription({ url: 'https://n8n.example.org/webhook/of-a-secret-name' });
    const error: unknown = await rig.outbox.subscribe(one, [], []).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(StoreUnavailable);
    expect(String(error)).not.toMatch(/secret/);
    await expect(put(event())).rejects.toThrow(StoreUnavailable);
  } finally {
    rig.state.away = false;
  }
});

it('may be made again at every start', async () => {
  const one = subscription();
  await add(one);
  await rig.pglite.exec(schema());
  expect((await rig.outbox.subscriptions()).open).toEqual([one]);
});
