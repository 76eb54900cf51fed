import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateSecret, generateSync } from 'otplib';
import { getExpectedTwilioSignature } from 'twilio/lib/webhooks/webhooks';
import { stringify } from 'yaml';
import type { ConfigInput, TokenRight } from '../../../src/config/schema';
import { deriveKeys, parseMasterKey } from '../../../src/config/secrets';
import type { OutcomeAnswer } from '../../../src/intake/http/schemas';
import { openOperatorsFile } from '../../../src/operators/file';
import { type Apisix, startApisix } from '../../../src/sandbox/apisix';
import { gatewayObjects, gatewayScopes } from '../../../src/sandbox/gateway-objects';
import { type SandboxLiteLLM, startSandboxLiteLLM } from '../../../src/sandbox/litellm';
import { type Phone, startPhone } from '../../../src/sandbox/phone';
import { until } from '../../support/until';
import { type Program, startProgram } from './program';
import { steadyPort } from './server';

/** What only one operator has: a phone, and an app. A code is good once: each of them gives one order. */
export interface Operator {
  readonly name: string;
  readonly phone: string;
  code(): string;
}

/** The program itself, with a stand-in gateway, model and phone around it. */
export interface WholeProgram {
  readonly apisix: Apisix;
  readonly litellm: SandboxLiteLLM;
  readonly phone: Phone;
  readonly operators: readonly Operator[];
  /** A text as Twilio sends and signs it: the form, and X-Twilio-Signature. */
  signed(from: string, body: string): { readonly form: Record<string, string>; readonly signature: string };
  /** The internal listener: the same after a restart. */
  readonly url: string;
  readonly program: Program;
  token(name: string): string;
  get<T>(token: string, path: string): Promise<T>;
  /** By the API, until it is settled. The code proves who restores. */
  order(action: 'sever' | 'restore', scope: string, by?: Operator): Promise<OutcomeAnswer>;
  /** Whether the gateway refuses the agent. */
  refuses(): Promise<boolean>;
  /** Calls of the model at a dollar each, past the gateway, so that a cut doesn't end them. */
  spend(keyName: string, dollars: number): Promise<void>;
  start(): Promise<void>;
  close(): Promise<void>;
}

export interface WholeProgramOptions {
  readonly tokens: Readonly<Record<string, readonly TokenRight[]>>;
  /** What Twilio calls, and signs: the phone's texts go there. */
  readonly smsUrl: string;
  /** How many there are. */
  readonly operators: number;
  /** Names of virtual keys. Each was used a little before Pullcord began to watch. */
  readonly keys: readonly string[];
  /** What the gateway holds besides. */
  readonly objects?: readonly (readonly [path: string, body: unknown])[];
  readonly config: (litellm: SandboxLiteLLM, keys: Readonly<Record<string, string>>) => Partial<ConfigInput>;
}

const ACCOUNT = `AC${'0'.repeat(31)}1`;
const NUMBER = '+15550100100';
const AUTH_TOKEN = 'sandbox-auth-token';
const MASTER_KEY = '5a'.repeat(32);
/** The token for what tests ask by themselves. */
const CALLER = 'test';
const START_WITHIN_MS = 30_000;
/** US dollars a token: imaginary, so that money moves in seconds. */
const PRICE = 0.05;

/** Not started yet. */
export async function prepareWholeProgram(options: WholeProgramOptions): Promise<WholeProgram> {
  const { tokens, smsUrl } = options;
  const folder = mkdtempSync(join(tmpdir(), 'pullcord-whole-program-'));
  const [publicPort, internalPort] = [await steadyPort(), await steadyPort()];
  const url = `http://127.0.0.1:${internalPort}`;
  const [apisix, litellm, phone] = await Promise.all([
    startApisix(),
    startSandboxLiteLLM({ chunkMs: 1, inputCost: 0, outputCost: PRICE }),
    startPhone({ accountSid: ACCOUNT, authToken: AUTH_TOKEN, number: NUMBER, webhookUrl: smsUrl }),
  ]);
  for (const [path, body] of [...gatewayObjects(litellm.url), ...(options.objects ?? [])])
    await fetch(`${apisix.adminUrl}/apisix/admin/${path}`, {
      ...{ method: 'PUT', headers: { 'x-api-key': apisix.adminKey }, body: JSON.stringify(body) },
    }).then((answer) => answer.text());

  const keys = Object.fromEntries(options.keys.map((name) => [name, litellm.addKey(name).key]));
  const spend: WholeProgram['spend'] = async (keyName, dollars) => {
    const headers = { authorization: `Bearer ${keys[keyName]}`, 'content-type': 'application/json' };
    const body = JSON.stringify({ model: 'gpt-4o', max_tokens: 1 / PRICE, messages: [] });
    for (let n = 0; n < dollars; n += 1) {
      const answer = await fetch(`${litellm.url}/v1/chat/completions`, { method: 'POST', headers, body });
      if (!answer.ok) throw new Error(`the model answered ${answer.status} ${await answer.text()}`);
      await answer.text();
    }
  };
  for (const name of options.keys) await spend(name, 1);

  const token = (name: string): string => `${name}-token-for-tests`;
  const written: ConfigInput = {
    publicUrl: 'https://pullcord.example.org',
    listen: { public: `127.0.0.1:${publicPort}`, internal: `127.0.0.1:${internalPort}` },
    ...{ dataDir: folder, key: MASTER_KEY },
    gateways: {
      main: {
        ...{ adminUrl: apisix.adminUrl, adminKey: apisix.adminKey, controlUrl: apisix.controlUrl },
        gatewayUrls: [...apisix.gatewayUrls],
      },
    },
    scopes: gatewayScopes,
    sms: { twilio: { accountSid: ACCOUNT, authTokens: [AUTH_TOKEN], numbers: [NUMBER], relayUrls: [smsUrl] } },
    api: {
      tokens: Object.entries({ ...tokens, [CALLER]: ['stop', 'status'] as const }).map(([name, rights]) => ({
        ...{ name, rights: [...rights] },
        sha256: createHash('sha256').update(token(name)).digest('hex'),
      })),
    },
    enforcer: { periodSeconds: 1 },
    ...options.config(litellm, keys),
  };
  writeFileSync(join(folder, 'pullcord.yaml'), stringify(written), { mode: 0o600 });
  const people = enrol(folder, options.operators);

  let program: Program | undefined;
  const ask = async (name: string, path: string, body?: object): Promise<never> => {
    const headers = { authorization: `Bearer ${token(name)}`, 'content-type': 'application/json' };
    const how = body ? { method: 'POST', body: JSON.stringify(body) } : {};
    const answer = await fetch(`${url}${path}`, { headers, ...how });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.json() as Promise<never>;
  };
  const self: WholeProgram = {
    ...{ apisix, litellm, phone, url, token, operators: people },
    get: ask,
    order: (action, scope, by) =>
      ask(CALLER, '/api/v1/orders?wait=30', { action, scope, ...(by ? { operator: by.name, code: by.code() } : {}) }),
    signed: (from, body) => {
      const sid = `SM${createHash('md5').update(`${from} ${body}`).digest('hex')}`;
      const form = { MessageSid: sid, AccountSid: ACCOUNT, From: from, To: NUMBER, Body: body };
      return { form, signature: getExpectedTwilioSignature(AUTH_TOKEN, smsUrl, form) };
    },
    get program() {
      if (!program) throw new Error('Pullcord does not run');
      return program;
    },
    refuses: async () => {
      const answer = await fetch(`${apisix.gatewayUrl}/v1/embeddings`, { method: 'HEAD' }).catch(() => undefined);
      return answer?.headers.has('x-pullcord-severed') ?? false;
    },
    spend,
    start: async () => {
      program = await startProgram({
        ...{ PULLCORD_CONFIG: join(folder, 'pullcord.yaml'), PULLCORD_TWILIO_API_URL: phone.restUrl },
      });
      await until(async () => (await stateOf(url)) === 'armed', START_WITHIN_MS).catch(async () => {
        throw new Error(`not armed: ${await (await fetch(`${url}/readyz`)).text()}`);
      });
    },
    close: async () => {
      await program?.end('SIGTERM');
      await Promise.all([apisix.close(), litellm.close(), phone.close()]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return self;
}

async function stateOf(url: string): Promise<string> {
  const answer = await fetch(`${url}/readyz`);
  return ((await answer.json()) as { state: string }).state;
}

function enrol(dataDir: string, count: number): readonly Operator[] {
  const keys = deriveKeys(parseMasterKey(MASTER_KEY));
  const onTrouble = (message: string): void => {
    throw new Error(message);
  };
  const file = openOperatorsFile({ path: join(dataDir, 'operators.json'), keys, now: Date.now, onTrouble });
  return Array.from({ length: count }, (_, index) => {
    const secret = generateSecret();
    const who = { name: `operator-${index}`, phone: `+1555010000${index}` };
    const rights = ['stop', 'restore', 'status'] as const;
    const added = { name: who.name, phones: [who.phone], rights: [...rights], totpSecret: secret, backupCodes: [] };
    file.change((others) => [...others, added]);
    return { ...who, code: () => generateSync({ secret }) };
  });
}
