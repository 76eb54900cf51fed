import type { z } from 'zod';
import type { TokenRight } from '../../config/schema';
import type { RefusalReason } from '../../orders/reasons';
import { relayBody } from './relay-schema';
import * as schemas from './schemas';
import { sessionBody } from './session-schema';
import { whyQuery } from './why-schema';

const { components } = schemas;

/**
 * Who may: anybody on the internal network; anybody by our own page; who is signed in there; whoever has any token;
 * either of both; or whoever has this right, or one of these, by a token or a session. A session has none of the rights
 * `events` and `relay`.
 */
export type Access = 'open' | 'page' | 'session' | 'token' | 'any' | TokenRight | readonly TokenRight[];

/** One request that the internal API takes. The router and `/openapi.json` are both made from this table alone. */
export interface Operation {
  readonly method: 'get' | 'post' | 'delete';
  /** As OpenAPI writes it, with `{name}`. */
  readonly path: string;
  readonly summary: string;
  readonly access: Access;
  readonly params: z.ZodType;
  readonly query: z.ZodType;
  readonly headers?: z.ZodType;
  readonly body?: z.ZodType;
  readonly answers: Readonly<Record<number, z.ZodType>>;
  /** The media type of what it answers with 200, where that is text and not JSON. */
  readonly gives?: string;
  /** The answer is a stream of server-sent events, and goes on. */
  readonly stream?: true;
  /** Refusals of its own, besides those of its access and its input. */
  readonly refusals: readonly RefusalReason[];
}

const read = {
  method: 'get',
  access: 'status',
  params: schemas.nothing,
  query: schemas.nothing,
  refusals: ['ledger-unavailable'],
} as const satisfies Partial<Operation>;

const open = { ...read, access: 'open', refusals: [] } as const satisfies Partial<Operation>;

const subscribing = { ...read, access: 'events' } as const satisfies Partial<Operation>;

export const operations = {
  placeOrder: {
    method: 'post',
    path: '/api/v1/orders',
    summary:
      'Sever or restore a scope. A token or a session with the right stop severs; a restore takes an operator and a code.',
    access: 'any',
    params: schemas.nothing,
    query: schemas.orderQuery,
    headers: schemas.orderHeaders,
    body: schemas.orderBody,
    answers: { 200: components.OrderOutcome, 202: components.PlacedOrder },
    refusals: [
      'no-right',
      'not-restorable-by-token',
      'not-restorable-by-session',
      'unknown-sender',
      'code-missing',
      'code-wrong',
      'code-used',
      'code-locked',
      'clock-in-doubt',
      'unknown-scope',
      'second-operator-same',
      'nothing-to-restore',
      'key-reused',
      'ledger-unavailable',
    ],
  },
  listOrders: {
    ...read,
    path: '/api/v1/orders',
    summary: 'The newest orders.',
    query: schemas.ordersQuery,
    answers: { 200: components.OrderList },
  },
  getOrder: {
    ...read,
    path: '/api/v1/orders/{number}',
    summary: 'One order, and how it stands; when asked to, once it is settled or the time is up.',
    params: schemas.orderPath,
    query: schemas.orderQuery,
    answers: { 200: components.OrderOutcome },
    refusals: ['not-found', 'ledger-unavailable'],
  },
  listScopes: {
    ...read,
    path: '/api/v1/scopes',
    summary: 'The latch of every scope, and what was seen of it. Answers without the ledger, too.',
    answers: { 200: components.ScopeList },
    refusals: [],
  },
  restorePreview: {
    ...read,
    path: '/api/v1/scopes/{scope}/restore',
    summary: 'What a restore of this scope would bring back, and what stays off. Changes nothing.',
    params: schemas.scopePath,
    answers: { 200: components.RestorePreview },
    refusals: ['unknown-scope', 'nothing-to-restore'],
  },
  status: {
    ...read,
    path: '/api/v1/status',
    summary:
      'Whether the switch would work now, part by part, and how every scope stands. Answers without the ledger, too.',
    answers: { 200: components.Status },
    refusals: [],
  },
  live: {
    ...read,
    path: '/api/v1/live',
    summary:
      'The same as it changes, as server-sent events with JSON as their data: status (Status; at the beginning, too), spend (LiveSpend), incident (LiveIncident), and bye (LiveBye) before the end. Answers without the ledger, too.',
    answers: { 200: schemas.eventStream },
    stream: true,
    refusals: ['too-many-listeners'],
  },
  listIncidents: {
    ...read,
    path: '/api/v1/incidents',
    summary: 'The newest incidents: all that happened between a sever and its restore.',
    query: schemas.incidentsQuery,
    answers: { 200: components.IncidentList },
  },
  getIncident: {
    ...read,
    path: '/api/v1/incidents/{number}',
    summary: 'One incident: what happened, from the first anomaly to the restore.',
    params: schemas.orderPath,
    answers: { 200: components.IncidentStory },
    refusals: ['not-found', 'ledger-unavailable'],
  },
  incidentReport: {
    ...read,
    path: '/api/v1/incidents/{number}/report',
    summary: 'The draft of a post-mortem of one incident.',
    params: schemas.orderPath,
    answers: { 200: components.IncidentReport },
    gives: 'text/markdown; charset=utf-8',
    refusals: ['not-found', 'ledger-unavailable'],
  },
  listLedger: {
    ...read,
    path: '/api/v1/ledger',
    summary: 'Lines of the ledger.',
    query: schemas.ledgerQuery,
    answers: { 200: components.LedgerLines },
  },
  verifyLedger: {
    ...read,
    path: '/api/v1/ledger/verify',
    summary: 'Reads the whole ledger and finds any changed, missing or swapped line.',
    answers: { 200: components.Verdict },
  },
  spend: {
    ...read,
    path: '/api/v1/spend',
    summary: 'What every key, team and model spends, as the tripwire sees it. Answers without the ledger, too.',
    query: schemas.spendQuery,
    answers: { 200: components.Spend },
    refusals: ['not-found'],
  },
  spendHistory: {
    ...read,
    path: '/api/v1/spend/history',
    summary:
      'What was spent in the last hour, day or week, step by step. Answers without the ledger, too, and says so.',
    query: schemas.spendHistoryQuery,
    answers: { 200: components.SpendHistory },
    refusals: ['not-found'],
  },
  whoAmI: {
    ...read,
    path: '/api/v1/token',
    summary: 'The name and the rights of the token: whether it is known, without any right in particular.',
    access: 'token',
    answers: { 200: components.Token },
    refusals: [],
  },
  relayTwilio: {
    method: 'post',
    path: '/api/v1/relay/twilio',
    summary: 'Hand on a text message that Twilio signed. What it orders is checked as if Twilio had called.',
    access: 'relay',
    params: schemas.nothing,
    query: schemas.nothing,
    body: relayBody,
    answers: { 200: components.RelayReceipt },
    refusals: ['bad-signature', 'wrong-account', 'wrong-number', 'not-found'],
  },
  subscribe: {
    ...subscribing,
    method: 'post',
    path: '/api/v1/subscriptions',
    summary: 'Have events posted to an address. See docs/events.md for what a receiver does.',
    body: schemas.subscriptionBody,
    answers: { 201: components.NewSubscription },
    refusals: ['unknown-scope', 'too-many-subscriptions', 'ledger-unavailable'],
  },
  listSubscriptions: {
    ...subscribing,
    path: '/api/v1/subscriptions',
    summary: 'The subscriptions that this token made.',
    answers: { 200: components.SubscriptionList },
  },
  getSubscription: {
    ...subscribing,
    path: '/api/v1/subscriptions/{id}',
    summary: 'One of them.',
    params: schemas.subscriptionPath,
    answers: { 200: components.Subscription },
    refusals: ['not-found', 'ledger-unavailable'],
  },
  unsubscribe: {
    ...subscribing,
    method: 'delete',
    path: '/api/v1/subscriptions/{id}',
    summary: 'Ends one of them. What it is still owed is not sent any more.',
    params: schemas.subscriptionPath,
    answers: { 204: schemas.noBody },
    refusals: ['not-found', 'ledger-unavailable'],
  },
  listFallbacks: {
    ...read,
    path: '/api/v1/fallbacks',
    summary: 'How every fallback stands, and what is seen of it. Answers without the ledger, too.',
    answers: { 200: components.FallbackList },
    refusals: [],
  },
  decideFallback: {
    method: 'post',
    path: '/api/v1/fallbacks/{name}',
    summary: 'Permit a fallback, with an operator and a code; or take it back, with a token that has the right stop.',
    access: ['stop', 'status'],
    params: schemas.fallbackPath,
    query: schemas.waitQuery,
    headers: schemas.orderHeaders,
    body: schemas.fallbackBody,
    answers: { 200: components.Fallback },
    refusals: [
      'not-restorable-by-token',
      'not-restorable-by-session',
      'unknown-sender',
      'code-missing',
      'code-wrong',
      'code-used',
      'code-locked',
      'clock-in-doubt',
      'no-fallback',
      'fallback-forbidden',
      'key-reused',
      'ledger-unavailable',
    ],
  },
  runDrill: {
    method: 'post',
    path: '/api/v1/drills',
    summary: 'Rehearses the whole way on canary routes of its own, and touches no scope.',
    access: 'drill',
    params: schemas.nothing,
    query: schemas.waitQuery,
    answers: { 200: components.Drill, 202: components.Drill },
    refusals: ['not-now', 'ledger-unavailable'],
  },
  listDrills: {
    ...read,
    path: '/api/v1/drills',
    summary: 'The newest drills.',
    access: ['drill', 'status'],
    query: schemas.drillsQuery,
    answers: { 200: components.DrillList },
  },
  getDrill: {
    ...read,
    path: '/api/v1/drills/{id}',
    summary: 'One drill; when asked to, once it has ended or the time is up.',
    access: ['drill', 'status'],
    params: schemas.drillPath,
    query: schemas.waitQuery,
    answers: { 200: components.Drill },
    refusals: ['not-found', 'ledger-unavailable'],
  },
  why: {
    ...read,
    path: '/api/v1/why',
    summary:
      'Who refuses a request, a path, a key or a scope, and what would change it. Answers without the ledger, too.',
    query: whyQuery,
    answers: { 200: components.Why },
    refusals: ['too-many-requests'],
  },
  signInWays: {
    ...open,
    path: '/console/ways',
    summary: 'How one may sign in at the console.',
    answers: { 200: components.SignInWays },
  },
  signIn: {
    ...open,
    method: 'post',
    path: '/console/session',
    summary: 'Sign in at the console with an operator and a fresh code, which is used up by it. Gives a cookie.',
    access: 'page',
    body: sessionBody,
    answers: { 200: components.Session },
    refusals: ['code-wrong', 'code-used', 'code-locked', 'clock-in-doubt'],
  },
  session: {
    ...open,
    path: '/console/session',
    summary: 'Who is signed in, and what they may do.',
    access: 'session',
    answers: { 200: components.Session },
  },
  signOut: {
    ...open,
    method: 'delete',
    path: '/console/session',
    summary: 'Sign out. The cookie goes; this instance takes it no more.',
    access: 'page',
    answers: { 204: schemas.noBody },
  },
  describe: { ...open, path: '/openapi.json', summary: 'This document.', answers: { 200: components.OpenApi } },
  health: { ...open, path: '/healthz', summary: 'Whether the process answers.', answers: { 200: components.Health } },
  readiness: {
    ...open,
    path: '/readyz',
    summary: 'Whether the switch would work now, part by part.',
    answers: { 200: components.Readiness, 503: components.Readiness },
  },
} as const satisfies Record<string, Operation>;

export type Operations = typeof operations;

/** Every reason for which the operation may refuse. */
export function refusalsOf(operation: Operation): readonly RefusalReason[] {
  const { access } = operation;
  const byRight: readonly RefusalReason[] = isRight(access) ? ['no-right'] : [];
  const byBody: readonly RefusalReason[] = operation.body ? ['too-large', 'wrong-media-type'] : [];
  return [
    ...new Set<RefusalReason>([
      'bad-request',
      ...byBearer(access),
      ...byRight,
      ...byBody,
      ...operation.refusals,
      'internal-error',
    ]),
  ];
}

const FOR_ALL = ['open', 'page', 'session', 'token', 'any'] as const;

export const isRight = (access: Access): access is TokenRight | readonly TokenRight[] =>
  !FOR_ALL.some((one) => one === access);

function byBearer(access: Access): readonly RefusalReason[] {
  if (access === 'open') return [];
  if (access === 'page') return ['cross-site', 'wrong-media-type'];
  const strange: readonly RefusalReason[] = ['token-wrong', 'session-ended', 'cross-site', 'too-many-requests'];
  return access === 'any' || access === 'session' ? strange : [...strange, 'no-right'];
}
