import { Redis } from 'ioredis';
import { openPostgres } from '../../src/ledger/postgres';
import type { Notice } from '../../src/notify/channel';
import { createSqlOutbox } from '../../src/notify/events/sql-outbox';
import { MAX_SUBSCRIPTIONS } from '../../src/notify/events/subscription';
import { TestClock } from '../support/desk';
import { type RunningEvents, runEvents, SECRET } from '../support/events';
import { type Receiver, startReceiver } from '../support/receiver';
import { testSealer } from '../support/store';
import { isSigned } from '../support/subscriber';
import { until } from '../support/until';
import { startPostgres } from './parts/postgres';
import { startRedis } from './parts/redis';
import type { Server } from './parts/server';

/** Two instances of events, on a real Postgres and with a real Redis, or the queue in Postgres too. */

let postgres: Server;
let redis: Server;
let receiver: Receiver;
let clock: TestClock;
let databases: ReturnType<typeof openPostgres>[];
let instances: RunningEvents[];
beforeAll(async () => {
  [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
});
afterAll(() => Promise.all([postgres.remove(), redis.remove()]));

beforeEach(async () => {
  receiver = await startReceiver();
  clock = new TestClock();
  [databases, instances] = [[], []];
});
afterEach(async () => {
  await Promise.all(instances.map((one) => one.close()));
  await databases[0]?.query('delete from pullcord.subscription');
  await Promise.all(databases.map((one) => one.close()));
  await receiver.close();
});

async function start(queue: 'redis' | 'postgres' = 'redis'): Promise<RunningEvents> {
  const database = openPostgres(postgres.url, 1_000);
  databases.push(database);
  const place = queue === 'redis' ? { redisUrl: redis.url } : { databaseUrl: postgres.url };
  const outbox = createSqlOutbox({ database, sealer: testSealer, timeoutMs: 1_000 });
  const events = await runEvents({ outbox, place, now: clock.now });
  instances.push(events);
  return events;
}
const notice = (text: string): Notice => ({ kind: 'severed', text, scope: 'agent', order: 7, at: clock.now() });
const texts = (): string[] => [...new Set(receiver.received.map(({ body }) => String(body.text)))].sort();
const owed = async (): Promise<number> => {
  const answer = await databases[0]?.query('select count(*)::int as n from pullcord.delivery').catch(() => undefined);
  return (answer?.rows[0] as { n: number } | undefined)?.n ?? Number.NaN;
};
/** The leases of what was lost run out. */
const owesNothing = () =>
  until(async () => {
    clock.advance(60);
    return (await owed()) === 0;
  }, 20_000);
const names = Array.from({ length: 30 }, (_, i) => `event ${10 + i}`);

it.each(['redis', 'postgres'] as const)(
  'delivers what either instance tells, signed, the queue in %s',
  async (queue) => {
    const [one, two] = [await start(queue), await start(queue)];
    await one.subscribe(receiver.url);
    await Promise.all(names.map((name, i) => (i % 2 ? one : two).tell(notice(name))));
    await until(() => texts().length === names.length);
    await until(async () => (await owed()) === 0);
    expect(texts()).toEqual(names);
    // Nothing went wrong: so nothing came twice.
    expect(receiver.received).toHaveLength(names.length);
    for (const received of receiver.received) expect(isSigned(received, SECRET)).toBe(true);
  },
);

it('keeps the bound on subscriptions, though two instances are asked at once', async () => {
  const [one, two] = [await start(), await start()];
  const wishes = Array.from({ length: MAX_SUBSCRIPTIONS - 2 }, (_, i) => `${receiver.url}/${i}`);
  for (const url of wishes) await one.subscribe(url);
  const results = await Promise.allSettled(
    Array.from({ length: 6 }, (_, i) => (i % 2 ? one : two).subscribe(`${receiver.url}/more-${i}`)),
  );
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
  expect((await two.subscriptions.of('n8n')).length).toBe(MAX_SUBSCRIPTIONS);
  const again = await Promise.all([one.subscribe(`${receiver.url}/1`), two.subscribe(`${receiver.url}/1`)]);
  const left = (await one.subscriptions.of('n8n')).filter(({ url }) => url === `${receiver.url}/1`);
  expect(left).toHaveLength(1);
  expect(again.map(({ id }) => id)).toContain(left[0]?.id);
});

it('loses nothing when Redis loses everything, or is killed in between', async () => {
  const events = await start();
  await events.subscribe(receiver.url);
  receiver.answer = 503;
  for (const name of names.slice(0, 10)) await events.tell(notice(name));
  await until(() => texts().length === 10);
  const client = new Redis(redis.url);
  await client.flushall();
  client.disconnect();
  await redis.kill();
  for (const name of names.slice(10, 20)) await events.tell(notice(name));
  await until(() => texts().length === 20, 10_000);
  await redis.start();
  for (const name of names.slice(20)) await events.tell(notice(name));
  receiver.answer = 200;
  await until(() => texts().length === names.length, 10_000);
  await owesNothing();
  expect(texts()).toEqual(names);
});

it('goes on from memory while Postgres is killed or frozen, and from the database when it is back', async () => {
  const events = await start();
  await events.subscribe(receiver.url);
  await postgres.kill();
  await events.tell(notice('killed'));
  await until(() => texts().length === 1, 10_000);
  await postgres.start();
  await owesNothing();
  postgres.pause();
  const began = performance.now();
  await events.tell(notice('frozen'));
  expect(performance.now() - began).toBeLessThan(3_000);
  await until(() => texts().length === 2, 10_000);
  postgres.resume();
  await owesNothing();
  await events.tell(notice('well'));
  await until(() => texts().length === 3, 10_000);
  await until(async () => (await owed()) === 0, 10_000);
  // What the frozen database took after all is not sent again: this instance saw it taken.
  expect(receiver.received.map(({ body }) => body.text)).toEqual(['killed', 'frozen', 'well']);
});
