import { generateSync } from 'otplib';
import { openPostgres } from '../../src/ledger/postgres';
import { SqlStore } from '../../src/ledger/sql-store';
import { createLogger } from '../../src/log';
import { gatewayObjects, gatewayScopes } from '../../src/sandbox/gateway-objects';
import { type Rig, startRig } from '../../src/sandbox/rig';
import { people, request, startDesk, TestClock } from '../support/desk';
import { LEDGER_KEY, testSealer } from '../support/store';
import { ToyCutter } from '../support/toy-cutter';
import { until } from '../support/until';
import { startPostgres } from './parts/postgres';
import { startRedis } from './parts/redis';
import type { Server } from './parts/server';

let postgres: Server;
let redis: Server;
let rig: Rig;
const clock = new TestClock(Date.now());

beforeAll(async () => {
  [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
}, 120_000);
afterAll(async () => {
  await Promise.all([postgres.remove(), redis.remove()]);
});

const status = async (path: string): Promise<number> => {
  const answer = await fetch(`${rig.apisix.gatewayUrl}${path}`).catch(() => undefined);
  await answer?.body?.cancel();
  return answer?.status ?? 0;
};
const text = async (who: 'alice' | 'bob', word: string, pattern: RegExp): Promise<string> => {
  clock.advance(30);
  await rig.phone.text(rig[who].phone, `${word} ${rig[who].code()}`);
  return rig.phone.expectReply(rig[who].phone, pattern, 15_000);
};
const isArmed = async (): Promise<boolean> => {
  const answer = await fetch(`${rig.pullcord.internalUrl}/readyz`);
  return ((await answer.json()) as { state: string }).state === 'armed';
};

describe.each(['clamp', 'rewrite'] as const)(
  'law 4, doubt stops, never starts: real Postgres and Redis, by %s',
  (method) => {
    beforeAll(async () => {
      rig = await startRig({
        logger: createLogger({ level: 'silent' }),
        now: clock.now,
        objects: gatewayObjects('http://127.0.0.1:9'),
        gateway: { method },
        config: {
          scopes: gatewayScopes,
          ...{ databaseUrl: postgres.url, redisUrl: redis.url, enforcer: { periodSeconds: 1 } },
        },
      });
      await until(isArmed, 15_000);
    }, 30_000);
    afterAll(() => rig.close());

    it('works when all is well', async () => {
      await text('alice', 'STOP', /^SEVERED/);
      expect(await status('/v1/embeddings')).toBe(503);
      await text('alice', 'RESTORE', /^RESTORED/);
      expect(await status('/v1/embeddings')).not.toBe(503);
    });

    it.each([
      ['frozen', () => postgres.pause(), async () => postgres.resume()],
      ['dead', () => postgres.kill(), () => postgres.start()],
    ])(
      'a Postgres that is %s: STOP works at once, RESTORE refuses, and the record follows',
      async (_how, fail, mend) => {
        await fail();
        const began = performance.now();
        expect(await text('alice', 'STOP', /SEVERED/)).toContain('agent');
        // Not a measurement: far beyond the bound of 500 ms, and far below a time-out of the database's client.
        expect(performance.now() - began).toBeLessThan(4_000);
        expect(await status('/v1/embeddings')).toBe(503);
        expect(await text('bob', 'RESTORE', /RESTORE refuses/)).toBeDefined();
        expect(await status('/v1/embeddings')).toBe(503);
        await mend();
        await until(isArmed, 15_000);
        expect(await status('/v1/embeddings')).toBe(503);
        await text('bob', 'RESTORE', /^RESTORED/);
        expect(await status('/v1/embeddings')).not.toBe(503);
      },
      60_000,
    );

    it.each([
      ['frozen', () => redis.pause(), async () => redis.resume()],
      ['dead', () => redis.kill(), () => redis.start()],
    ])(
      'a Redis that is %s holds up neither a STOP nor a RESTORE',
      async (_how, fail, mend) => {
        await fail();
        await text('alice', 'STOP', /^SEVERED/);
        expect(await status('/v1/embeddings')).toBe(503);
        await text('alice', 'RESTORE', /^RESTORED/);
        expect(await status('/v1/embeddings')).not.toBe(503);
        await mend();
        await until(isArmed, 15_000);
      },
      60_000,
    );
  },
);

describe('two instances on one Postgres', () => {
  it('one code is one order, though both are asked at the same moment, round after round', async () => {
    const databases = [openPostgres(postgres.url, 2_000), openPostgres(postgres.url, 2_000)];
    const desks = databases.map((database) => {
      const store = new SqlStore({
        database,
        ledgerKey: LEDGER_KEY,
        sealer: testSealer,
        now: clock.now,
        timeoutMs: 2_000,
      });
      return { store, ...startDesk({ store, cutters: [new ToyCutter()], clock }) };
    });
    try {
      for (let round = 0; round < 20; round++) {
        clock.advance(30);
        const code = generateSync({ secret: people[0]?.totpSecret ?? '', epoch: Math.floor(clock.now() / 1000) });
        const receipts = await Promise.all(
          desks.map(({ desk, by }) => desk.order(request('sever'), by('alice', code))),
        );
        expect(receipts.map(({ kind }) => kind).sort()).toEqual(['accepted', 'refused']);
      }
    } finally {
      for (const { close, store } of desks) {
        await close();
        await store.close();
      }
      await Promise.all(databases.map((database) => database.close()));
    }
  });
});
