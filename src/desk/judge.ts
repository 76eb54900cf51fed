import type { Change, Entry, State } from '../ledger/store';
import { decide, liveLatch, type RestoreRule } from '../orders/decide';
import type { Receipt } from '../orders/desk';
import type { Order, OrderRequest } from '../orders/order';
import type { RefusalReason } from '../orders/reasons';
import type { Authority } from './authorise';

export interface Verdict {
  /** `stands`: the scope is cut already, by this order. */
  readonly receipt: Receipt | { readonly kind: 'stands'; readonly order: number };
  /** Undefined for a stranger: nothing of theirs is kept but a count. */
  readonly change?: Change;
}

/** What a request leads to, as one change of the state: the order, its latch, the used code, the paper. Pure. */
export function judge(
  state: State,
  request: OrderRequest,
  authority: Authority,
  now: number,
  restore: RestoreRule,
): Verdict {
  const { key, action, scope, source, correlation } = request;
  const about = { action, scope, source, correlation, ...(authority.by ? { by: authority.by } : {}) };
  const used = {
    ...(authority.use ? { operators: [authority.use] } : {}),
    ...(authority.kind === 'granted' && authority.backupCodeUsed
      ? { backupCodesUsed: [authority.backupCodeUsed] }
      : {}),
  };
  const refuse = (reason: RefusalReason, detail?: string): Verdict => ({
    receipt: { kind: 'refused', refused: reason, ...(detail === undefined ? {} : { detail }) },
    change: {
      entries: [{ kind: 'refusal', data: { ...about, reason } }],
      request: { key, outcome: { refused: reason, ...(detail === undefined ? {} : { detail }) } },
      ...used,
    },
  });

  if (authority.kind === 'refused') {
    if (authority.refused === 'unknown-sender') return { receipt: { kind: 'refused', refused: 'unknown-sender' } };
    return refuse(authority.refused, authority.detail);
  }

  const { by } = authority;
  const number = state.orders + 1;
  const decision = decide(state.latches.get(scope) ?? liveLatch(scope), request, by, number, now, restore);
  if (decision.kind === 'refuse') return refuse(decision.refused, decision.detail);
  if (decision.kind === 'pending') {
    const pending = { scope, operator: by, withinSeconds: restore.withinSeconds };
    return {
      receipt: { kind: 'pending', ...pending },
      change: {
        entries: [{ kind: 'request', data: about }],
        latches: [decision.latch],
        request: { key, outcome: { pending } },
        ...used,
      },
    };
  }
  const order: Order = { ...request, number, by, at: now };
  return {
    receipt: { kind: 'accepted', order },
    change: {
      entries: [orderEntry(order)],
      latches: [decision.latch],
      order,
      request: { key, outcome: { order: number } },
      ...used,
    },
  };
}

function orderEntry({ number, action, scope, source, by, correlation, reason }: Order): Entry {
  return {
    kind: 'order',
    data: { number, action, scope, source, by, correlation, ...(reason === undefined ? {} : { why: reason }) },
  };
}
