import type { PGlite } from '@electric-sql/pglite';
import type { PgPool, PgPoolClient } from 'bullmq';
import { pglitePool } from '../../src/queue/pglite-pool';
import { freshPglite } from '../support/pglite';
import { until } from '../support/until';

let db: PGlite;
let pool: PgPool;
let client: PgPoolClient;

beforeAll(async () => {
  db = await freshPglite();
  pool = pglitePool(db);
});
beforeEach(async () => {
  client = await pool.connect();
  await db.exec('drop schema if exists bullmq cascade; create schema bullmq; create table bullmq.t (n int)');
});
afterEach(() => client.release());
afterAll(() => db.close());

const rows = async (): Promise<unknown[]> => (await db.query('select n from bullmq.t order by n')).rows;

it('finds what belongs to BullMQ without its schema, and makes nothing there by accident', async () => {
  await pool.query('insert into t values ($1)', [1]);
  expect(await rows()).toEqual([{ n: 1 }]);
  await db.exec('create table stray (n int)');
  expect((await db.query("select to_regclass('public.stray') is not null as there")).rows).toEqual([{ there: true }]);
  await db.exec('drop table stray');
});

it('runs several statements at once, as a migration is', async () => {
  const { rows: last } = await client.query('insert into t values (1); insert into t values (2); select 3 as n');
  expect(last).toEqual([{ n: 3 }]);
  expect(await rows()).toEqual([{ n: 1 }, { n: 2 }]);
});

it.each(['LISTEN jobs', 'listen jobs;', '-- a comment\n--\n  -- LISTEN other\nLISTEN jobs;\n'])(
  'hears of a notification after %j',
  async (statement) => {
    const heard: unknown[] = [];
    client.on('notification', (message) => heard.push(message));
    await client.query(statement);
    await pool.query("select pg_notify('jobs', 'pullcord')");
    await until(() => heard.length === 1);
    expect(heard).toEqual([{ channel: 'jobs', payload: 'pullcord' }]);
  },
);

it('hears nothing more after its release', async () => {
  const heard: unknown[] = [];
  client.on('notification', (message) => heard.push(message));
  await client.query('LISTEN jobs');
  client.release();
  const other = await pool.connect();
  const others: unknown[] = [];
  other.on('notification', (message) => others.push(message));
  await other.query('LISTEN jobs');
  await pool.query("select pg_notify('jobs', '')");
  await until(() => others.length === 1);
  expect(heard).toEqual([]);
  other.release();
});

it('keeps everybody else out of a transaction', async () => {
  await client.query('BEGIN');
  await client.query('insert into t values (1)');
  let outside = false;
  const other = pool.query('insert into t values (2)').then(() => {
    outside = true;
  });
  await client.query('insert into t values ($1)', [3]);
  expect(outside).toBe(false);
  await client.query('ROLLBACK');
  await other;
  expect(await rows()).toEqual([{ n: 2 }]);
});

it('commits', async () => {
  await client.query('BEGIN');
  await client.query('insert into t values (1)');
  await client.query('COMMIT');
  expect(await rows()).toEqual([{ n: 1 }]);
});

it('tells that a commit failed', async () => {
  await client.query('BEGIN');
  await expect(client.query('insert into nowhere values (1)')).rejects.toThrow(/does not exist/);
  await expect(client.query('COMMIT')).rejects.toThrow();
  await pool.query('insert into t values (2)');
  expect(await rows()).toEqual([{ n: 2 }]);
});

it('rolls back what was left open at its release', async () => {
  await client.query('BEGIN');
  await client.query('insert into t values (1)');
  client.release();
  await pool.query('insert into t values (2)');
  expect(await rows()).toEqual([{ n: 2 }]);
});

it('leaves the database open when it ends', async () => {
  await pool.end();
  expect((await db.query('select 1 as n')).rows).toEqual([{ n: 1 }]);
});
