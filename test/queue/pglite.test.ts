import type { PGlite } from '@electric-sql/pglite';
import { freshPglite } from '../support/pglite';
import { enforce, watchedQueue } from '../support/queue';
import { behavesAsQueue } from '../support/queue-behaviour';
import { until } from '../support/until';

let db: PGlite;
beforeAll(async () => {
  db = await freshPglite();
});
afterAll(() => db.close());

describe('the queue on the embedded database', () => {
  behavesAsQueue(() => ({ pglite: db }));
});

it('is told of a job, and does not wait for the next look (5 s)', async () => {
  const queue = await watchedQueue({ pglite: db });
  const delays: number[] = [];
  for (let i = 0; i < 30; i++) {
    const job = enforce();
    const added = performance.now();
    await queue.add(job);
    await until(() => queue.handled.length === i + 1, 5_000, 1);
    delays.push((queue.handled[i]?.at ?? Number.NaN) - added);
  }
  await queue.close();
  expect(delays.sort((a, b) => a - b)[15]).toBeLessThan(250);
});

it('keeps jobs over a restart, and leaves the database open for its owner', async () => {
  const first = await watchedQueue({ pglite: db });
  const job = enforce();
  first.behave = async () => {
    throw new Error('not now');
  };
  await first.add(job);
  await first.handledTimes(job, 1);
  await first.close();
  expect((await db.query('select 1 as one')).rows).toEqual([{ one: 1 }]);

  const second = await watchedQueue({ pglite: db });
  await second.handledTimes(job, 1);
  expect(second.handled[0]?.job).toEqual(job);
  await second.close();
});

it('gives way to nobody inside of a transaction of the ledger, and goes on after it', async () => {
  const queue = await watchedQueue({ pglite: db });
  const job = enforce();
  let added: Promise<void> | undefined;
  await db.transaction(async (tx) => {
    await tx.exec('create table public.held (n int)');
    added = queue.add(job);
    await tx.exec('insert into public.held values (1)');
    expect(queue.handled).toEqual([]);
    await tx.rollback();
  });
  await added;
  await queue.handledTimes(job, 1);
  await expect(db.query('select * from public.held')).rejects.toThrow(/does not exist/);
  await queue.close();
});
