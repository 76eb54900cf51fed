import { randomUUID } from 'node:crypto';
import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';
import { type Answer, ask, type Right } from '../shared/transport';
import { idempotencyKey } from './idempotency';
import { untilSettled } from './waiting';

export interface OrderRequest {
  readonly action: 'sever' | 'restore';
  /** Empty: the default scope. */
  readonly scope: string;
  readonly reason: string;
  /** Who orders, with a fresh code; without them it is the token. */
  readonly proof?: { readonly operator: string; readonly code: string };
}

/** Nothing more is to come of an order in one of these states. */
const SETTLED: readonly unknown[] = ['severed', 'live', 'overtaken', 'pending'];

export const isSettled = ({ state }: IDataObject): boolean => SETTLED.includes(state);

/**
 * Places an order, and waits for it by sending it again under its key: that is the same order, takes no other right,
 * and works while the ledger is away and the order has no number.
 */
export function placeOrder(
  context: IExecuteFunctions,
  item: number,
  { action, scope, reason, proof }: OrderRequest,
  waitSeconds: number,
): Promise<Answer> {
  const right: Right | undefined = proof ? undefined : 'stop';
  const key = keyOf(context, item, { action, scope, reason });
  const body: IDataObject = {
    action,
    ...(scope === '' ? {} : { scope }),
    ...(reason === '' ? {} : { reason }),
    ...proof,
  };
  return untilSettled({
    seconds: waitSeconds,
    isSettled,
    ask: (wait) =>
      ask(context, {
        ...{ method: 'POST', path: '/api/v1/orders', headers: { 'Idempotency-Key': key }, body, right },
        expects: 'state',
        waitSeconds: wait,
      }),
  });
}

/** The idempotency key of what this run asks for. */
export function keyOf(
  context: IExecuteFunctions,
  item: number,
  order: Readonly<Record<'action' | 'scope' | 'reason', string>>,
): string {
  const execution: string | undefined = context.getExecutionId();
  // Without it no two runs could be told apart.
  if (!execution) return randomUUID();
  return idempotencyKey({
    instance: context.getInstanceId(),
    workflow: String(context.getWorkflow().id ?? ''),
    execution: String(execution),
    began: context.getExecutionContext?.()?.establishedAt,
    node: context.getNode().id,
    runIndex: Number(context.getWorkflowDataProxy(item).$runIndex ?? 0),
    item,
    ...order,
    now: Date.now(),
  });
}

/** "Order 12", or what an order without a number is called. */
export function nameOf({ number }: IDataObject): string {
  return typeof number === 'number' && number > 0 ? `Order ${number}` : 'The order';
}

/** What is missing until it is seen, in words. */
export function missingOf({ missing }: IDataObject): string {
  return Array.isArray(missing) && missing.length > 0 ? missing.join('; ') : 'nothing was seen yet';
}
