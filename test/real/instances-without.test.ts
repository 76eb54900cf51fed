import { Redis } from 'ioredis';
import { until } from '../support/until';
import { type Instance, type Instances, ROUTES, type Sent, startInstances } from './parts/instances';
import { BOUND_MS, becomes, Longest, moments, readied, results } from './parts/orders';
import { startPostgres } from './parts/postgres';
import { startRedis } from './parts/redis';
import type { Server } from './parts/server';

/** Several real processes that lose their queue or their database in the middle of orders. */

let postgres: Server;
let redis: Server;
let it_: Instances;
const longest = new Longest();
beforeAll(async () => {
  [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
  it_ = await startInstances({ count: 3, postgres, redis });
}, 120_000);
afterAll(async () => {
  longest.print();
  await it_.close();
  await Promise.all([postgres.remove(), redis.remove()]);
});

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const door = (i: number): Instance => it_.all[i % it_.all.length] as Instance;

/** It comes back with nothing of what it had. */
async function emptied(): Promise<void> {
  const client = new Redis(redis.url);
  await client.flushall();
  client.disconnect();
  await redis.kill();
  await redis.start();
}

describe('Redis is restarted empty in the middle of an order', () => {
  it.each(['STOP', 'RESTORE'] as const)(
    '%s: it is carried out, once, and answered once',
    async (word) => {
      for (const [i, n] of moments(30, 3, 17).entries()) {
        await readied(word, it_, door(i));
        const ordered = await it_.orders();
        let emptying: Promise<void> | undefined;
        door(i).moment.set(
          n,
          () => {
            emptying = emptied();
          },
          false,
        );
        const sent = await it_.text(door(i), word);
        await it_.becomes(becomes[word], BOUND_MS);
        if (word === 'STOP') expect(longest.note('while Redis is restarted empty', sent)).toBeLessThan(BOUND_MS);
        await until(() => results(sent).length > 0, 15_000);
        await emptying;
        await pause(1_000);
        expect(results(sent)).toHaveLength(1);
        expect(await it_.orders()).toBe(ordered + 1);
      }
      await it_.ledgerHolds();
    },
    90_000,
  );
});

describe('law 4, doubt stops, never starts: Postgres is stopped in the middle', () => {
  it.each(['dead', 'frozen'] as const)(
    '%s: each instance stops within its bound, none restores; recorded once, latched',
    async (how) => {
      await readied('STOP', it_, door(0));
      const ordered = await it_.orders();
      await (how === 'dead' ? postgres.kill() : postgres.pause());
      const stops: Sent[] = [];
      for (const [i, scope] of ['left', 'right', 'agent'].entries()) {
        const sent = await it_.text(door(i), `STOP ${scope}`);
        const cut = { left: ['r1'], right: ['r1', 'r2'], agent: ROUTES }[scope] ?? [];
        await until(async () => (await Promise.all(cut.map(it_.refuses))).every(Boolean), BOUND_MS);
        expect(longest.note(`Postgres ${how}`, sent)).toBeLessThan(BOUND_MS);
        stops.push(sent);
      }
      const refused = await Promise.all(it_.all.map((one) => it_.text(one, 'RESTORE agent')));
      for (const sent of refused) expect(sent.replies().join()).toContain('RESTORE refuses');
      const { length } = it_.writes;
      await (how === 'dead' ? postgres.start() : postgres.resume());
      for (const scope of ['left', 'right', 'agent'])
        await until(async () => (await it_.latch(scope).catch(() => '')) === 'severed', 20_000);
      await pause(3_000);
      // Whoever heard of the database first must not take the others' stops for a mistake.
      for (const { ids } of it_.writes.slice(length)) expect(ids).toEqual(ROUTES);
      expect(await Promise.all(ROUTES.map(it_.refuses))).toEqual([true, true, true]);
      expect(await it_.orders()).toBe(ordered + 3);
      for (const sent of stops) expect(results(sent)).toHaveLength(1);
      for (const scope of ['left', 'right', 'agent']) await it_.text(door(0), `RESTORE ${scope}`);
      await it_.becomes('live');
      await it_.ledgerHolds();
    },
    120_000,
  );

  it('law 3: a stop of an instance that died before it could write it down stays, and is recorded when it is back', async () => {
    await readied('STOP', it_, door(0));
    await postgres.kill();
    await it_.text(door(0), 'STOP');
    await until(() => it_.refuses('r3'), BOUND_MS);
    await door(0).kill();
    await postgres.start();
    const { length } = it_.writes;
    // Each of the others has looked by then, and would have had the lease.
    await pause(8_000);
    expect(await it_.latch()).toBe('live');
    expect(await Promise.all(ROUTES.map(it_.refuses))).toEqual([true, true, true]);
    expect(it_.writes.slice(length)).toEqual([]);
    await door(0).start();
    await it_.becomes('severed', BOUND_MS);
    const restored = await it_.text(door(1), 'RESTORE');
    await until(() => results(restored).length === 1).catch(() => {
      throw new Error(`not restored: ${restored.replies().join()}`);
    });
    await it_.becomes('live');
  }, 90_000);
});
