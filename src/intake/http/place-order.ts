import type { Logger } from 'pino';
import type { TokenRight } from '../../config/schema';
import type { Desk, Outcome, Proof, Receipt } from '../../orders/desk';
import type { Order, OrderRequest } from '../../orders/order';
import type { Refusal } from '../../orders/reasons';
import type { Operations } from './operations';
import { type OutcomeWithinOptions, outcomeWithin } from './outcome-within';
import type { Answer, Call, Handler } from './router';
import { stopProofOf } from './stop-proof';
import { outcomeAnswer } from './views';

/** With one of these rights, a token may hand in what an operator orders. */
const ORDERING: readonly TokenRight[] = ['stop', 'status'];

type PlaceOrder = Operations['placeOrder'];

export interface PlaceOrderOptions {
  readonly desk: Desk;
  readonly defaultScope: string;
  readonly randomId: () => string;
  readonly log: Logger;
  /** Aborted when Pullcord goes down: who waits for an outcome is told at once how it stands. */
  readonly closing: AbortSignal;
}

/**
 * Orders by HTTP. Fails towards "refused", and for a restore twice: a token alone never gets as far as the desk
 * (law 3), which would refuse it as well.
 */
export function placeOrder({ desk, defaultScope, randomId, log, closing }: PlaceOrderOptions): Handler<PlaceOrder> {
  return async ({ body, headers, query, bearer, correlation }) => {
    const refuse = (refusal: Refusal): Refusal => {
      const who = bearer.kind === 'token' ? { token: bearer.name } : { by: bearer.by };
      desk.refused(refusal.refused, { door: bearer.source, correlation, ...who, action: body.action });
      return refusal;
    };
    const proof = proofOf({ body, bearer });
    if ('refused' in proof) return refuse(proof);

    const request: OrderRequest = {
      key: bearer.keys + (headers['idempotency-key'] ?? randomId()),
      action: body.action,
      scope: body.scope ?? defaultScope,
      source: bearer.source,
      correlation,
      ...(body.reason === undefined ? {} : { reason: body.reason }),
    };
    const receipt = await desk.order(request, proof);
    switch (receipt.kind) {
      case 'refused':
        return receipt;
      case 'pending': {
        if (!samePending(receipt, request, proof)) return refuse({ refused: 'key-reused' });
        const { scope, operator, withinSeconds } = receipt;
        return { status: 202, body: { state: 'pending', scope, operator, withinSeconds } };
      }
      case 'repeated':
        if (!sameOrder(receipt.order, request, proof)) return refuse({ refused: 'key-reused' });
    }
    const waitMs = (query.wait ?? 0) * 1000;
    return placedAnswer(receipt.order, await standing({ desk, order: receipt.order, waitMs, log, closing }));
  };
}

/** Who orders: the operator that the body names, who then has to prove it, or else the token or the session. */
function proofOf({ body, bearer }: Pick<Call<PlaceOrder>, 'body' | 'bearer'>): Proof | Refusal {
  // Who relays sees codes before they are spent: such a token must not spend one as another order (law 3).
  if (bearer.kind === 'token' && !bearer.rights.some((right) => ORDERING.includes(right)))
    return { refused: 'no-right', detail: 'Orders take a token with the right stop or status.' };
  if (body.operator !== undefined) {
    if (body.code === undefined) return { refused: 'code-missing' };
    return { kind: 'operator', operator: body.operator, code: body.code };
  }
  if (body.action === 'restore') return { refused: `not-restorable-by-${bearer.kind}` };
  return stopProofOf(bearer);
}

/** Whether a key that came before came with the same body (draft-ietf-httpapi-idempotency-key-header-07, 2.7). */
function sameOrder(order: Order, request: OrderRequest, proof: Proof): boolean {
  return (
    order.action === request.action &&
    order.scope === request.scope &&
    order.reason === request.reason &&
    // A backup code is told by its owner, whoever sends it.
    (proof.kind === 'operator'
      ? order.by === proof.operator || order.by.startsWith('backup:')
      : proof.kind === 'session'
        ? order.by === proof.by
        : order.by.startsWith('token:'))
  );
}

/** The same for a first operator's restore: a stop under its key must not be told that it is pending. */
function samePending(
  { scope, operator }: Extract<Receipt, { kind: 'pending' }>,
  request: OrderRequest,
  proof: Proof,
): boolean {
  return (
    request.action === 'restore' && request.scope === scope && proof.kind === 'operator' && proof.operator === operator
  );
}

/** 200 when the order is settled; 202 and where to look again while it is not. */
function placedAnswer(order: Order, outcome: Outcome): Answer<PlaceOrder> {
  const body = outcomeAnswer(order, outcome);
  const headers = order.number > 0 ? { location: `/api/v1/orders/${order.number}` } : {};
  const unsettled = outcome.state === 'severing' || outcome.state === 'restoring';
  return unsettled ? { status: 202, body, headers } : { status: 200, body, headers };
}

interface Standing extends OutcomeWithinOptions {
  readonly log: Logger;
}

/** The order is accepted: whatever happens from here on, the answer says so. */
async function standing({ log, ...options }: Standing): Promise<Outcome> {
  const { order } = options;
  try {
    return await outcomeWithin(options);
  } catch (error) {
    log.error({ err: error, order: order.number, correlation: order.correlation }, 'an outcome could not be told');
    const state = order.action === 'sever' ? 'severing' : 'restoring';
    return { state, ms: 0, cut: 0, gateways: 0, missing: ['how the order stands could not be found out'] };
  }
}
