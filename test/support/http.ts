import { createHash } from 'node:crypto';
import type { Router } from 'express';
import pino from 'pino';
import { type TokenRight, tokenRight } from '../../src/config/schema';
import type { FallbackNow, FallbackReceipt, FallbacksService, FallbackWish } from '../../src/fallback';
import { Sessions } from '../../src/intake/console/session';
import { type ApiOptions, api } from '../../src/intake/http/api';
import { internalApp } from '../../src/intake/http/apps';
import type { Limits } from '../../src/intake/http/bounded-server';
import { listen } from '../../src/intake/http/listen';
import { problemAnswer } from '../../src/intake/http/malformed';
import type { Token } from '../../src/intake/http/tokens';
import type { Relay } from '../../src/intake/sms/relay';
import type { Latch } from '../../src/latch/latch';
import type { Incident } from '../../src/ledger/incident';
import type { Records } from '../../src/ledger/records';
import type { EntryKind, Line } from '../../src/ledger/store';
import type { Paper } from '../../src/ledger/story/paper';
import type { Verdict } from '../../src/ledger/verify';
import type { Desk, Outcome, Proof, Receipt } from '../../src/orders/desk';
import type { Order, OrderRequest } from '../../src/orders/order';
import type { Refusal, RefusalReason } from '../../src/orders/reasons';
import type { Drills } from '../../src/supervision/drill/drills';
import type { DrillReport } from '../../src/supervision/drill/report';
import type { Readiness } from '../../src/supervision/readiness';
import type { Spend } from '../../src/tripwire/spend';
import type { Why } from '../../src/why';
import { subscriptionsInMemory } from './subscriptions';

export const NOW = Date.UTC(2026, 0, 2, 3, 4, 5);

/** A desk that writes down what it is asked, and accepts unless the test says otherwise. */
export class FakeDesk implements Desk {
  readonly asked: { request: OrderRequest; proof: Proof }[] = [];
  readonly waits: number[] = [];
  readonly refusals: { reason: RefusalReason; data: Readonly<Record<string, unknown>> }[] = [];
  /** What the next orders get, instead of being accepted. */
  receipt: Receipt | Error | undefined;
  result: Partial<Outcome> | Error = {};
  /** When set, an outcome that is waited for comes after it. */
  gate: Promise<void> | undefined;
  scopes: Latch[] = [];
  private readonly orders = new Map<string, Order>();

  async order(request: OrderRequest, proof: Proof): Promise<Receipt> {
    this.asked.push({ request, proof });
    if (this.receipt instanceof Error) throw this.receipt;
    if (this.receipt) return this.receipt;
    const earlier = this.orders.get(request.key);
    if (earlier) return { kind: 'repeated', order: earlier };
    const by = proof.kind === 'operator' ? proof.operator : proof.kind === 'token' ? `token:${proof.token}` : 'nobody';
    const order: Order = { ...request, number: this.orders.size + 1, by, at: NOW };
    this.orders.set(request.key, order);
    return { kind: 'accepted', order };
  }

  async outcome(order: Order, waitMs: number): Promise<Outcome> {
    this.waits.push(waitMs);
    if (waitMs > 0) await this.gate;
    if (this.result instanceof Error) throw this.result;
    const state = order.action === 'sever' ? 'severed' : 'live';
    return { state, ms: 12, cut: 3, gateways: 2, missing: [], ...this.result };
  }

  latches(): readonly Latch[] {
    return this.scopes;
  }

  refused(reason: RefusalReason, data: Readonly<Record<string, unknown>>): void {
    this.refusals.push({ reason, data });
  }

  operatorOf(): undefined {
    return undefined;
  }
}

export class FakeRecords implements Records {
  readonly asked: unknown[] = [];
  known: Order[] = [];
  found: Incident[] = [];
  story: Paper | undefined;
  paper: Line[] = [];
  verdict: Verdict = { ok: true, lines: 0, faults: [] };
  /** What every call throws. */
  failure: Error | undefined;
  /** When set, `verify` comes after it. */
  gate: Promise<void> | undefined;

  async order(number: number): Promise<Order | undefined> {
    return this.answer(
      { number },
      this.known.find((order) => order.number === number),
    );
  }
  async orders(query: { scope?: string; limit: number }): Promise<readonly Order[]> {
    return this.answer(query, this.known);
  }
  async incidents(query: { limit: number }): Promise<readonly Incident[]> {
    return this.answer(query, this.found);
  }
  async incident(number: number): Promise<Paper | undefined> {
    return this.answer({ incident: number }, this.story);
  }
  async lines(query: { after?: number; limit: number }): Promise<readonly Line[]> {
    return this.answer(query, this.paper);
  }
  async newest(kinds: readonly EntryKind[], limit: number): Promise<readonly Line[]> {
    const found = this.paper.filter(({ kind }) => kinds.includes(kind)).slice(-limit);
    return this.answer({ kinds, limit }, found);
  }
  async verify(): Promise<Verdict> {
    this.asked.push('verify');
    await this.gate;
    return this.verdict;
  }

  private answer<T>(query: unknown, value: T): T {
    this.asked.push(query);
    if (this.failure) throw this.failure;
    return value;
  }
}

/** Drills that begin and do what the test says. */
export class FakeDrills implements Pick<Drills, 'start' | 'report' | 'newest' | 'nextDue'> {
  readonly asked: unknown[] = [];
  known: DrillReport[] = [];
  refusal: Refusal | undefined;
  /** What one that begins has become when it is asked for. */
  begins: DrillReport | undefined;
  due: number | undefined;

  nextDue(): number | undefined {
    return this.due;
  }
  async start(by: string): Promise<DrillReport | Refusal> {
    this.asked.push({ by });
    if (this.refusal) return this.refusal;
    const begun: DrillReport = { id: 'd-1', state: 'running', by, startedAt: NOW, steps: [], text: 'Drill under way.' };
    this.known = [...this.known, this.begins ?? begun];
    return begun;
  }
  async report(id: string, waitMs: number): Promise<DrillReport | undefined> {
    this.asked.push({ id, waitMs });
    return this.known.find((drill) => drill.id === id);
  }
  async newest(limit: number): Promise<readonly DrillReport[]> {
    this.asked.push({ limit });
    return this.known;
  }
}

/** One fallback that stands as the test says. */
export class FakeFallbacks implements Pick<FallbacksService, 'order' | 'all' | 'seen'> {
  readonly asked: unknown[] = [];
  receipt: FallbackReceipt = {
    kind: 'decided',
    permit: {
      fallback: 'fallback',
      state: 'fallback',
      order: 7,
      since: NOW,
      by: 'alice',
      why: 'ordered',
      until: NOW + 1,
    },
  };
  known: FallbackNow[] = [
    { name: 'fallback', state: 'primary', order: 0, since: 0, forbiddenBy: [], seen: 'primary', missing: [] },
  ];

  async order(wish: FallbackWish, proof: Proof): Promise<FallbackReceipt> {
    this.asked.push({ wish, proof });
    if (this.receipt.kind === 'decided') {
      const { permit } = this.receipt;
      const { state, order, since } = permit;
      this.known = this.known.map((one) => ({ ...one, state, order, since, permit }));
    }
    return this.receipt;
  }
  all(): readonly FallbackNow[] {
    return this.known;
  }
  async seen(name: string, order: number, waitMs: number): Promise<boolean> {
    this.asked.push({ name, order, waitMs });
    return true;
  }
}

/** Tokens by name: `Bearer n8n-secret` is the one of `n8n`. */
export const secretOf = (name: string): string => `${name}-secret`;
export const tokenOf = (name: string, rights: TokenRight[]): Token => ({
  name,
  sha256: createHash('sha256').update(secretOf(name)).digest('hex'),
  rights,
});
export const tokens = [
  tokenOf('n8n', ['stop', 'status']),
  tokenOf('stopper', ['stop']),
  tokenOf('reader', ['status']),
  tokenOf('relayer', ['relay']),
  tokenOf('relaying-reader', ['relay', 'status']),
  tokenOf('listener', ['events']),
  tokenOf('driller', ['drill']),
  tokenOf('all', [...tokenRight.options]),
];

/** Takes every subject for a scope that nobody refuses. */
const toyWhy: Why = {
  ask: async (subject) => ({
    subject,
    kind: 'scope',
    refused: false,
    answer: 'Nobody.',
    todo: 'Nothing.',
    findings: [],
  }),
};

export interface DoorOptions {
  readonly desk?: Desk;
  readonly records?: Records;
  readonly drills?: FakeDrills;
  readonly fallbacks?: FakeFallbacks;
  readonly ready?: () => Promise<Readiness>;
  readonly missing?: (scope: string) => readonly string[];
  readonly spend?: (limit: number) => Spend | undefined;
  readonly spendHistory?: ApiOptions['spendHistory'];
  readonly measure?: ApiOptions['measure'];
  readonly why?: Why;
  readonly relay?: Relay;
  readonly previewRestore?: ApiOptions['previewRestore'];
  readonly subscriptions?: ApiOptions['subscriptions'];
  readonly standing?: ApiOptions['standing'];
  readonly pulse?: ApiOptions['pulse'];
  readonly sessions?: ApiOptions['sessions'];
  readonly signIns?: ApiOptions['signIns'];
  readonly origin?: string;
  readonly openid?: ApiOptions['openid'];
  /** What else is on the listener. */
  readonly beside?: readonly Router[];
  readonly limits?: Partial<Limits>;
}

export interface CallOptions {
  readonly token?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** The client hangs up. */
  readonly signal?: AbortSignal;
}

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body, when it is JSON. */
  readonly json: Record<string, unknown>;
}

const nobodySignsIn: ApiOptions['signIns'] = {
  byCode: async () => ({ refused: 'code-wrong' }),
  note: () => undefined,
};

const nobodysSessions = (): Sessions =>
  new Sessions({
    ...{ key: Buffer.alloc(32, 1), secure: false, openid: false, operators: { byName: () => undefined } },
    ...{ now: Date.now, randomId: () => 'session' },
  });

/** The internal listener, for real, on a free port. */
export async function openDoor({ desk = new FakeDesk(), records = new FakeRecords(), ...options }: DoorOptions = {}) {
  const logged: string[] = [];
  const log = pino({ level: 'debug' }, { write: (line: string) => logged.push(line) });
  const closing = new AbortController();
  let ids = 0;
  const context = { log, now: Date.now, randomId: () => `id-${++ids}` };
  const router = api({
    ...{ desk, records, tokens, defaultScope: 'agent', version: '0.0.0', closing: closing.signal },
    ...context,
    drills: options.drills ?? new FakeDrills(),
    fallbacks: options.fallbacks ?? new FakeFallbacks(),
    ready: options.ready ?? (async () => ({ state: 'armed', parts: [] })),
    missing: options.missing ?? (() => []),
    spend: options.spend ?? (() => undefined),
    why: options.why ?? toyWhy,
    relay: options.relay,
    spendHistory: options.spendHistory,
    measure: options.measure,
    fallbacksOf: () => new Set(),
    previewRestore: options.previewRestore ?? (async () => ({ refused: 'nothing-to-restore' })),
    subscriptions: options.subscriptions ?? subscriptionsInMemory().subscriptions,
    standing: options.standing ?? (() => ({ gateways: [] })),
    pulse: options.pulse,
    ...{ sessions: options.sessions ?? nobodysSessions(), signIns: options.signIns ?? nobodySignsIn },
    ...{ origin: options.origin, openid: options.openid },
  });
  const app = internalApp({ ...context, routers: [router, ...(options.beside ?? [])] });
  const listener = await listen(app, '127.0.0.1:0', { limits: options.limits ?? {}, malformed: problemAnswer });

  /** One request. A string as body is sent as it is; `token: ''` sends none. */
  const call = async (method: string, path: string, { token = 'n8n', body, headers, signal }: CallOptions = {}) => {
    const response = await fetch(listener.url + path, {
      method,
      redirect: 'manual',
      ...(signal ? { signal } : {}),
      headers: {
        ...(token === '' ? {} : { authorization: `Bearer ${secretOf(token)}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const goesOn = response.headers.get('content-type') === 'text/event-stream';
    if (goesOn) await response.body?.cancel();
    const text = goesOn ? '' : await response.text();
    const isJson = (response.headers.get('content-type') ?? '').includes('json') && text !== '';
    const answered: Answered = {
      ...{ status: response.status, headers: response.headers, text },
      json: isJson ? (JSON.parse(text) as Record<string, unknown>) : {},
    };
    return answered;
  };
  return { call, listener, logged, closing, url: listener.url };
}

export type Door = Awaited<ReturnType<typeof openDoor>>;
