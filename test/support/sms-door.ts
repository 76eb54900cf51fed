import pino from 'pino';
import { getExpectedTwilioSignature } from 'twilio/lib/webhooks/webhooks';
import { type Config, type ConfigInput, configSchema } from '../../src/config/schema';
import { publicApp } from '../../src/intake/http/apps';
import { listen } from '../../src/intake/http/listen';
import { createConversation } from '../../src/intake/sms/conversation';
import { createRelay, type Relay } from '../../src/intake/sms/relay';
import { twilioDoor } from '../../src/intake/sms/twilio';
import { Ways } from '../../src/intake/sms/ways';
import type { Latch } from '../../src/latch/latch';
import type { Desk, Outcome, Proof, Receipt } from '../../src/orders/desk';
import type { Order, OrderRequest } from '../../src/orders/order';
import { type Phone, startPhone } from '../../src/sandbox/phone';

export const ALICE = '+15550100001';
export const STRANGER = '+15550100099';
export const NUMBER = '+15550100500';
export const ACCOUNT = `AC${'0123456789abcdef'.repeat(2)}`;
export const TOKEN = 'primary-token';
export const OLD_TOKEN = 'secondary-token';
export const PUBLIC_URL = 'https://pullcord.example.org';
export const WEBHOOK_URL = `${PUBLIC_URL}/sms/twilio`;

/** A desk that accepts all, remembers keys, and writes down what it was asked. */
export class FakeDesk implements Desk {
  readonly asked: { readonly request: OrderRequest; readonly proof: Proof }[] = [];
  readonly refusals: { readonly reason: string; readonly data: Readonly<Record<string, unknown>> }[] = [];
  readonly orders = new Map<string, Order>();
  timesLatchesWereRead = 0;
  rights: readonly ('stop' | 'restore' | 'status')[] = ['stop', 'restore', 'status'];
  decide: (request: OrderRequest, proof: Proof) => Promise<Receipt> = async (request) => this.accept(request);
  see: (order: Order, waitMs: number) => Promise<Outcome> = async (order) => ({
    ...{ state: order.action === 'sever' ? 'severed' : 'live', ms: 420, cut: 3, gateways: 2, missing: [] },
  });

  accept(request: OrderRequest): Receipt {
    const order = { ...request, number: this.orders.size + 1, by: 'alice', at: 0 };
    this.orders.set(request.key, order);
    return { kind: 'accepted', order };
  }

  async order(request: OrderRequest, proof: Proof): Promise<Receipt> {
    this.asked.push({ request, proof });
    const known = this.orders.get(request.key);
    return known ? { kind: 'repeated', order: known } : this.decide(request, proof);
  }
  outcome(order: Order, waitMs: number): Promise<Outcome> {
    return this.see(order, waitMs);
  }
  latches(): readonly Latch[] {
    this.timesLatchesWereRead += 1;
    return [
      { scope: 'agent', state: 'live', order: 0, since: 0 },
      { scope: 'llm', state: 'severed', order: 7, since: Date.now() - 300_000, incident: 7 },
    ];
  }
  refused(reason: string, data: Readonly<Record<string, unknown>>): void {
    this.refusals.push({ reason, data });
  }
  operatorOf(phone: string) {
    return phone === ALICE ? { name: 'alice', rights: this.rights } : undefined;
  }
  get reasons(): readonly string[] {
    return this.refusals.map(({ reason }) => reason);
  }
}

export interface DoorSetup {
  readonly sms?: NonNullable<ConfigInput['sms']>;
  readonly twilio?: Partial<NonNullable<NonNullable<ConfigInput['sms']>['twilio']>>;
  readonly publicUrl?: string;
  readonly replyMs?: number;
  readonly bodyMs?: number;
  /** What the phone signs, when it isn't what is configured. */
  readonly signedUrl?: string;
}

export const doorConfig = ({ sms, twilio, publicUrl = PUBLIC_URL, replyMs = 2_000 }: DoorSetup = {}): Config =>
  configSchema.parse({
    publicUrl,
    key: 'k',
    gateways: { main: { adminUrl: 'http://127.0.0.1:1', adminKey: 'k', gatewayUrls: ['http://127.0.0.1:2'] } },
    scopes: { agent: { routes: [{ all: true }] }, llm: { routes: [{ id: 'llm' }] } },
    sms: {
      twilio: { accountSid: ACCOUNT, authTokens: [TOKEN, OLD_TOKEN], numbers: [NUMBER], ...twilio },
      ...sms,
    },
    bounds: { replyMs },
  } satisfies ConfigInput);

export interface Door {
  readonly url: string;
  readonly desk: FakeDesk;
  /** The other door, before the same conversation. */
  readonly relay: Relay;
  readonly phone: Phone;
  readonly followed: Order[];
  readonly told: Order[];
  readonly said: { readonly to: string; readonly text: string }[];
  readonly alarms: { readonly key: string; readonly text: string }[];
  /** Lines of the log, from `debug` on. */
  readonly log: { readonly level: number; readonly msg: string }[];
  readonly closing: AbortController;
  close(): Promise<void>;
}

/** The public listener with Twilio's door, a fake desk behind it and a stand-in Twilio before it. */
export async function startDoor(setup: DoorSetup = {}): Promise<Door> {
  const config = doorConfig(setup);
  const desk = new FakeDesk();
  const log: Door['log'] = [];
  const logger = pino({ level: 'debug' }, { write: (line: string) => void log.push(JSON.parse(line)) });
  const seen = { followed: [] as Order[], told: [] as Order[], said: [] as Door['said'], alarms: [] as Door['alarms'] };
  const closing = new AbortController();
  const options = {
    ...{ config, desk, logger, now: Date.now, closing: closing.signal },
    results: {
      follow: (order: Order) => void seen.followed.push(order),
      told: async (order: Order) => void seen.told.push(order),
    },
    say: (to: string, text: string) => void seen.said.push({ to, text }),
    alarm: (key: string, text: string) => void seen.alarms.push({ key, text }),
    ...(setup.bodyMs === undefined ? {} : { bodyMs: setup.bodyMs }),
  };
  const { twilio } = config.sms;
  if (!twilio) throw new Error('sms.twilio is not configured');
  const shared = { ...options, converse: createConversation(options), ways: new Ways() };
  let id = 0;
  const app = publicApp({
    sms: { twilio: twilioDoor(shared) },
    log: logger,
    now: Date.now,
    randomId: () => `r${++id}`,
  });
  const listener = await listen(app, '127.0.0.1:0');
  const url = `${listener.url}/sms/twilio`;
  const phone = await startPhone({
    ...{ accountSid: ACCOUNT, authToken: TOKEN, number: NUMBER, deliverTo: url },
    webhookUrl: setup.signedUrl ?? config.sms.twilio?.webhookUrl ?? WEBHOOK_URL,
  });
  return {
    ...{ url, desk, phone, log, closing, ...seen, relay: createRelay({ ...shared, twilio }) },
    close: async () => {
      await Promise.all([listener.close(100), phone.close()]);
    },
  };
}

let serial = 0;
export const newMessageSid = (): string => `SM${(++serial).toString(16).padStart(32, '0')}`;

/** The fields that Twilio signs, and any more. */
export const fieldsOf = (more: Readonly<Record<string, string>> = {}): Record<string, string> => ({
  ...{ MessageSid: newMessageSid(), AccountSid: ACCOUNT, From: ALICE, To: NUMBER, Body: 'STOP 492039', NumMedia: '0' },
  ...more,
});

export const sign = (fields: Readonly<Record<string, string | string[]>>, url = WEBHOOK_URL, token = TOKEN): string =>
  getExpectedTwilioSignature(token, url, fields);

export const formOf = (fields: Readonly<Record<string, string | string[]>>): string =>
  new URLSearchParams(
    Object.entries(fields).flatMap(([key, value]) => [value].flat().map((one): [string, string] => [key, one])),
  ).toString();

export interface Posted {
  readonly status: number;
  readonly body: string;
  readonly type: string | null;
}

export async function post(url: string, body: string, headers: Readonly<Record<string, string>>): Promise<Posted> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body,
  });
  return { status: response.status, body: await response.text(), type: response.headers.get('content-type') };
}
