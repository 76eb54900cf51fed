import type { Router } from 'express';
import type { Logger } from 'pino';
import type { Clock } from '../../clock';
import type { PreviewRestore } from '../../desk/restore-preview';
import type { Standing } from '../../desk/standing';
import type { Latch } from '../../latch/latch';
import type { Records } from '../../ledger/records';
import type { Verdict } from '../../ledger/verify';
import type { Subscriptions } from '../../notify/events/subscriptions';
import type { Desk } from '../../orders/desk';
import type { Drills } from '../../supervision/drill/drills';
import type { Readiness } from '../../supervision/readiness';
import type { Spend } from '../../tripwire/spend';
import type { Why } from '../../why';
import type { Sessions } from '../console/session';
import { type SessionHandlersOptions, sessionHandlers } from '../console/session-handlers';
import type { LiveOptions } from '../live/live';
import { liveHandler } from '../live/live-handler';
import type { Relay } from '../sms/relay';
import { drillHandlers } from './drill-handlers';
import { type FallbackHandlersOptions, fallbackHandlers } from './fallback-handlers';
import { type IncidentHandlersOptions, incidentHandlers } from './incident-handlers';
import { openapi } from './openapi';
import { outcomeWithin } from './outcome-within';
import { placeOrder } from './place-order';
import { relayTwilio } from './relay-twilio';
import { type Handlers, operationRouter } from './router';
import type { StatusAnswer } from './schemas';
import { type SpendHistoryHandlerOptions, spendHistoryHandler } from './spend-history-handler';
import { spendAnswer } from './spend-view';
import { subscriptionHandlers } from './subscriptions';
import { failureLimit, type Token, tokenChecker } from './tokens';
import { incidentAnswer, lineAnswer, orderAnswer, outcomeAnswer, readinessAnswer, scopeAnswer } from './views';
import { whyHandlers } from './why-handlers';

export interface ApiOptions extends SessionHandlersOptions {
  readonly desk: Desk;
  readonly records: Records;
  readonly drills: Pick<Drills, 'start' | 'report' | 'newest' | 'nextDue'>;
  /** Undefined where none is configured. */
  readonly fallbacks?: FallbackHandlersOptions['fallbacks'];
  /** The fallbacks that are forbidden while this scope is severed. */
  readonly fallbacksOf: (scope: string) => ReadonlySet<string>;
  /** What a restore would bring back. */
  readonly previewRestore: PreviewRestore;
  readonly tokens: readonly Token[];
  readonly sessions: Pick<Sessions, 'of' | 'begin' | 'end' | 'still'>;
  /** Of the console, where it is configured. */
  readonly origin: string | undefined;
  /** What a sever or restore without a scope is about. */
  readonly defaultScope: string;
  /** What is missing until the state of this scope is seen, in words; empty when it is. From memory: no I/O. */
  readonly missing: (scope: string) => readonly string[];
  /** Who set this latch, and which gateways were seen to follow. From memory: no I/O. */
  readonly standing: (latch: Latch) => Standing;
  /** What is spent, as it is told live; undefined where nobody watches it. */
  readonly pulse: LiveOptions['spend'];
  /** What the tripwire sees; undefined where there is none. From memory: no I/O. */
  readonly spend: (limit: number) => Spend | undefined;
  readonly measure?: IncidentHandlersOptions['measure'];
  readonly spendHistory?: SpendHistoryHandlerOptions['spendHistory'];
  /** Who refuses, and why. */
  readonly why: Why;
  /** What text messages are handed on to; undefined where no provider is configured. */
  readonly relay: Relay | undefined;
  readonly ready: () => Promise<Readiness>;
  readonly subscriptions: Pick<Subscriptions, 'create' | 'of' | 'end'>;
  readonly version: string;
  readonly now: Clock;
  readonly randomId: () => string;
  readonly log: Logger;
  /** Aborted when Pullcord goes down: who waits for an outcome is told at once how it stands. */
  readonly closing: AbortSignal;
}

const LIST_LIMIT = 50;
const SUBJECTS_LIMIT = 100;
const LINES_LIMIT = 100;

/** The internal API: `/api/v1/...`, `/openapi.json`, `/healthz` and `/readyz`. */
export function api(options: ApiOptions): Router {
  const { desk, records } = options;
  const document = openapi(options.version);
  const verify = shared(() => records.verify());
  const scopes = () =>
    desk.latches().map((latch) => scopeAnswer(latch, options.missing(latch.scope), options.standing(latch)));
  const status = async (): Promise<StatusAnswer> => ({
    ...readinessAnswer(await readiness(options)),
    ...{ version: options.version, scopes: scopes() },
  });
  const handlers: Handlers = {
    placeOrder: placeOrder(options),

    listOrders: async ({ query: { scope, limit = LIST_LIMIT } }) => {
      const orders = await records.orders({ limit, ...(scope === undefined ? {} : { scope }) });
      return { status: 200, body: { orders: orders.map(orderAnswer) } };
    },

    getOrder: async ({ params, query: { wait = 0 } }) => {
      const order = await records.order(params.number);
      if (!order) return { refused: 'not-found' };
      const outcome = await outcomeWithin({ desk, order, waitMs: wait * 1000, closing: options.closing });
      return { status: 200, body: outcomeAnswer(order, outcome) };
    },

    listScopes: async () => ({ status: 200, body: { scopes: scopes() } }),

    status: async () => ({ status: 200, body: await status() }),
    ...liveHandler({ ...options, status, spend: options.pulse }),

    listIncidents: async ({ query: { limit = LIST_LIMIT } }) => {
      const found = await records.incidents({ limit });
      return { status: 200, body: { incidents: found.map(incidentAnswer) } };
    },

    listLedger: async ({ query: { after, limit = LINES_LIMIT } }) => {
      const lines = await records.lines({ limit, ...(after === undefined ? {} : { after }) });
      return { status: 200, body: { lines: lines.map(lineAnswer) } };
    },

    verifyLedger: async () => {
      const { ok, lines, faults } = await verify();
      return { status: 200, body: { ok, lines, faults: [...faults] } };
    },

    spend: async ({ query: { limit = SUBJECTS_LIMIT } }) => {
      const spend = options.spend(limit);
      if (!spend) return { refused: 'not-found', detail: 'No tripwire is configured.' };
      return { status: 200, body: spendAnswer(spend) };
    },

    whoAmI: async ({ bearer: { name, rights } }) => ({ status: 200, body: { name, rights: [...rights] } }),
    relayTwilio: relayTwilio(options.relay),
    ...subscriptionHandlers(options.subscriptions),
    ...drillHandlers(options),
    ...fallbackHandlers(options),
    ...incidentHandlers(options),
    ...spendHistoryHandler(options),
    ...whyHandlers(options),
    ...sessionHandlers(options),

    describe: async () => ({ status: 200, body: { ...document } }),
    health: async () => ({ status: 200, body: { status: 'ok' } }),

    readiness: async () => {
      const body = readinessAnswer(await readiness(options));
      return body.state === 'disarmed' ? { status: 503, body } : { status: 200, body };
    },
  };
  return operationRouter({
    handlers,
    checkToken: tokenChecker(options.tokens),
    ...{ sessions: options.sessions, origin: options.origin },
    mayFail: failureLimit(options.now),
    refused: (reason, data) => desk.refused(reason, data),
  });
}

/** Unknown is trouble: what can't be found out counts as disarmed. */
async function readiness({ ready, log }: ApiOptions): Promise<Readiness> {
  try {
    return await ready();
  } catch (error) {
    log.error({ err: error }, 'readiness could not be found out');
    const detail = 'Could not be found out: the log says why.';
    return { state: 'disarmed', parts: [{ name: 'readiness', ok: false, detail }] };
  }
}

/** One reading of the whole ledger at a time serves all who ask meanwhile. */
function shared(verify: () => Promise<Verdict>): () => Promise<Verdict> {
  let running: Promise<Verdict> | undefined;
  return () => {
    running ??= verify().finally(() => {
      running = undefined;
    });
    return running;
  };
}
