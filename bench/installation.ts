import { createHash } from 'node:crypto';
import { cpSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { generateSecret, generateSync } from 'otplib';
import type { ConfigInput } from '../src/config/schema';
import { CLAMP_PATH, idsPatch } from '../src/cutters/apisix/clamp';
import { startPhone } from '../src/sandbox/phone';
import { type Child, startChild } from './children/child';
import type { GatewayContract } from './children/gateway';
import type { PullcordContract } from './children/pullcord';
import { type Answer, good, Lookout, type Sent, send } from './http';
import { textMessage, twilio } from './text-message';

/** What the gateway is slow in. Milliseconds. */
export interface Latency {
  readonly writeMs: number;
  readonly propagationMs: number;
}

/** With what HTTP and timers add, a PATCH of the rule takes the 6 to 9 ms here that it takes on a real APISIX. */
export const realistic: Latency = { writeMs: 6, propagationMs: 0.7 };
export const instant: Latency = { writeMs: 0, propagationMs: 0 };

export interface InstallationOptions {
  /** Holds all that a run leaves on the disk; who made it takes it away. */
  readonly folder: string;
  readonly cpuProfiles?: string | undefined;
  readonly latency: Latency;
  readonly routes: number;
}

/** Pullcord and its gateway, each in a process of its own; the phones of two people are in this one. */
export interface Installation {
  readonly gateway: Child<GatewayContract>;
  readonly pullcord: Child<PullcordContract>;
  readonly lookout: Lookout;
  /** Makes the one-time passwords fresh again. */
  freshCodes(): Promise<void>;
  /** Texts STOP (alice) or RESTORE (bob). */
  text(word: 'STOP' | 'RESTORE'): Promise<Sent>;
  /** The same over the API, until it was seen. @throws Error when it was not. */
  order(action: 'sever' | 'restore'): Promise<void>;
  /** One raw write of the rule, behind Pullcord's back, as Pullcord would write it. */
  writeRule(cut: boolean): Promise<Sent>;
  /** How many lines the ledger has. */
  ledgerLines(): Promise<number>;
  close(): Promise<void>;
}

const MASTER_KEY = '5a'.repeat(32);
const TOKEN = 'bench-token';
const STEP_SECONDS = 30;
const AT_A_TIME = 50;
const WAIT_SECONDS = 15;

const people = [
  { name: 'alice', phone: '+15550100001', secret: generateSecret() },
  { name: 'bob', phone: '+15550100002', secret: generateSecret() },
] as const;
const [alice, bob] = people;

export async function startInstallation(options: InstallationOptions): Promise<Installation> {
  const { cpuProfiles, latency, routes } = options;
  const gateway = await startChild<GatewayContract>('gateway', latency, cpuProfiles);
  const { adminUrl, adminKey, gatewayUrl, upstream } = gateway.ready;
  const ids = Array.from({ length: routes }, (_, i) => `r${i}`);
  const admin = (method: string, path: string, body: unknown) => ({
    ...{ method, url: `${adminUrl}/apisix/admin/${path}`, body: JSON.stringify(body) },
    headers: { 'x-api-key': adminKey, 'content-type': 'application/json' },
  });
  for (let i = 0; i < ids.length; i += AT_A_TIME)
    await Promise.all(
      ids.slice(i, i + AT_A_TIME).map(async (id) => {
        const route = { uri: `/${id}/*`, labels: { agent: 'openclaw' }, upstream: { nodes: { [upstream]: 1 } } };
        await good((await send(admin('PUT', `routes/${id}`, { ...route, name: id }))).answer);
      }),
    );

  const phone = await startPhone({
    ...{ accountSid: twilio.accountSid, authToken: twilio.authToken, number: twilio.number },
    webhookUrl: `${twilio.publicUrl}/sms/twilio`,
  });

  const dataDir = await copyOfTemplate(options);
  const config = configFor(dataDir, { adminUrl, adminKey, gatewayUrls: [gatewayUrl] });
  const pullcord = await startChild<PullcordContract>(
    'pullcord',
    { config, people, twilioApiUrl: phone.restUrl },
    cpuProfiles,
  );
  const { publicUrl, internalUrl } = pullcord.ready;
  const lookout = new Lookout(gatewayUrl, `/${ids.at(-1)}/anything`);
  let aheadSeconds = 0;

  const codeOf = ({ secret }: (typeof people)[number]): string =>
    generateSync({ secret, epoch: Math.floor(Date.now() / 1000) + aheadSeconds });
  const api = async (method: string, path: string, body = ''): Promise<Answer> => {
    const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' };
    return good((await send({ method, url: internalUrl + path, headers, body })).answer);
  };

  const installation: Installation = {
    ...{ gateway, pullcord, lookout },
    async freshCodes() {
      aheadSeconds += STEP_SECONDS;
      await pullcord.call('advance', STEP_SECONDS);
    },
    text(word) {
      const sender = word === 'STOP' ? alice : bob;
      const form = textMessage(sender.phone, `${word} ${codeOf(sender)}`);
      return send({ method: 'POST', url: `${publicUrl}/sms/twilio`, ...form });
    },
    async order(action) {
      const person = action === 'restore' ? { operator: bob.name, code: codeOf(bob) } : {};
      const { text } = await api('POST', `/api/v1/orders?wait=${WAIT_SECONDS}`, JSON.stringify({ action, ...person }));
      const { state } = JSON.parse(text) as { state?: unknown };
      if (state !== (action === 'sever' ? 'severed' : 'live')) throw new Error(`${action} was answered ${text}`);
    },
    writeRule: (cut) => send(admin('PATCH', CLAMP_PATH, idsPatch(cut ? ids : []))),
    async ledgerLines() {
      const { text } = await api('GET', '/api/v1/ledger?limit=1');
      const { lines } = JSON.parse(text) as { lines: readonly { readonly seq: number }[] };
      return lines[0]?.seq ?? 0;
    },
    async close() {
      lookout.close();
      await Promise.all([gateway.close(), pullcord.close(), phone.close()]);
    },
  };
  await armed(installation);
  return installation;
}

/** Until Pullcord has armed its rule, so that there is something to write. */
async function armed({ gateway }: Installation): Promise<void> {
  for (let left = 500; (await gateway.call('stamps')).stored === 0; left -= 1) {
    if (left === 0) throw new Error('Pullcord did not arm the clamp');
    await sleep(10);
  }
}

function configFor(dataDir: string, gateway: ConfigInput['gateways'][string]): ConfigInput {
  const { publicUrl, accountSid, authToken, number } = twilio;
  const sha256 = createHash('sha256').update(TOKEN).digest('hex');
  return {
    ...{ publicUrl, dataDir, key: MASTER_KEY },
    listen: { public: '127.0.0.1:0', internal: '127.0.0.1:0' },
    gateways: { main: gateway },
    scopes: { agent: { routes: [{ label: 'agent=openclaw' }] } },
    sms: { twilio: { accountSid, authTokens: [authToken], numbers: [number] } },
    api: { tokens: [{ name: 'bench', sha256, rights: ['stop', 'status'] }] },
  };
}

let copies = 0;

/** A database is made once, which takes seconds, and copied from then on: a switch that is pulled has one already. */
async function copyOfTemplate({ folder }: InstallationOptions): Promise<string> {
  const template = join(folder, 'template');
  if (!existsSync(template)) {
    const nowhere = { adminUrl: 'http://127.0.0.1:9', adminKey: 'none', gatewayUrls: ['http://127.0.0.1:9'] };
    const options = { config: configFor(template, nowhere), people, twilioApiUrl: 'http://127.0.0.1:9' };
    await (await startChild<PullcordContract>('pullcord', options)).close();
  }
  copies += 1;
  const dataDir = join(folder, `data-${copies}`);
  cpSync(template, dataDir, { recursive: true });
  return dataDir;
}
