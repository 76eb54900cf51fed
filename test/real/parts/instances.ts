import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateSecret, generateSync } from 'otplib';
import { Client } from 'pg';
import { stringify } from 'yaml';
import type { ConfigInput } from '../../../src/config/schema';
import { deriveKeys, parseMasterKey } from '../../../src/config/secrets';
import { verifyLedger } from '../../../src/ledger/verify';
import { openOperatorsFile } from '../../../src/operators/file';
import type { Operator } from '../../../src/operators/operator';
import { type Apisix, startApisix } from '../../../src/sandbox/apisix';
import { type Phone, startPhone, type TextResult } from '../../../src/sandbox/phone';
import { type Receiver, startReceiver } from '../../support/receiver';
import { until } from '../../support/until';
import { type AdminTap, startAdminTap, type Written } from './admin-tap';
import { type EventProxy, startEventProxy } from './event-proxy';
import { type Program, startProgram } from './program';
import type { Server } from './server';

const KEY = '5a'.repeat(32);
const ACCOUNT = `AC${'0'.repeat(31)}1`;
const NUMBER = '+15550100100';
export const ROUTES = ['r1', 'r2', 'r3'];

/** A new person for each message: a code is accepted once, and a round doesn't last 30 s. */
const people = Array.from(
  { length: 400 },
  (_, i): Operator => ({
    ...{ name: `operator-${i}`, phones: [`+1555011${String(i).padStart(4, '0')}`], backupCodes: [] },
    ...{ rights: ['stop', 'restore'], totpSecret: generateSecret() },
  }),
);
let next = 0;

/** What crosses between an instance and its database or its gateway is counted; at one number something is done. */
export class Moment {
  count = 0;
  private at = Number.POSITIVE_INFINITY;
  private act: () => void = () => undefined;
  private drops = false;
  come = false;

  /** @param drops whether nothing crosses from then on. */
  set(at: number, act: () => void, drops: boolean): void {
    Object.assign(this, { count: 0, at, act, drops, come: false });
  }

  readonly onEvent = (): boolean => {
    this.count += 1;
    if (this.count === this.at) {
      this.act();
      this.come = true;
    }
    return !(this.drops && this.come);
  };
}

/** One Pullcord among several. */
export interface Instance {
  readonly name: string;
  readonly moment: Moment;
  readonly program: Program;
  start(): Promise<void>;
  kill(): Promise<void>;
  /** SIGSTOP. It has stopped when this returns. */
  freeze(): void;
  thaw(): void;
  /** Writes to the gateway wait for this before they go on. */
  heldUp: Promise<void> | undefined;
}

export interface Sent extends TextResult {
  /** `performance.now`. */
  readonly at: number;
  /** On the sender's phone. */
  replies(): readonly string[];
}

export interface Instances {
  readonly all: readonly Instance[];
  readonly apisix: Apisix;
  readonly writes: Written[];
  readonly told: Receiver;
  /** A text by somebody new through the door of this one. */
  text(door: Instance, word: string): Promise<Sent>;
  /** Delivered again through another door, as by Twilio's fallback URL. */
  again(door: Instance, sent: Sent): Promise<void>;
  sql<R>(text: string): Promise<R[]>;
  latch(scope?: string): Promise<string>;
  orders(): Promise<number>;
  refuses(route: string): Promise<boolean>;
  becomes(state: 'live' | 'severed', ms?: number): Promise<void>;
  ledgerHolds(): Promise<readonly { readonly kind: string; readonly data: Record<string, unknown> }[]>;
  close(): Promise<void>;
}

export interface InstancesOptions {
  readonly count: number;
  readonly postgres: Server;
  readonly redis: Server;
  readonly config?: Partial<ConfigInput>;
}

/** The gateway was seen, and its clamp is armed. */
async function hasReported({ internalUrl }: Program): Promise<boolean> {
  const answer = await fetch(`${internalUrl}/readyz`);
  const { parts } = (await answer.json()) as { parts: { name: string; ok: boolean }[] };
  return parts.some(({ name, ok }) => ok && name === 'cutter apisix main');
}

/** Several real processes on one database and one queue, each with a folder of its own. They serve when this returns. */
export async function startInstances({ count, postgres, redis, config }: InstancesOptions): Promise<Instances> {
  const name = `instances_${Math.random().toString(36).slice(2)}`;
  const admin = new Client({ connectionString: postgres.url });
  await admin.connect();
  await admin.query(`create database ${name}`);
  await admin.end();
  const database = new URL(postgres.url);
  database.pathname = `/${name}`;
  const sql = async <R>(text: string): Promise<R[]> => {
    const client = new Client({ connectionString: database.href });
    client.on('error', () => undefined);
    await client.connect();
    try {
      return (await client.query(text)).rows as R[];
    } finally {
      await client.end();
    }
  };

  const [apisix, told] = await Promise.all([startApisix(), startReceiver()]);
  for (const id of ROUTES)
    await fetch(`${apisix.adminUrl}/apisix/admin/routes/${id}`, {
      ...{ method: 'PUT', headers: { 'x-api-key': apisix.adminKey } },
      body: JSON.stringify({ uri: `/${id}/*`, upstream: { type: 'roundrobin', nodes: { '127.0.0.1:9': 1 } } }),
    }).then((answer) => answer.text());
  let door = '';
  const phone: Phone = await startPhone({
    ...{ accountSid: ACCOUNT, authToken: 'token', number: NUMBER, webhookUrl: 'https://p.example.org/sms/twilio' },
    deliverTo: () => `${door}/sms/twilio`,
  });
  const writes: Written[] = [];
  const closing: (() => Promise<void>)[] = [];

  const prepare = async (index: number): Promise<Instance> => {
    const own = `instance ${'ABC'[index]}`;
    const moment = new Moment();
    const dataDir = mkdtempSync(join(tmpdir(), 'pullcord-instance-'));
    const toDatabase: EventProxy = await startEventProxy(database, moment.onEvent);
    const toGateway: AdminTap = await startAdminTap({
      ...{
        target: new URL(apisix.adminUrl),
        by: own,
        log: writes,
        onEvent: moment.onEvent,
        heldUp: () => instance.heldUp,
      },
    });
    const through = new URL(database.href);
    through.port = String(toDatabase.port);
    const written: ConfigInput = {
      publicUrl: 'https://p.example.org',
      listen: { public: '127.0.0.1:0', internal: '127.0.0.1:0' },
      ...{ dataDir, key: KEY, databaseUrl: through.href, redisUrl: redis.url },
      gateways: {
        main: {
          ...{ adminUrl: toGateway.url, adminKey: apisix.adminKey, gatewayUrls: [apisix.gatewayUrl] },
          probeConnections: 1,
        },
      },
      scopes: {
        agent: { routes: [{ all: true }] },
        left: { routes: [{ id: 'r1' }] },
        right: { routes: [{ id: 'r2' }] },
      },
      sms: { twilio: { accountSid: ACCOUNT, authTokens: ['token'], numbers: [NUMBER] } },
      notify: { sms: false, webhooks: [{ url: told.url }] },
      ...config,
    };
    writeFileSync(join(dataDir, 'pullcord.yaml'), stringify(written), { mode: 0o600 });
    const keys = deriveKeys(parseMasterKey(KEY));
    const path = join(dataDir, 'operators.json');
    openOperatorsFile({ path, keys, now: Date.now, onTrouble: () => undefined }).change(() => people);
    let program: Program | undefined;
    const running = (): Program => {
      if (!program) throw new Error(`${own} does not run`);
      return program;
    };
    const isFrozen = (): boolean =>
      program !== undefined && /^\d+ \(.*\) T /s.test(readFileSync(`/proc/${program.pid}/stat`, 'utf8'));
    closing.push(async () => {
      await program?.kill('SIGKILL');
      await Promise.all([toDatabase.close(), toGateway.close()]);
      rmSync(dataDir, { recursive: true });
    });
    const instance: Instance = {
      ...{ name: own, moment, heldUp: undefined },
      get program() {
        return running();
      },
      start: async () => {
        moment.set(Number.POSITIVE_INFINITY, () => undefined, false);
        program = await startProgram({
          PULLCORD_CONFIG: join(dataDir, 'pullcord.yaml'),
          PULLCORD_TWILIO_API_URL: phone.restUrl,
        });
      },
      kill: () => running().kill('SIGKILL'),
      freeze: () => {
        process.kill(running().pid, 'SIGSTOP');
        while (!isFrozen());
      },
      thaw: () => process.kill(running().pid, 'SIGCONT'),
    };
    return instance;
  };
  const all: Instance[] = [];
  for (let i = 0; i < count; i += 1) all.push(await prepare(i));

  const self: Instances = {
    ...{ all, apisix, writes, told, sql },
    text: async (through, word) => {
      const { phones, totpSecret } = people[next++ % people.length] as Operator;
      const from = phones[0] ?? '';
      const before = phone.inbox(from).all.length;
      door = through.program.publicUrl;
      const at = performance.now();
      const result = await phone.text(from, `${word} ${generateSync({ secret: totpSecret })}`);
      return {
        ...result,
        at,
        replies: () =>
          phone
            .inbox(from)
            .all.slice(before)
            .map(({ body }) => body),
      };
    },
    again: async (through, { messageSid }) => {
      door = through.program.publicUrl;
      await phone.again(messageSid);
    },
    latch: async (scope = 'agent') =>
      (await sql<{ state: string }>(`select state from pullcord.latch where scope = '${scope}'`))[0]?.state ?? 'live',
    orders: async () => (await sql('select number from pullcord.orders')).length,
    refuses: async (route) => {
      const answer = await fetch(`${apisix.gatewayUrl}/${route}/x`).catch(() => undefined);
      await answer?.body?.cancel();
      return answer?.headers.has('x-pullcord-severed') ?? false;
    },
    becomes: async (state, ms = 15_000) => {
      await until(async () => (await self.latch()) === state, ms);
      const cut = state === 'severed';
      await until(async () => (await Promise.all(ROUTES.map(self.refuses))).every((one) => one === cut), ms);
    },
    ledgerHolds: async () => {
      const [head] = await sql<{ seq: string; hash: string }>('select seq, hash from pullcord.head');
      const rows = await sql<{ seq: string; at: string; kind: 'order'; data: string; hash: string }>(
        'select * from pullcord.ledger order by seq',
      );
      const lines = rows.map((line) => ({ ...line, seq: Number(line.seq), at: Number(line.at) }));
      const verdict = await verifyLedger({
        ledgerKey: deriveKeys(parseMasterKey(KEY)).ledger,
        head: { seq: Number(head?.seq), hash: String(head?.hash) },
        lines: async ({ after, limit }) => lines.slice(after, after + limit),
      });
      expect(verdict.faults).toEqual([]);
      return lines.map(({ kind, data }) => ({ kind, data: JSON.parse(data) as Record<string, unknown> }));
    },
    close: async () => {
      await Promise.all(closing.map((end) => end()));
      await Promise.all([phone.close(), apisix.close(), told.close()]);
    },
  };
  try {
    await Promise.all(all.map((one) => one.start()));
    for (const { program } of all) await until(() => hasReported(program), 15_000);
    return self;
  } catch (error) {
    await self.close();
    throw error;
  }
}
