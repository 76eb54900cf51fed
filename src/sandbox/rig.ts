import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { generateSecret, generateSync } from 'otplib';
import type { Logger } from 'pino';
import type { Clock } from '../clock';
import { type Config, type ConfigInput, configSchema } from '../config/schema';
import { deriveKeys, parseMasterKey } from '../config/secrets';
import { type Pullcord, startPullcord } from '../main';
import { makeBackupCodes } from '../operators/backup-codes';
import { openOperatorsFile, operatorsPath } from '../operators/file';
import { version } from '../version';
import { type Apisix, type ApisixOptions, startApisix } from './apisix';
import { type Phone, startPhone } from './phone';

/** A person of the rig, with what only that person has: a phone, an authenticator app, printed codes. */
export interface Person {
  readonly name: string;
  readonly phone: string;
  /** What the app shows now. */
  code(): string;
  readonly backupCodes: readonly string[];
}

export interface Rig {
  readonly apisix: Apisix;
  readonly phone: Phone;
  readonly alice: Person;
  readonly bob: Person;
  readonly carol: Person;
  readonly dataDir: string;
  readonly pullcord: Pullcord;
  /** Sends an Admin API request; answers the body. */
  admin(method: string, path: string, body?: unknown): Promise<unknown>;
  /**
   * Ends Pullcord in good order and starts it again.
   * @param between done while it is down; then nobody waits until it is armed.
   */
  restart(between?: () => Promise<void>): Promise<void>;
  close(): Promise<void>;
}

type GatewayChange = Partial<ConfigInput['gateways'][string]>;

export interface RigOptions {
  readonly logger: Logger;
  readonly now?: Clock;
  readonly monotonic?: () => number;
  /** Left out: a fresh folder. Either way it is gone at the end. */
  readonly dataDir?: string;
  readonly apisix?: ApisixOptions;
  readonly troubleGraceMs?: number;
  readonly superviseEveryMs?: number;
  readonly drillStepMs?: number;
  /** Routes, and what they need, before Pullcord starts: path under /apisix/admin, and body. */
  readonly objects: readonly (readonly [path: string, body: unknown])[];
  readonly config: Pick<ConfigInput, 'scopes'> & Partial<ConfigInput>;
  /** Of what was read: periods, for instance, that are shorter than anybody may configure. */
  readonly tune?: (config: Config) => void;
  /** Beside the one that the rig starts. */
  readonly moreGateways?: ConfigInput['gateways'];
  /** Of the one gateway: method, connections; its addresses, where something stands in between. */
  readonly gateway?: GatewayChange | ((apisix: Apisix) => GatewayChange);
  /** Where Pullcord finds the REST API of the phone, when something stands in between. */
  readonly twilioApiUrl?: (restUrl: string) => string;
  /** Of Twilio: what else calls, for instance. */
  readonly twilio?: Partial<NonNullable<NonNullable<ConfigInput['sms']>['twilio']>>;
}

const ACCOUNT = `AC${'0'.repeat(31)}1`;
const NUMBER = '+15550100100';
const AUTH_TOKEN = 'sandbox-auth-token';
const MASTER_KEY = '5a'.repeat(32);
const ARMED_LOOKS = 250;
const ARMED_EVERY_MS = 20;
const PUBLIC_URL = 'https://pullcord.example.org';

/** A whole installation on this machine: a stand-in gateway and phone, three operators, and a real Pullcord. */
export async function startRig({ logger, now = Date.now, objects, ...options }: RigOptions): Promise<Rig> {
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'pullcord-rig-'));
  const apisix = await startApisix({ now, ...options.apisix });
  const guard = options.apisix?.guard;
  const admin: Rig['admin'] = async (method, path, body) => {
    const answer = await fetch(`${apisix.adminUrl}/apisix/admin/${path}`, {
      method,
      headers: { 'x-api-key': apisix.adminKey, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answered: unknown = await answer.json();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answered)}`);
    return answered;
  };
  for (const [path, body] of objects) await admin('PUT', path, body);

  let pullcord: Pullcord | undefined;
  const phone = await startPhone({
    ...{ accountSid: ACCOUNT, authToken: AUTH_TOKEN, number: NUMBER, webhookUrl: `${PUBLIC_URL}/sms/twilio` },
    deliverTo: () => `${pullcord?.publicUrl}/sms/twilio`,
  });
  const config = configSchema.parse({
    publicUrl: PUBLIC_URL,
    listen: { public: '127.0.0.1:0', internal: '127.0.0.1:0' },
    ...{ dataDir, key: MASTER_KEY },
    gateways: {
      main: {
        ...{ adminUrl: apisix.adminUrl, adminKey: apisix.adminKey, gatewayUrls: [...apisix.gatewayUrls] },
        controlUrl: apisix.controlUrl,
        ...(guard ? { guard: { controlUrls: apisix.controls.map(({ url }) => url), secret: guard.secret } } : {}),
        ...(typeof options.gateway === 'function' ? options.gateway(apisix) : options.gateway),
      },
      ...options.moreGateways,
    },
    sms: { twilio: { accountSid: ACCOUNT, authTokens: [AUTH_TOKEN], numbers: [NUMBER], ...options.twilio } },
    ...options.config,
  });
  options.tune?.(config);
  const keys = deriveKeys(parseMasterKey(config.key));
  const onTrouble = (message: string): void => logger.warn(message);
  const file = openOperatorsFile({ path: operatorsPath(config), keys, now, onTrouble });
  const enrol = (name: string, number: string): Person => {
    const totpSecret = generateSecret();
    const { kept, printed } = makeBackupCodes(keys.backupCodes);
    file.change((others) => [
      ...others,
      { name, phones: [number], rights: ['stop', 'restore', 'status'], totpSecret, backupCodes: kept },
    ]);
    const code = (): string => generateSync({ secret: totpSecret, epoch: Math.floor(now() / 1000) });
    return { name, phone: number, code, backupCodes: printed };
  };
  const { troubleGraceMs, superviseEveryMs, drillStepMs, monotonic } = options;
  const twilioApiUrl = options.twilioApiUrl?.(phone.restUrl) ?? phone.restUrl;
  const start = async (waits = true): Promise<Pullcord> => {
    const started = await startPullcord({
      ...{ config, logger, now, version: version(), twilioApiUrl },
      ...(troubleGraceMs === undefined ? {} : { troubleGraceMs }),
      ...(superviseEveryMs === undefined ? {} : { superviseEveryMs }),
      ...(drillStepMs === undefined ? {} : { drillStepMs }),
      ...(monotonic === undefined ? {} : { monotonic }),
    });
    if (waits) await armed(started);
    return started;
  };
  const alice = enrol('alice', '+15550100001');
  const bob = enrol('bob', '+15550100002');
  const carol = enrol('carol', '+15550100003');
  let current = await start();
  pullcord = current;

  return {
    ...{ apisix, phone, alice, bob, carol, dataDir, admin },
    get pullcord() {
      return current;
    },
    restart: async (between) => {
      await current.close();
      await between?.();
      current = await start(between === undefined);
      pullcord = current;
    },
    close: async () => {
      await current.close();
      await Promise.all([phone.close(), apisix.close()]);
      rmSync(dataDir, { recursive: true });
    },
  };
}

/** Of a gateway; what else is wrong of the way is what the rig was made for. */
const GATEWAY = /^(cutter|guard|admin|clamp|nodes) /;

/** Waits until the gateway was seen and the clamp is armed; a rig whose gateway is away goes on without. */
async function armed({ internalUrl }: Pullcord): Promise<void> {
  for (let look = 0; look < ARMED_LOOKS; look++) {
    const answer = await fetch(`${internalUrl}/readyz`);
    const { parts } = (await answer.json()) as { parts: readonly { readonly name: string; readonly ok: boolean }[] };
    if (parts.every(({ name, ok }) => ok || !GATEWAY.test(name))) return;
    await sleep(ARMED_EVERY_MS);
  }
}
