import { LEASE_MS } from '../../src/latch/turn';
import { until } from '../support/until';
import { type Instances, ROUTES, startInstances } from './parts/instances';
import { BOUND_MS, becomes, Longest, readied, results } from './parts/orders';
import { startPostgres } from './parts/postgres';
import { startRedis } from './parts/redis';
import type { Server } from './parts/server';

/** Three real processes on one real Postgres and one real Redis. Writes are counted where they reach the gateway. */

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

/** Longer than a lease, and than the others take to hear of it. */
const afterAWhile = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, LEASE_MS + 500));

it('law 8: whichever door an order comes through, it is written once, seen once, told once, and answered once', async () => {
  for (const door of it_.all)
    for (const word of ['STOP', 'RESTORE'] as const) {
      const { length } = it_.writes;
      const sent = await it_.text(door, word);
      if (word === 'STOP') longest.note('in calm', sent);
      await it_.becomes(becomes[word]);
      const order = await it_.orders();
      await until(() => results(sent).length === 1);
      await afterAWhile();
      expect(it_.writes.slice(length).map(({ by }) => by)).toEqual([door.name]);
      expect(results(sent)).toHaveLength(1);
      const kind = word === 'STOP' ? 'severed' : 'restored';
      expect(it_.told.received.filter(({ body }) => body.kind === kind && body.order === order)).toHaveLength(1);
      const lines = await it_.ledgerHolds();
      expect(lines.filter((line) => line.kind === kind && line.data.order === order)).toHaveLength(1);
      expect(lines.filter((line) => line.kind === 'write' && line.data.order === order)).toHaveLength(1);
      expect(lines.filter((line) => line.kind === 'drift')).toEqual([]);
    }
}, 60_000);

describe('law 1, stop wins: orders at all doors at once', () => {
  it('of one scope: each of them stands, each is answered, and nothing is given back in between', async () => {
    for (let round = 0; round < 3; round += 1) {
      await readied('STOP', it_, it_.all[0] as never);
      const { length } = it_.writes;
      const ordered = await it_.orders();
      const sent = await Promise.all(it_.all.map((door) => it_.text(door, 'STOP')));
      await it_.becomes('severed');
      for (const one of sent) expect(longest.note('at all doors at once', one)).toBeLessThan(BOUND_MS);
      await until(() => sent.every((one) => one.replies().length === 1));
      await afterAWhile();
      expect(sent.map((one) => one.replies().length)).toEqual([1, 1, 1]);
      expect(await it_.orders()).toBe(ordered + 3);
      for (const { ids } of it_.writes.slice(length)) expect(ids).toEqual(ROUTES);
    }
    await it_.ledgerHolds();
  }, 90_000);

  it('of several scopes: none of them undoes another', async () => {
    for (let round = 0; round < 4; round += 1) {
      await readied('STOP', it_, it_.all[0] as never);
      const words = ['STOP left', 'STOP right', 'STOP agent'];
      await Promise.all(it_.all.map((door, i) => it_.text(door, words[(i + round) % 3] ?? '')));
      for (const scope of ['left', 'right', 'agent'])
        await until(async () => (await it_.latch(scope)) === 'severed', BOUND_MS);
      await it_.becomes('severed');
      await Promise.all(it_.all.map((door, i) => it_.text(door, ['RESTORE left', 'RESTORE right', 'STATUS'][i] ?? '')));
      for (const scope of ['left', 'right']) await until(async () => (await it_.latch(scope)) === 'live', 15_000);
      expect(await Promise.all(ROUTES.map(it_.refuses))).toEqual([true, true, true]);
    }
    await it_.ledgerHolds();
  }, 90_000);

  it('a STOP at one door against a RESTORE at another: what the last one says is so, everywhere', async () => {
    for (let round = 0; round < 4; round += 1) {
      await readied('RESTORE', it_, it_.all[0] as never);
      const [stop] = await Promise.all([
        it_.text(it_.all[round % 3] as never, 'STOP'),
        it_.text(it_.all[(round + 1) % 3] as never, 'RESTORE'),
      ]);
      const [last] = await it_.sql<{ action: string }>(
        'select action from pullcord.orders order by number desc limit 1',
      );
      await it_.becomes(last?.action === 'sever' ? 'severed' : 'live');
      await until(() => stop.replies().length === 1);
      if (last?.action === 'sever') longest.note('against a RESTORE at another door', stop);
    }
    await it_.ledgerHolds();
  }, 90_000);
});
