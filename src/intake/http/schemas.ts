import { z } from 'zod';
import { tokenRight } from '../../config/schema';
import { spanNames } from '../../tripwire/history/spans';
import { drill, drillList } from './drill-schema';
import { fallback, fallbackList } from './fallback-schema';
import { liveBye, liveIncident, liveSpend } from './live-schema';
import { relayReceipt } from './relay-schema';
import { session, signInWays } from './session-schema';
import { spendHistory } from './spend-history-schema';
import { spend } from './spend-schema';
import { restorePreview, story } from './story-schema';
import { subscriptionComponents } from './subscription-schema';
import { why } from './why-schema';

export { fallbackPath } from './fallback-schema';
export type { SpendHistoryAnswer } from './spend-history-schema';
export { type RestorePreviewAnswer, scopePath } from './story-schema';
export { subscriptionBody, subscriptionPath } from './subscription-schema';

/**
 * What the API takes and gives. The same schemas validate requests, type the answers, are read by the CLI, and make
 * `/openapi.json`. What is taken is strict, so that a misspelt field is refused; what is given may get more fields.
 */

const scopeName = z.string().min(1).max(32).describe('One of the configured scopes.');
const time = z.iso.datetime().describe('RFC 3339, in UTC.');
const orderNumber = z.int().min(1).describe('Only grows.');
const action = z.enum(['sever', 'restore']);
const latchState = z.enum(['live', 'severing', 'severed', 'restoring']);
/**
 * Unicode's category Cc, ends of lines, and what turns the direction of a text around; written out: not every reader of
 * `/openapi.json` knows `\p{Cc}`.
 */
const CONTROL = '\\u0000-\\u001f\\u007f-\\u009f\\u061c\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069';
/** One line of text, which goes into the ledger and perhaps into a text message. */
const line = z.string().regex(new RegExp(`^[^${CONTROL}]*$`), 'one line, without control characters');

/** A whole number in a query or a path: digits, and nothing that JavaScript would also take for a number. */
const digits = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,15}$/, 'a whole number')
    .transform(Number)
    .pipe(z.int().min(min).max(max));

export const nothing = z.strictObject({});
/** Of an answer that is a stream of events: see the operation's description. */
export const eventStream = z.string();
/** Of an answer that is its status alone. */
export const noBody = z.undefined();

export const orderBody = z
  .strictObject({
    action,
    scope: scopeName.optional().describe('Left out: the default scope.'),
    reason: line.max(200).optional().describe('Why; for the ledger.'),
    operator: z.string().min(1).max(64).optional().describe('Who orders. A restore needs it, and the code.'),
    code: z
      .string()
      .regex(/^(\d{6}|\d{12})$/, 'the 6 digits that the app shows, or a backup code of 12')
      .optional()
      .describe('A fresh one-time password; a printed backup code only stops.'),
  })
  .refine((body) => body.code === undefined || body.operator !== undefined, {
    path: ['operator'],
    error: 'say whose code it is',
  })
  .meta({ dependentRequired: { code: ['operator'] } });

export const fallbackBody = z
  .strictObject({
    wish: z
      .enum(['fallback', 'primary'])
      .describe(
        'fallback: permit it for its time. primary: take it back, until the primary was well or a person permits.',
      ),
    reason: line.max(200).optional().describe('Why; for the ledger.'),
    operator: z.string().min(1).max(64).optional().describe('Who decides. To permit needs it, and the code.'),
    code: z
      .string()
      .regex(/^\d{6}$/, 'the 6 digits that the app shows')
      .optional()
      .describe('A fresh one-time password.'),
  })
  .refine((body) => body.code === undefined || body.operator !== undefined, {
    path: ['operator'],
    error: 'say whose code it is',
  })
  .meta({ dependentRequired: { code: ['operator'] } });

export const orderQuery = z.strictObject({
  wait: digits(0, 30).optional().describe('How long the answer waits until the order is settled. Seconds.'),
});

export const waitQuery = z.strictObject({
  wait: digits(0, 30).optional().describe('How long the answer waits until it has ended. Seconds.'),
});

export const drillsQuery = z.strictObject({ limit: digits(1, 200).optional().describe('Left out: 20.') });
export const drillPath = z.strictObject({ id: z.string().min(1).max(64) });

export const orderHeaders = z.object({
  'idempotency-key': z
    .string()
    .regex(/^[\x21-\x7e]{1,200}$/, '1 to 200 visible ASCII characters')
    .optional()
    .describe('Names this order for ever: sent again, the same key is the same order.'),
});

export const orderPath = z.strictObject({ number: digits(1, Number.MAX_SAFE_INTEGER) });

export const ordersQuery = z.strictObject({
  scope: scopeName.optional(),
  limit: digits(1, 500).optional().describe('Left out: 50.'),
});

export const incidentsQuery = z.strictObject({ limit: digits(1, 200).optional().describe('Left out: 50.') });

export const ledgerQuery = z.strictObject({
  after: digits(0, Number.MAX_SAFE_INTEGER)
    .optional()
    .describe('Number of a line: those that follow it are given. Left out: the newest.'),
  limit: digits(1, 1000).optional().describe('Left out: 100.'),
});

const order = z.object({
  number: z.int().min(0).describe('Only grows; 0 as long as the ledger does not answer and cannot number it.'),
  action,
  scope: scopeName,
  source: z.enum(['sms', 'api', 'console', 'tripwire', 'drill']).describe('The door through which it came.'),
  by: z.string().describe('An operator, `token:<name>`, `openid:<name>`, `backup:<operator>`, `tripwire` or `drill`.'),
  reason: z.string().optional(),
  correlation: z.string().describe('Ties together the log lines from the message to the write.'),
  at: time,
});

const outcome = order.extend({
  state: z
    .enum(['severing', 'severed', 'restoring', 'live', 'overtaken'])
    .describe('severed and live are said only when every gateway was seen; overtaken: a later order came first.'),
  ms: z.number().min(0).describe('From acceptance until it was seen, or until now. Milliseconds.'),
  cut: z.int().min(0).describe('Routes that are cut now.'),
  gateways: z.int().min(0).describe('How many gateways were seen.'),
  missing: z.array(z.string()).describe('What is missing until it is seen.'),
  overtakenBy: z
    .object({ order: z.int().min(0), state: latchState })
    .optional()
    .describe("Where it was overtaken: the scope's newest order, and how the scope stands under that one."),
});

const pending = z
  .object({
    state: z.literal('pending'),
    scope: scopeName,
    operator: z.string().describe('The first operator; a second, different one has to send the same restore.'),
    withinSeconds: z.int().min(0),
  })
  .describe('A restore that needs a second operator.');

const scope = z.object({
  scope: scopeName,
  state: latchState,
  since: time.optional().describe('When this state began; missing when no order ever touched the scope.'),
  order: z.int().min(0).describe('Number of the order that set this state; 0 when none ever did.'),
  by: z.string().optional().describe('Who ordered it; missing when nobody did, or this instance has not heard yet.'),
  reason: z.string().optional().describe('Why, where somebody said so.'),
  gateways: z
    .array(
      z.object({
        name: z.string(),
        seen: z.boolean().describe('Whether it was seen to be in this state.'),
        missing: z.array(z.string()).describe('What is missing until it is seen.'),
      }),
    )
    .describe('Those that have something to do with the scope.'),
  seen: z.boolean().describe('Whether every gateway was seen to be in this state.'),
  missing: z.array(z.string()).describe('What is missing until it is seen.'),
  incident: orderNumber.optional().describe('The incident that is open.'),
  pending: z
    .object({ operator: z.string(), at: time })
    .optional()
    .describe('A restore that waits for a second operator.'),
});

const incident = z.object({
  number: orderNumber.describe('Number of the sever that opened it.'),
  scope: scopeName,
  openedBy: z.string(),
  reason: z.string().optional().describe('Why it was opened, where somebody said so.'),
  openedAt: time,
  severedAt: time.optional().describe('When every gateway was first seen to refuse.'),
  closedAt: time.optional().describe('When every gateway was seen to serve again; missing while it is open.'),
  orders: z.array(orderNumber),
});

const ledgerLine = z.object({
  seq: z.int().min(1),
  at: time,
  kind: z.string(),
  data: z.record(z.string(), z.unknown()),
  hash: z.string().describe('HMAC-SHA256 over the hash before and this line.'),
});

const placed = z.union([outcome, pending]);
const scopes = z.object({ scopes: z.array(scope) });
const orders = z.object({ orders: z.array(order).describe('Newest first.') });
const incidentStory = incident.extend(story.shape);
const incidentReport = z.string().describe("In GitHub's Markdown.");
const incidentList = z.object({ incidents: z.array(incident).describe('Newest first.') });
const ledgerLines = z.object({ lines: z.array(ledgerLine) });
const verdict = z.object({
  ok: z.boolean().describe('Whether every line is as it was written, and none is missing.'),
  lines: z.int().min(0).describe('How many lines were read.'),
  faults: z.array(z.string()),
});
const token = z.object({
  name: z.string().describe('Stands in the ledger for whoever bears the token.'),
  rights: z.array(tokenRight).describe('What the bearer may do. Restoring is none of it.'),
});
const health = z.object({ status: z.literal('ok') });
const part = z.object({
  name: z.string(),
  ok: z.boolean().describe('Whether it works: also where somebody has to see to it soon.'),
  detail: z.string(),
  signal: z
    .enum(['normal', 'alarm', 'supervisory', 'trouble'])
    .optional()
    .describe(
      'alarm: a cut is ordered; supervisory: it works, and wants looking after; trouble: it is broken, or nobody knows.',
    ),
  since: time.optional().describe('When it began to stand so.'),
  lastWell: time.optional().describe('When it was last seen to work; missing: never since the start.'),
  todo: z.string().optional().describe('What to do now.'),
});
const readiness = z.object({
  state: z
    .enum(['armed', 'degraded', 'disarmed'])
    .describe('degraded: a stop would cut, with less than what is configured; disarmed: it would not.'),
  works: z.array(z.string()).optional().describe('What still works, and what does not, in sentences.'),
  parts: z.array(part),
});
const status = readiness.extend({ version: z.string(), scopes: z.array(scope) });
const openapiDocument = z.record(z.string(), z.unknown());

const problemDetails = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string().describe('What happened, and what to do now.'),
    reason: z.string().describe('The same as in type, for programs and for the ledger.'),
    errors: z
      .array(z.object({ in: z.enum(['path', 'query', 'header', 'body']), path: z.string(), detail: z.string() }))
      .optional(),
  })
  .describe('Problem details, RFC 9457.');

export const spendQuery = z.strictObject({
  limit: digits(1, 1000).optional().describe('Keys and teams at most: those that are configured first. Left out: 100.'),
});

export const spendHistoryQuery = z.strictObject({
  span: z.enum(spanNames).optional().describe('How far back. Left out: hour.'),
});

/** What is given, under the names that `/openapi.json` uses. */
export const components = {
  Order: order,
  OrderOutcome: outcome,
  PendingRestore: pending,
  PlacedOrder: placed,
  OrderList: orders,
  Scope: scope,
  ScopeList: scopes,
  Incident: incident,
  IncidentList: incidentList,
  IncidentStory: incidentStory,
  IncidentReport: incidentReport,
  RestorePreview: restorePreview,
  LedgerLine: ledgerLine,
  LedgerLines: ledgerLines,
  Verdict: verdict,
  Token: token,
  Health: health,
  Readiness: readiness,
  Status: status,
  Spend: spend,
  SpendHistory: spendHistory,
  RelayReceipt: relayReceipt,
  Fallback: fallback,
  FallbackList: fallbackList,
  Drill: drill,
  DrillList: drillList,
  Why: why,
  LiveSpend: liveSpend,
  LiveIncident: liveIncident,
  LiveBye: liveBye,
  Session: session,
  SignInWays: signInWays,
  OpenApi: openapiDocument,
  Problem: problemDetails,
  ...subscriptionComponents,
};

export type OrderBody = z.output<typeof orderBody>;
export type OrderAnswer = z.input<typeof order>;
export type OutcomeAnswer = z.input<typeof outcome>;
export type PlacedAnswer = z.input<typeof placed>;
export type ScopeAnswer = z.input<typeof scope>;
export type IncidentAnswer = z.input<typeof incident>;
export type IncidentStoryAnswer = z.input<typeof incidentStory>;
export type LedgerLineAnswer = z.input<typeof ledgerLine>;
export type VerdictAnswer = z.input<typeof verdict>;
export type FallbackBody = z.output<typeof fallbackBody>;
export type FallbackAnswer = z.input<typeof fallback>;
export type DrillAnswer = z.input<typeof drill>;
export type DrillListAnswer = z.input<typeof drillList>;
export type SpendAnswer = z.input<typeof spend>;
export type ReadinessAnswer = z.input<typeof readiness>;
export type StatusAnswer = z.input<typeof status>;
