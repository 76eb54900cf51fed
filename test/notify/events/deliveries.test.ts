import fc from 'fast-check';
import pino from 'pino';
import { StoreUnavailable } from '../../../src/ledger/store';
import { Deliveries } from '../../../src/notify/events/deliveries';
import type { EventBody } from '../../../src/notify/events/event';
import type { DeliveryIds } from '../../../src/notify/events/outbox';
import { createPoster, type Poster } from '../../../src/notify/events/post';
import { KEPT, KEPT_MS, LEASE_MS } from '../../../src/notify/events/schedule';
import type { Subscription } from '../../../src/notify/events/subscription';
import { emptiedOutbox, event, freshOutbox, subscription } from '../../support/outbox';
import { type Receiver, startReceiver } from '../../support/receiver';
import { until } from '../../support/until';

let rig: Awaited<ReturnType<typeof freshOutbox>>;
let receiver: Receiver;
let poster: Poster;
let now = 0;
beforeAll(async () => {
  rig = await freshOutbox();
  receiver = await startReceiver();
});
afterAll(async () => {
  await rig.close();
  await receiver.close();
});

interface Line {
  readonly level: number;
  readonly msg: string;
}
let lines: Line[];
let brought: DeliveryIds[];
let one: Subscription;
let deliveries: Deliveries;
async function setUp(): Promise<void> {
  await emptiedOutbox(rig.pglite);
  [lines, brought, now] = [[], [], 1_000];
  receiver.answer = 204;
  (receiver.received as unknown[]).length = 0;
  one = subscription({ url: receiver.url });
  const { open } = await rig.outbox.subscriptions();
  await rig.outbox.subscribe(
    one,
    [],
    open.map(({ id }) => id),
  );
  poster = createPoster({ version: '0.0.0', now: () => now });
  deliveries = start();
}
const start = (): Deliveries =>
  new Deliveries({
    ...{ outbox: rig.outbox, poster, bring: (ids) => brought.push(ids), now: () => now },
    onGone: async ({ id }) => void (await rig.outbox.end(id)),
    logger: pino({ level: 'debug' }, { write: (line) => void lines.push(JSON.parse(line)) }),
  });
beforeEach(setUp);
afterEach(() => poster.close());

const put = async (happened: EventBody = event()): Promise<DeliveryIds> => {
  await rig.outbox.put(happened, JSON.stringify(happened), now + LEASE_MS);
  return { subscription: one.id, event: happened.id };
};
const times = ({ event: id }: DeliveryIds): number => receiver.received.filter(({ body }) => body.id === id).length;

it('sends what is owed, once', async () => {
  const ids = await put();
  expect(await deliveries.deliver(ids)).toBe('over');
  expect(await deliveries.deliver(ids)).toBe('over');
  expect(times(ids)).toBe(1);
  expect(await rig.outbox.owed(ids)).toBeUndefined();
});

it('sends what is not owed to nobody', async () => {
  const ids = await put();
  await rig.outbox.end(one.id);
  expect(await deliveries.deliver(ids)).toBe('over');
  expect(receiver.received).toEqual([]);
});

it('asks for another try while they are quick, and leaves it owed then', async () => {
  receiver.answer = 404;
  const ids = await put();
  for (let tries = 1; tries <= 12; tries++) expect(await deliveries.deliver(ids)).toBe(tries <= 10 ? 'again' : 'over');
  expect(await rig.outbox.owed(ids)).toMatchObject({ attempts: 12 });
  expect(lines.filter(({ level }) => level >= 40)).toHaveLength(1);
  receiver.answer = 200;
  expect(await deliveries.deliver(ids)).toBe('over');
  expect(lines.at(-1)).toMatchObject({ level: 30, msg: 'a subscriber takes events again' });
  expect(JSON.stringify(lines)).not.toMatch(/\/hook|secret/);
});

it('takes up what waits behind it', async () => {
  const [first, second] = [await put(), await put()];
  receiver.answer = 500;
  await deliveries.deliver(second);
  receiver.answer = 200;
  await deliveries.deliver(first);
  expect(brought).toEqual([second]);
});

it('ends with the subscription at 410', async () => {
  receiver.answer = 410;
  const ids = await put();
  expect(await deliveries.deliver(ids)).toBe('over');
  expect((await rig.outbox.subscriptions()).open).toEqual([]);
});

it('does not send again what was taken when the outbox could not be told', async () => {
  const ids = await put();
  const owed = await rig.outbox.owed(ids);
  if (!owed) throw new Error('not owed');
  const away = {
    ...rig.outbox,
    owed: async () => owed,
    taken: () => Promise.reject(new StoreUnavailable('away')),
  };
  const state: { outbox: typeof rig.outbox } = { outbox: away };
  const through = new Deliveries({
    ...{ poster, bring: () => undefined, onGone: async () => undefined, logger: pino({ level: 'silent' }) },
    now: () => now,
    outbox: new Proxy(rig.outbox, { get: (_target, name) => state.outbox[name as 'owed'] }),
  });
  await expect(through.deliver(ids)).rejects.toThrow(StoreUnavailable);
  await expect(through.deliver(ids)).rejects.toThrow(StoreUnavailable);
  state.outbox = rig.outbox;
  expect(await through.deliver(ids)).toBe('over');
  expect(times(ids)).toBe(1);
  expect(await rig.outbox.owed(ids)).toBeUndefined();
});

it('does not send again what was taken without being kept, though it was kept after all', async () => {
  const happened = event();
  const body = JSON.stringify(happened);
  const delivery = { subscription: one, event: happened, body, attempts: 0 };
  receiver.answer = 503;
  expect(await deliveries.deliverUnkept(delivery)).toBe('again');
  receiver.answer = 200;
  expect(await deliveries.deliverUnkept(delivery)).toBe('over');
  const ids = await put(happened);
  expect(await deliveries.deliver(ids)).toBe('over');
  expect(times(ids)).toBe(2);
  expect(await rig.outbox.owed(ids)).toBeUndefined();
});

it('has four under way for one subscriber that is silent, eight in line, and puts the rest off', async () => {
  receiver.answer = 'silence';
  poster.close();
  poster = createPoster({ version: '0.0.0', now: () => now, timeoutMs: 500 });
  deliveries = start();
  const all = await Promise.all(Array.from({ length: 15 }, () => put()));
  const results = all.map((ids) => deliveries.deliver(ids));
  await until(() => receiver.received.length === 4);
  expect(await Promise.all(results.slice(12))).toEqual(['again', 'again', 'again']);
  expect(receiver.received).toHaveLength(4);
  receiver.answer = 200;
  expect(await Promise.all(results.slice(4, 12))).toEqual(Array(8).fill('over'));
  expect(await Promise.all(results.slice(0, 4))).toEqual(Array(4).fill('again'));
  const rest = all.slice(12);
  await Promise.all(rest.map((ids) => deliveries.deliver(ids)));
  for (const ids of all.slice(4)) expect(times(ids)).toBe(1);
});

it('ends soon, and what was under way stays owed without a mark', async () => {
  receiver.answer = 'silence';
  const ids = await put();
  const result = deliveries.deliver(ids);
  await until(() => receiver.received.length === 1);
  const began = performance.now();
  await deliveries.close(50);
  expect(performance.now() - began).toBeLessThan(1_000);
  expect(await result).toBe('again');
  expect(await rig.outbox.owed(ids)).toMatchObject({ attempts: 0 });
  expect(await deliveries.deliver(ids)).toBe('again');
  expect(receiver.received).toHaveLength(1);
});

/** Whatever the receiver answers: taken means never again, not taken means owed, for a day, and then it is let go. */
it('at least once, and not once more', async () => {
  const status = fc.constantFrom(200, 204, 301, 400, 404, 429, 500, 503);
  const step = fc.record({ which: fc.nat(2), status, minutes: fc.nat(30), restart: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      poster.close();
      await setUp();
      const all = [await put(), await put(), await put()];
      const taken = new Set<string>();
      for (const { which, status: answer, minutes, restart } of steps) {
        const ids = all[which] as DeliveryIds;
        receiver.answer = answer;
        now += minutes * 60_000;
        if (restart) deliveries = start();
        const before = times(ids);
        await deliveries.deliver(ids);
        expect(times(ids) - before).toBe(taken.has(ids.event) ? 0 : 1);
        if (answer < 300) taken.add(ids.event);
        await rig.outbox.prune(now - KEPT_MS, KEPT);
        for (const each of all) expect((await rig.outbox.owed(each)) === undefined).toBe(taken.has(each.event));
      }
      await rig.outbox.prune(now + KEPT_MS, KEPT);
      for (const each of all) expect(await rig.outbox.owed(each)).toBeUndefined();
    }),
    { numRuns: 30 },
  );
}, 60_000);
