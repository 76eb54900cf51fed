import { Redis } from 'ioredis';
import { Client } from 'pg';
import { type Ledger, openLedger } from '../../src/ledger/open';
import { type Installation, LOCAL, startInstallation, wrong } from '../support/installation';
import { startPostgres } from './parts/postgres';
import { startRedis } from './parts/redis';
import type { Server } from './parts/server';

/** `pullcord check` before a real Redis and a real Postgres. */

let one: Installation;
let redis: Server;
let postgres: Server;
beforeAll(async () => {
  [one, redis, postgres] = await Promise.all([startInstallation(), startRedis(), startPostgres()]);
}, 120_000);
afterAll(async () => {
  await Promise.all([one.close(), redis.remove(), postgres.remove()]);
});

describe('Redis', () => {
  const check = () => one.check({ redisUrl: redis.url });
  const set = async (name: string, value: string): Promise<void> => {
    const client = new Redis(redis.url);
    await client.config('SET', name, value);
    client.disconnect();
  };
  const keysLeft = async (): Promise<number> => {
    const client = new Redis(redis.url);
    const size = await client.dbsize();
    client.disconnect();
    return size;
  };

  it('that keeps what it gets is good, and nothing is left in it', async () => {
    const findings = await check();
    expect(wrong(findings)).toEqual([LOCAL]);
    expect(findings.find(({ check: name }) => name === 'queue')?.what).toMatch(/takes writes, evicts nothing$/);
    expect(await keysLeft()).toBe(0);
  });

  it('that evicts, or keeps nothing on disk, is found out', async () => {
    await set('maxmemory-policy', 'allkeys-lru');
    await set('appendonly', 'no');
    expect(wrong(await check())).toEqual([
      LOCAL,
      expect.stringMatching(/^fault queue: .* evicts \(maxmemory-policy allkeys-lru\)/),
      expect.stringMatching(/^warning queue: .* keeps nothing on disk/),
    ]);
    await set('save', '3600 1');
    await set('maxmemory-policy', 'noeviction');
    expect(wrong(await check())).toEqual([LOCAL]);
  });

  it('that wants a password is a fault', async () => {
    await set('requirepass', 'the-password');
    expect(wrong(await check())).toEqual([LOCAL, expect.stringMatching(/^fault queue: .* cannot be used: NOAUTH/)]);
    const withPassword = one.check({ redisUrl: redis.url.replace('//', '//:the-password@') });
    expect(wrong(await withPassword)).toEqual([LOCAL]);
  });

  it('that is frozen is a fault, within the time', async () => {
    redis.pause();
    const began = performance.now();
    expect(wrong(await check())).toEqual([LOCAL, expect.stringMatching(/^fault queue: .* cannot be used: /)]);
    expect(performance.now() - began).toBeLessThan(6_000);
    redis.resume();
  });
});

describe('Postgres', () => {
  const check = (databaseUrl = postgres.url) => one.check({ databaseUrl });
  /** The rows of the last of these. */
  const query = async (...texts: readonly string[]): Promise<unknown[]> => {
    const client = new Client({ connectionString: postgres.url });
    await client.connect();
    try {
      let rows: unknown[] = [];
      for (const text of texts) ({ rows } = await client.query(text));
      return rows;
    } finally {
      await client.end();
    }
  };
  const opened = (): Promise<Ledger> =>
    openLedger({
      config: { dataDir: one.dataDir, databaseUrl: postgres.url },
      ...{ keys: one.keys, now: Date.now, onTrouble: () => undefined },
    });

  it('that is empty is good, and no schema is made in it', async () => {
    const findings = await check();
    expect(wrong(findings)).toEqual([LOCAL]);
    expect(findings.find(({ check: name }) => name === 'ledger')?.what).toMatch(/nothing in it yet/);
    expect(await query("select from pg_namespace where nspname = 'pullcord'")).toEqual([]);
  });

  it('whose user may not make the schema is a fault', async () => {
    await query('create role weak login');
    expect(wrong(await check(postgres.url.replace('postgres@', 'weak@')))).toEqual([
      LOCAL,
      expect.stringMatching(/^fault ledger: .* cannot be used: this user may not create a schema in the database$/),
    ]);
  });

  it('is read and written while Pullcord serves, and nothing is left of that', async () => {
    const ledger = await opened();
    const alice = one.operators.byName('alice');
    await ledger.store.commit(() => ({
      entries: [{ kind: 'start', data: {} }],
      backupCodesUsed: alice?.backupCodes.slice(0, 9).map(({ id }) => id) ?? [],
    }));
    const findings = await check();
    expect(wrong(findings)).toEqual([
      'warning operators: alice has 1 unused backup code: without the own phone there is soon no stop',
      LOCAL,
    ]);
    expect(findings.find(({ check: name }) => name === 'ledger')?.what).toMatch(/: 1 lines, answers after \d+ ms$/);
    expect(await query('select from pullcord.memory')).toEqual([]);
    expect((await ledger.store.refresh()).head.seq).toBe(1);
    await ledger.close();
  });

  it('that takes no writes is a fault', async () => {
    await query('alter database postgres set default_transaction_read_only = on');
    expect(wrong(await check())).toContainEqual(
      expect.stringMatching(/^fault ledger: .* cannot be used: .*read-only transaction/),
    );
    const name = 'default_transaction_read_only';
    await query(`set ${name} = off`, `alter database postgres reset ${name}`);
  });

  it('that is frozen is a fault, within the time', async () => {
    postgres.pause();
    const began = performance.now();
    expect(wrong(await check())).toContainEqual(expect.stringMatching(/^fault ledger: .* cannot be used: /));
    expect(performance.now() - began).toBeLessThan(6_000);
    postgres.resume();
  });

  it('that freezes in the midst is a fault, within the time', async () => {
    const lock = new Client({ connectionString: postgres.url });
    await lock.connect();
    await lock.query('begin; lock table pullcord.memory in access exclusive mode');
    const began = performance.now();
    expect(wrong(await check())).toContainEqual(expect.stringMatching(/^fault ledger: .* cannot be used: .*timeout/));
    expect(performance.now() - began).toBeLessThan(6_000);
    await lock.end();
  });
});
