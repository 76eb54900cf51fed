import { LEAVE_MS } from '../../src/latch/turn';
import { until } from '../support/until';
import { type Instance, type Instances, ROUTES, startInstances } from './parts/instances';
import { BOUND_MS, Longest, moments, readied, results, type Word } from './parts/orders';
import { startPostgres } from './parts/postgres';
import { startRedis } from './parts/redis';
import type { Server } from './parts/server';

/**
 * One of two real processes is frozen with SIGSTOP in the middle of an order. The other one carries out a later order,
 * and then it wakes: with answers in its sockets that gave it leave to write long ago.
 */

let postgres: Server;
let redis: Server;
let it_: Instances;
let frozen: Instance;
let other: Instance;
const longest = new Longest();
beforeAll(async () => {
  [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
  it_ = await startInstances({ count: 2, postgres, redis });
  [frozen, other] = it_.all as [Instance, Instance];
}, 120_000);
afterAll(async () => {
  longest.print();
  await it_.close();
  await Promise.all([postgres.remove(), redis.remove()]);
});

afterEach(() => frozen.thaw());

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const order = async (): Promise<string | undefined> =>
  (await it_.sql<{ action: string }>('select action from pullcord.orders order by number desc limit 1'))[0]?.action;

/** Nothing but this was written since. */
async function wrote(since: number, ids: readonly string[]): Promise<void> {
  const others = it_.writes.slice(since).filter((one) => one.ids.join() !== ids.join());
  const orders = others.length > 0 ? await it_.sql('select number, action from pullcord.orders order by number') : [];
  expect({ others, orders: orders.slice(-4) }).toEqual({ others: [], orders: [] });
}

/** Sends the order through the door of an instance that freezes at the n-th thing that crosses from there on. */
async function freezeAt(n: number, word: Word): Promise<{ readonly answered: Promise<unknown> } | undefined> {
  await readied(word, it_, other);
  const at = new Promise<void>((resolve) => {
    frozen.moment.set(
      n,
      () => {
        frozen.freeze();
        resolve();
      },
      false,
    );
  });
  const answered = it_.text(frozen, word);
  const come = await Promise.race([at.then(() => true), answered.then(() => false)]);
  if (come) return { answered };
  // What crosses later is no part of the order.
  frozen.moment.set(Number.POSITIVE_INFINITY, () => undefined, false);
  frozen.thaw();
  return undefined;
}

const MOMENTS = 40;

describe('law 1, stop wins: frozen in the middle of a RESTORE, and a STOP through the other one', () => {
  it.each(moments(MOMENTS, 12, 11))(
    'at moment %i: it writes nothing when it wakes, and catches up',
    async (n) => {
      const freeze = await freezeAt(n, 'RESTORE');
      if (!freeze) return;
      const began = performance.now();
      const sent = await it_.text(other, 'STOP');
      await it_.becomes('severed', BOUND_MS);
      expect(longest.note('while the other one is frozen in a RESTORE', sent)).toBeLessThan(BOUND_MS);
      // Shorter, and it may still have leave.
      await pause(Math.max(0, LEAVE_MS + 50 - (performance.now() - began)));
      const { length } = it_.writes;
      frozen.thaw();
      await freeze.answered;
      await pause(1_500);
      if ((await order()) === 'sever') {
        await wrote(length, ROUTES);
        await it_.becomes('severed');
        expect(await it_.latch()).toBe('severed');
      } else await it_.becomes('live');
      expect(results(sent)).toHaveLength(1);
      const caughtUp = await it_.text(frozen, 'STOP');
      await until(() => results(caughtUp).length === 1, BOUND_MS);
    },
    60_000,
  );
});

describe('law 1: frozen in the middle of a STOP, and a RESTORE through the other one', () => {
  it.each(moments(MOMENTS, 8, 13))(
    'at moment %i: it does not cut again when it wakes',
    async (n) => {
      const freeze = await freezeAt(n, 'STOP');
      if (!freeze) return;
      const began = performance.now();
      const taken = (await order()) === 'sever';
      if (taken) await it_.becomes('severed', BOUND_MS);
      await pause(Math.max(0, LEAVE_MS + 50 - (performance.now() - began)));
      await it_.text(other, 'RESTORE');
      if (taken) await it_.becomes('live');
      const { length } = it_.writes;
      frozen.thaw();
      await freeze.answered;
      await pause(1_500);
      if ((await order()) === 'restore') {
        await wrote(length, []);
        await it_.becomes('live');
      } else await it_.becomes('severed');
    },
    60_000,
  );
});

it('what was in the wire before a STOP and comes after it is undone within a period', async () => {
  await readied('RESTORE', it_, other);
  let letGo = (): void => undefined;
  frozen.heldUp = new Promise((resolve) => {
    letGo = resolve;
  });
  const { length } = it_.writes;
  const restore = it_.text(frozen, 'RESTORE');
  await until(async () => (await it_.latch()) === 'restoring');
  await pause(200);
  const sent = await it_.text(other, 'STOP');
  await it_.becomes('severed', BOUND_MS);
  longest.note('while a write of a RESTORE is on its way', sent);
  letGo();
  frozen.heldUp = undefined;
  await until(() => it_.writes.slice(length).some(({ by, ids }) => by === frozen.name && ids.length === 0));
  const landed = performance.now();
  await until(() => it_.writes.at(-1)?.ids.length === ROUTES.length, 8_000);
  process.stdout.write(
    `a write that was held up on its way was undone after ${Math.round(performance.now() - landed)} ms\n`,
  );
  await it_.becomes('severed');
  await restore;
  await it_.ledgerHolds();
}, 60_000);
