import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { StoreUnavailable } from '../../../src/ledger/store';
import type { Notice } from '../../../src/notify/channel';
import { type Events, eventsChannel } from '../../../src/notify/events';
import type { EventType } from '../../../src/notify/events/event';
import { eventIdOf } from '../../../src/notify/events/event-id';
import { LEASE_MS } from '../../../src/notify/events/schedule';
import { TestClock } from '../../support/desk';
import { type RunEventsOptions, type RunningEvents, runEvents, SECRET } from '../../support/events';
import { emptiedOutbox, freshOutbox, outboxOn } from '../../support/outbox';
import { type Received, type Receiver, startReceiver } from '../../support/receiver';
import { isSigned } from '../../support/subscriber';
import { until } from '../../support/until';

const DAY_SECONDS = 24 * 3_600;
type Rig = Awaited<ReturnType<typeof freshOutbox>>;
let rig: Rig;
let receiver: Receiver;
let clock: TestClock;
let events: RunningEvents | undefined;

beforeAll(async () => {
  rig = await freshOutbox();
});
afterAll(() => rig.close());
beforeEach(async () => {
  await emptiedOutbox(rig.pglite);
  rig.state.away = false;
  receiver = await startReceiver();
  clock = new TestClock();
});
afterEach(async () => {
  await stop();
  await receiver.close();
});
const stop = async (): Promise<void> => {
  await events?.close();
  events = undefined;
};

interface Options extends Pick<RunEventsOptions, 'onPaper' | 'idOf'> {
  readonly queue?: boolean;
  readonly on?: Rig;
  readonly tokens?: readonly string[];
}

async function start({ queue = true, on = rig, tokens = ['n8n'], ...more }: Options = {}): Promise<RunningEvents> {
  const place = queue ? { place: { pglite: on.pglite } } : {};
  events = await runEvents({ outbox: on.outbox, now: clock.now, tokens, ...place, ...more });
  return events;
}

const notice = (text: string, kind: Notice['kind'] = 'severed'): Notice => ({
  ...{ kind, text, scope: 'agent', order: 7, at: clock.now() },
});
const texts = (): string[] => [...new Set(receiver.received.map(({ body }) => String(body.text)))];
const owed = async (on = rig): Promise<number> => {
  const { rows } = await on.pglite.query<{ n: number }>('select count(*)::int as n from pullcord.delivery');
  return rows[0]?.n ?? Number.NaN;
};

it('delivers over the queue, and owes nothing then', async () => {
  const events = await start();
  await events.subscribe(receiver.url);
  await events.tell(notice('one'));
  await until(() => receiver.received.length === 1);
  expect(isSigned(receiver.received[0] as Received, SECRET)).toBe(true);
  expect(receiver.received[0]?.body).toMatchObject({ type: 'severed', order: 7, by: 'who ordered 7', source: 'sms' });
  await until(async () => (await owed()) === 0);
});

it('delivers again when the receiver is back, the same event with the same id', async () => {
  const events = await start();
  await events.subscribe(receiver.url);
  const { url } = receiver;
  await receiver.close();
  await events.tell(notice('one'));
  await until(() => events.lines.some(({ msg }) => String(msg).includes('was not taken')));
  receiver = await startReceiver();
  receiver.answer = 404;
  await events.subscribe(receiver.url, ['severed']);
  await events.tell(notice('two'));
  await until(() => receiver.received.length === 2);
  receiver.answer = 200;
  await until(() => receiver.received.length === 3);
  expect(new Set(receiver.received.map(({ body }) => body.id)).size).toBe(1);
  expect(JSON.stringify(events.lines)).not.toContain(new URL(url).pathname);
});

it('delivers without the queue, and takes up what is owed when it is back', async () => {
  const events = await start({ queue: false });
  await events.subscribe(receiver.url);
  receiver.answer = 503;
  await events.tell(notice('one'));
  await until(() => receiver.received.length === 1);
  receiver.answer = 200;
  await until(async () => (await owed()) === 0);
  expect(texts()).toEqual(['one']);
  expect(receiver.received).toHaveLength(2);
});

it('delivers from memory to those that it knows while the database is away', async () => {
  const events = await start();
  await events.subscribe(receiver.url);
  await events.subscribe(`${receiver.url}/other`, ['warned']);
  rig.state.away = true;
  receiver.answer = 503;
  const began = performance.now();
  await events.tell(notice('the ledger does not answer', 'alarm'));
  expect(performance.now() - began).toBeLessThan(1_000);
  await until(() => receiver.received.length === 1);
  receiver.answer = 200;
  await until(() => receiver.received.length === 2);
  expect(new Set(receiver.received.map(({ body }) => body.id)).size).toBe(1);
  expect(receiver.received[1]?.body).toMatchObject({ type: 'trouble', state: 'raised' });
  rig.state.away = false;
  expect(await owed()).toBe(0);
});

it('takes up what was owed over a restart, though the queue has lost everything', async () => {
  const dataDir = join(mkdtempSync(join(tmpdir(), 'pullcord-events-')), 'ledger');
  const first = await freshOutbox(dataDir);
  const events = await start({ on: first });
  await events.subscribe(receiver.url);
  receiver.answer = 500;
  for (const text of ['one', 'two', 'three', 'four', 'five']) await events.tell(notice(text));
  await until(() => texts().length === 5);
  await stop();
  await first.pglite.exec('drop schema bullmq cascade');
  await first.close();

  receiver.answer = 200;
  const again = outboxOn(await PGlite.create({ dataDir }));
  const before = receiver.received.length;
  await start({ on: again });
  await until(async () => (await owed(again)) === 0);
  expect(
    receiver.received
      .slice(before)
      .map(({ body }) => body.text)
      .sort(),
  ).toEqual(['five', 'four', 'one', 'three', 'two']);
  await stop();
  await again.close();
  rmSync(join(dataDir, '..'), { recursive: true });
});

it('takes up by itself what the queue lost while it ran, when its time is over', async () => {
  const events = await start();
  await events.subscribe(receiver.url);
  const at = new Date(clock.now()).toISOString();
  const lost = { id: randomUUID(), type: 'severed', at, text: 'lost' } as const;
  await rig.outbox.put(lost, JSON.stringify(lost), clock.now() + LEASE_MS);
  clock.advance(LEASE_MS / 1_000 - 1);
  const looked = jest.spyOn(rig.outbox, 'claim');
  await until(() => looked.mock.calls.length > 1);
  expect(receiver.received).toEqual([]);
  clock.advance(1);
  await until(() => receiver.received.length === 1);
  await until(async () => (await owed()) === 0);
  looked.mockRestore();
});

it('ends a subscription at 410, on paper, by its host alone', async () => {
  const events = await start();
  const made = await events.subscribe(receiver.url);
  receiver.answer = 410;
  await events.tell(notice('one'));
  await until(() => events.noted.length === 2);
  await events.tell(notice('two'));
  expect(events.subscriptions.known()).toEqual([]);
  expect(await owed()).toBe(0);
  const about = {
    subscription: made.id,
    token: 'n8n',
    events: ['severed', 'trouble'],
    host: new URL(receiver.url).host,
  };
  expect(events.noted).toEqual([
    { kind: 'subscription', data: { ...about, what: 'made' } },
    { kind: 'subscription', data: { ...about, what: 'ended', why: 'its receiver answered 410' } },
  ]);
});

it('tells people of a receiver that takes nothing for a day, and when it takes again; what was too old is gone', async () => {
  const events = await start();
  const made = await events.subscribe(receiver.url);
  receiver.answer = 404;
  await events.tell(notice('one'));
  await until(() => receiver.received.length > 0);
  await until(async () => (await rig.outbox.subscriptions()).open[0]?.failingSince !== undefined);
  expect(events.troubles.size).toBe(0);
  clock.advance(DAY_SECONDS + 1);
  await until(() => events.troubles.size === 1);
  expect([...events.troubles][0]).toEqual([
    `subscription ${made.id}`,
    expect.stringContaining(new URL(receiver.url).host),
  ]);
  expect([...events.troubles][0]?.[1]).not.toContain('/hook');
  expect(await owed()).toBe(0);
  receiver.answer = 200;
  await events.tell(notice('two'));
  await until(() => events.troubles.size === 0);
  expect(receiver.received.at(-1)?.body.text).toBe('two');
});

it('ends those of tokens that are not configured any more', async () => {
  const first = await start({ tokens: ['n8n', 'old'] });
  await first.subscribe(`${receiver.url}/1`, ['severed'], 'old');
  const kept = await first.subscribe(`${receiver.url}/2`, ['severed']);
  await stop();
  const events = await start();
  await until(() => events.subscriptions.known().length === 1);
  expect(events.subscriptions.known()[0]?.id).toBe(kept.id);
  expect(events.noted.at(-1)?.data).toMatchObject({ token: 'old', what: 'ended' });
});

it('is one of the channels: what is told before it is there waits', async () => {
  const events = await start();
  await events.subscribe(receiver.url);
  const late: { events?: Events } = {};
  const channel = eventsChannel(() => late.events);
  expect(await channel.tell(notice('early'))).toBe('retry');
  late.events = events;
  expect(await channel.tell(notice('early'))).toBe('told');
  expect(await channel.tell(notice('nobody wants it', 'warned'))).toBe('told');
  expect(await channel.tell(notice('is no event', 'restoring'))).toBe('told');
  await until(() => receiver.received.length === 1);
  expect(texts()).toEqual(['early']);
});

describe('what an earlier life put on paper and told nobody', () => {
  const idOf = (type: EventType, order: number) => eventIdOf(Buffer.alloc(32, 7), type, order);

  it('is told at the start, once, to those who had asked for it by then', async () => {
    const first = await start({ idOf });
    await first.subscribe(receiver.url, ['severing', 'severed']);
    clock.advance(1);
    await first.tell(notice('being severed', 'severing'));
    await until(() => receiver.received.length === 1);
    await until(async () => (await owed()) === 0);
    await stop();
    const lines = [notice('being severed', 'severing'), notice('severed')];
    const onPaper = async () => lines;
    clock.advance(1);
    const later = await startReceiver();
    const second = await start({ idOf });
    await second.subscribe(later.url, ['severed']);
    await stop();

    await start({ idOf, onPaper });
    await until(() => receiver.received.length === 2);
    await stop();
    await start({ idOf, onPaper });
    await until(async () => (await owed()) === 0);
    expect(receiver.received.map(({ body }) => body.text)).toEqual(['being severed', 'severed']);
    expect(later.received).toEqual([]);
    await later.close();
  });

  it('is not even looked up while nobody has asked for anything', async () => {
    const onPaper = jest.fn(async () => [notice('one')]);
    await start({ idOf, onPaper });
    expect(onPaper).not.toHaveBeenCalled();
  });

  it('and is told as ever when the ledger does not say', async () => {
    await (await start({ idOf })).subscribe(receiver.url);
    await stop();
    const running = await start({ idOf, onPaper: () => Promise.reject(new StoreUnavailable('away')) });
    await running.tell(notice('one'));
    await until(() => receiver.received.length === 1);
    expect(running.lines.map(({ msg }) => String(msg)).join('\n')).toContain('is not known');
  });
});
