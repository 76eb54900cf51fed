import type { Latch } from '../latch/latch';
import type { OrderRequest } from './order';
import type { Refusal } from './reasons';

export interface RestoreRule {
  /** How many different operators a restore needs. */
  readonly operators: number;
  /** Within how long the second one has to follow. Seconds. */
  readonly withinSeconds: number;
}

export type Decision =
  /** The order stands; this is the scope's new latch. */
  | { readonly kind: 'accept'; readonly latch: Latch }
  /** A second operator has to confirm; the latch remembers the first. */
  | { readonly kind: 'pending'; readonly latch: Latch }
  | ({ readonly kind: 'refuse' } & Refusal);

/**
 * What an authorised order does to its scope (laws 1 and 2). Pure.
 * @param latch the scope's latch as it stands; a scope that never had one is live.
 * @param number the number that the order gets when it is accepted.
 * @param by who orders; for a restore always an operator.
 * @param now epoch, in milliseconds.
 */
export function decide(
  latch: Latch,
  request: Pick<OrderRequest, 'action' | 'scope'>,
  by: string,
  number: number,
  now: number,
  rule: RestoreRule,
): Decision {
  const next = { scope: request.scope, order: number, since: now };
  // A stop is never refused and never merged into an earlier one: its sender wants to see it verified again.
  if (request.action === 'sever')
    return { kind: 'accept', latch: { ...next, state: 'severing', incident: latch.incident ?? number } };

  if (latch.state === 'live') return { kind: 'refuse', refused: 'nothing-to-restore' };
  const incident = latch.incident === undefined ? {} : { incident: latch.incident };
  if (rule.operators > 1 && latch.state !== 'restoring') {
    const first = latch.pending && now - latch.pending.at <= rule.withinSeconds * 1000 ? latch.pending : undefined;
    if (!first) return { kind: 'pending', latch: { ...latch, pending: { operator: by, at: now } } };
    if (first.operator === by) return { kind: 'refuse', refused: 'second-operator-same' };
  }
  return { kind: 'accept', latch: { ...next, ...incident, state: 'restoring' } };
}

/** The latch of a scope that no order ever touched. */
export const liveLatch = (scope: string): Latch => ({ scope, state: 'live', order: 0, since: 0 });
