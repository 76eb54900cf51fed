import type { Standing } from '../../desk/standing';
import type { Latch } from '../../latch/latch';
import type { Incident } from '../../ledger/incident';
import type { Line } from '../../ledger/store';
import type { Outcome } from '../../orders/desk';
import type { Order } from '../../orders/order';
import type { Readiness } from '../../supervision/readiness';
import type {
  IncidentAnswer,
  LedgerLineAnswer,
  OrderAnswer,
  OutcomeAnswer,
  ReadinessAnswer,
  ScopeAnswer,
} from './schemas';

/** How what we keep is shown. Field by field: what is added inside stays inside until it is added here. */

const time = (epochMs: number): string => new Date(epochMs).toISOString();

/** Without the key and the number to reply to, which are the sender's. */
export function orderAnswer({ number, action, scope, source, by, reason, correlation, at }: Order): OrderAnswer {
  return { number, action, scope, source, by, reason, correlation, at: time(at) };
}

export function outcomeAnswer(order: Order, outcome: Outcome): OutcomeAnswer {
  const { state, ms, cut, gateways, missing, overtakenBy } = outcome;
  const by = overtakenBy && { order: overtakenBy.order, state: overtakenBy.state };
  return { ...orderAnswer(order), state, ms, cut, gateways, missing: [...missing], overtakenBy: by };
}

/**
 * @param missing what is missing until the latch's state is seen.
 * @param standing who set it, and which gateways were seen to follow.
 */
export function scopeAnswer(latch: Latch, missing: readonly string[], standing: Standing): ScopeAnswer {
  const { scope, state, order, since, incident, pending } = latch;
  const atRest = state === 'live' || state === 'severed';
  return {
    scope,
    state,
    since: order > 0 ? time(since) : undefined,
    order,
    by: standing.by,
    reason: standing.reason,
    gateways: standing.gateways.map((one) => ({ name: one.name, seen: one.seen, missing: [...one.missing] })),
    seen: atRest && missing.length === 0,
    missing: [...missing],
    incident,
    pending: pending && { operator: pending.operator, at: time(pending.at) },
  };
}

export function readinessAnswer({ state, works, parts }: Readiness): ReadinessAnswer {
  const shown = parts.map(({ name, ok, detail, signal, since, lastWell, todo }) => ({
    ...{ name, ok, detail, signal, todo },
    ...{ since: since === undefined ? undefined : time(since) },
    ...{ lastWell: lastWell === undefined ? undefined : time(lastWell) },
  }));
  return { state, works: works && [...works], parts: shown };
}

export function incidentAnswer(incident: Incident): IncidentAnswer {
  const { number, scope, openedBy, reason, openedAt, severedAt, closedAt, orders } = incident;
  return {
    number,
    scope,
    openedBy,
    reason,
    openedAt: time(openedAt),
    severedAt: severedAt === undefined ? undefined : time(severedAt),
    closedAt: closedAt === undefined ? undefined : time(closedAt),
    orders: [...orders],
  };
}

export const lineAnswer = ({ seq, at, kind, data, hash }: Line): LedgerLineAnswer => ({
  seq,
  at: time(at),
  kind,
  data: { ...data },
  hash,
});
