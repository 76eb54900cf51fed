import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateSecret, generateSync } from 'otplib';
import { Client } from 'pg';
import { stringify } from 'yaml';
import { deriveKeys, parseMasterKey } from '../../src/config/secrets';
import { verifyLedger } from '../../src/ledger/verify';
import { openOperatorsFile } from '../../src/operators/file';
import type { Operator } from '../../src/operators/operator';
import { type Apisix, startApisix } from '../../src/sandbox/apisix';
import { type Phone, startPhone } from '../../src/sandbox/phone';
import { until } from '../support/until';
import { type EventProxy, startEventProxy } from './parts/event-proxy';
import { startPostgres } from './parts/postgres';
import { type Program, startProgram } from './parts/program';
import { startRedis } from './parts/redis';
import type { Server } from './parts/server';

/**
 * The program is killed with SIGKILL at things that cross between it and its database or its gateway, one after the
 * other, in the middle of a sever and of a restore: at every third of them, another third for each way, or at every
 * single one where PULLCORD_SOAK is set. After a restart the world has to become what the
 * latch says; the message that Twilio delivers again is no second order.
 */

const KEY = '5a'.repeat(32);
const ACCOUNT = `AC${'0'.repeat(31)}1`;
const NUMBER = '+15550100100';
const ROUTES = ['r1', 'r2', 'r3'];

/** A new person for each message: a code is accepted once, and a round doesn't last 30 s. */
const people = Array.from(
  { length: 400 },
  (_, i): Operator => ({
    ...{ name: `operator-${i}`, phones: [`+1555011${String(i).padStart(4, '0')}`], backupCodes: [] },
    ...{ rights: ['stop', 'restore'], totpSecret: generateSecret() },
  }),
);
let next = 0;
const someone = (): { phone: string; code: string } => {
  const { phones, totpSecret } = people[next++ % people.length] as Operator;
  return { phone: phones[0] ?? '', code: generateSync({ secret: totpSecret }) };
};

let postgres: Server;
let redis: Server;
beforeAll(async () => {
  [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
}, 120_000);
afterAll(async () => {
  await Promise.all([postgres.remove(), redis.remove()]);
});

/** What crosses the proxies is counted; at the number that is set, the program dies before it has crossed. */
class Fuse {
  count = 0;
  private at = Number.POSITIVE_INFINITY;
  program: Program | undefined;
  blown: Promise<void> | undefined;

  set(at: number): void {
    this.count = 0;
    this.at = at;
    this.blown = undefined;
  }

  readonly onEvent = (): boolean => {
    this.count += 1;
    if (this.count < this.at) return true;
    this.blown ??= this.program?.kill('SIGKILL');
    return false;
  };
}

interface Scene {
  readonly apisix: Apisix;
  readonly phone: Phone;
  readonly fuse: Fuse;
  start(): Promise<void>;
  sql<R>(text: string): Promise<R[]>;
  status(route: string): Promise<number>;
  routes(): Promise<unknown[]>;
  close(): Promise<void>;
}

async function scene(method: 'clamp' | 'rewrite'): Promise<Scene> {
  const dataDir = mkdtempSync(join(tmpdir(), 'pullcord-crash-'));
  const database = `crash_${Math.random().toString(36).slice(2)}`;
  const admin = new Client({ connectionString: postgres.url });
  await admin.connect();
  await admin.query(`create database ${database}`);
  await admin.end();
  const url = new URL(postgres.url);
  url.pathname = `/${database}`;
  const direct = new Client({ connectionString: url.href });
  await direct.connect();

  const apisix = await startApisix();
  const fuse = new Fuse();
  const proxies: EventProxy[] = [
    await startEventProxy(url, fuse.onEvent),
    await startEventProxy(new URL(apisix.adminUrl), fuse.onEvent),
  ];
  const send = async (verb: string, path: string, body?: unknown): Promise<unknown> => {
    const answer = await fetch(`${apisix.adminUrl}/apisix/admin/${path}`, {
      method: verb,
      headers: { 'x-api-key': apisix.adminKey, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return answer.json();
  };
  for (const id of ROUTES)
    await send('PUT', `routes/${id}`, {
      uri: `/${id}/*`,
      upstream: { type: 'roundrobin', nodes: { '127.0.0.1:9': 1 } },
      ...(id === 'r2' ? { plugins: { 'fault-injection': { delay: { duration: 0.01 } } } } : {}),
    });

  let program: Program | undefined;
  const phone = await startPhone({
    ...{ accountSid: ACCOUNT, authToken: 'token', number: NUMBER, webhookUrl: 'https://p.example.org/sms/twilio' },
    deliverTo: () => `${program?.publicUrl}/sms/twilio`,
  });
  const through = new URL(url.href);
  through.port = String(proxies[0]?.port);
  const config = {
    publicUrl: 'https://p.example.org',
    listen: { public: '127.0.0.1:0', internal: '127.0.0.1:0' },
    ...{ dataDir, key: KEY, databaseUrl: through.href, redisUrl: redis.url },
    gateways: {
      main: {
        adminUrl: `http://127.0.0.1:${proxies[1]?.port}`,
        ...{ adminKey: apisix.adminKey, gatewayUrls: [apisix.gatewayUrl], method, probeConnections: 1 },
      },
    },
    scopes: { agent: { routes: [{ all: true }] } },
    sms: { twilio: { accountSid: ACCOUNT, authTokens: ['token'], numbers: [NUMBER] } },
    enforcer: { periodSeconds: 60 },
    notify: { sms: false },
  };
  writeFileSync(join(dataDir, 'pullcord.yaml'), stringify(config), { mode: 0o600 });
  const keys = deriveKeys(parseMasterKey(KEY));
  openOperatorsFile({ path: join(dataDir, 'operators.json'), keys, now: Date.now, onTrouble: () => undefined }).change(
    () => people,
  );

  return {
    ...{ apisix, phone, fuse },
    start: async () => {
      fuse.set(Number.POSITIVE_INFINITY);
      program = await startProgram({
        PULLCORD_CONFIG: join(dataDir, 'pullcord.yaml'),
        PULLCORD_TWILIO_API_URL: phone.restUrl,
      });
      fuse.program = program;
    },
    sql: async <R>(text: string) => (await direct.query(text)).rows as R[],
    status: async (route) => {
      const answer = await fetch(`${apisix.gatewayUrl}/${route}/x`).catch(() => undefined);
      await answer?.body?.cancel();
      // Reset at the moment of the cut: neither.
      if (!answer) return 0;
      return answer.headers.has('x-pullcord-severed') ? 503 : 200;
    },
    routes: async () => {
      const { list } = (await send('GET', 'routes')) as { list: { value: object }[] };
      return list.map(({ value }) => value).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
    },
    close: async () => {
      await program?.kill('SIGKILL');
      await direct.end();
      await Promise.all(proxies.map((proxy) => proxy.close()));
      await Promise.all([phone.close(), apisix.close()]);
      rmSync(dataDir, { recursive: true });
    },
  };
}

const latch = async ({ sql }: Scene) =>
  (await sql<{ state: string }>(`select state from pullcord.latch where scope = 'agent'`))[0]?.state ?? 'live';
const orders = async ({ sql }: Scene) => (await sql('select number from pullcord.orders')).length;

async function ledgerHolds({ sql }: Scene): Promise<void> {
  const [head] = await sql<{ seq: string; hash: string }>('select seq, hash from pullcord.head');
  const lines = await sql<{ seq: string; at: string; kind: 'order'; data: string; hash: string }>(
    'select * from pullcord.ledger order by seq',
  );
  const all = lines.map((line) => ({ ...line, seq: Number(line.seq), at: Number(line.at) }));
  const verdict = await verifyLedger({
    ledgerKey: deriveKeys(parseMasterKey(KEY)).ledger,
    head: { seq: Number(head?.seq), hash: String(head?.hash) },
    lines: async ({ after, limit }) => all.slice(after, after + limit),
  });
  expect(verdict.faults).toEqual([]);
}

/** How long a message that was answered may still have to be noted down. Milliseconds. */
const AFTERWARDS_MS = 300;

/** Neighbouring events mostly are the request and the answer of one call. */
const EVERY = process.env.PULLCORD_SOAK ? 1 : 3;

const acts = [
  { action: 'STOP', from: 'live', to: 'severed', opposite: 'RESTORE' },
  { action: 'RESTORE', from: 'severed', to: 'live', opposite: 'STOP' },
] as const;
type Act = (typeof acts)[number];

const statusIn = { live: 200, severed: 503 } as const;

async function becomes(it: Scene, state: 'live' | 'severed'): Promise<void> {
  await until(async () => (await latch(it)) === state, 15_000);
  const everywhere = async () =>
    (await Promise.all(ROUTES.map((route) => it.status(route)))).every((s) => s === statusIn[state]);
  await until(everywhere, 15_000);
}

/** One act, killed at its n-th event. @returns whether there was an n-th event. */
async function killedAt(n: number, act: Act, it: Scene): Promise<boolean> {
  const text = (word: string) => {
    const { phone, code } = someone();
    return it.phone.text(phone, `${word} ${code}`);
  };
  if ((await latch(it)) !== act.from) {
    await text(act.opposite);
    await becomes(it, act.from);
  }
  const ordered = await orders(it);
  it.fuse.set(n);
  const { messageSid } = await text(act.action);
  await until(() => it.fuse.blown, AFTERWARDS_MS).catch(() => undefined);
  if (!it.fuse.blown) return false;
  await it.fuse.blown;
  await it.start();

  // What was taken is carried out without anybody's help; what was not taken changed nothing.
  await becomes(it, (await orders(it)) > ordered ? act.to : act.from);
  // Twilio got no answer, or so it seems to it, and delivers the message again.
  await it.phone.again(messageSid);
  await becomes(it, act.to);
  expect(await orders(it)).toBe(ordered + 1);
  await ledgerHolds(it);
  return true;
}

describe.each(['clamp', 'rewrite'] as const)('killed with kill -9 between any two steps, by %s', (method) => {
  it.each(acts)(
    '$action: nothing is lost, nothing happens twice, the world becomes what the latch says',
    async (act) => {
      const it = await scene(method);
      try {
        await it.start();
        const before = await it.routes();
        let kills = 0;
        let n = EVERY === 1 ? 1 : 1 + (((act.action === 'STOP' ? 0 : 1) + (method === 'clamp' ? 0 : 1)) % EVERY);
        for (; await killedAt(n, act, it); n += EVERY) {
          kills += 1;
          if (act.to === 'live') expect(await it.routes()).toEqual(before);
        }
        process.stdout.write(`${act.action} by ${method}: killed at ${kills} of ${n - 1} events\n`);
        // Fewer would mean that the fuse was never where things happen.
        expect(kills).toBeGreaterThan(6);
      } finally {
        await it.close();
      }
    },
    300_000,
  );
});
