import type { Latch } from '../latch/latch';
import type { State } from '../ledger/store';
import type { Receipt } from '../orders/desk';
import type { Action, OrderRequest, Source } from '../orders/order';
import { type RefusalReason, reasons } from '../orders/reasons';
import { type Families, seconds } from './family';

const SOURCES: readonly Source[] = ['sms', 'api', 'console', 'tripwire', 'drill'];
const ACTIONS: readonly Action[] = ['sever', 'restore'];
const RESULTS = ['accepted', 'repeated', 'pending', 'refused', 'failed'] as const satisfies readonly (
  | Receipt['kind']
  | 'failed'
)[];

export interface OrderCounts {
  /** What became of an order. @param receipt undefined: the desk failed. */
  placed(request: Pick<OrderRequest, 'source' | 'action'>, receipt: Receipt | undefined): void;
  /** Something was refused, by whichever door, order or not. */
  refused(reason: RefusalReason): void;
}

/** Orders as they come in. By closed lists alone: a scope that somebody made up would be a series of its own. */
export function countOrders({ counter }: Families): OrderCounts {
  const orders = counter(
    'pullcord_orders_total',
    'Orders that came to the desk, by the door they came through, what they order, and what became of them.',
    { source: SOURCES, action: ACTIONS, result: RESULTS },
  );
  const refusals = counter(
    'pullcord_refusals_total',
    'Refusals by reason: of orders, texts and requests. Each one counts, also where the ledger sums up a flood.',
    { reason: Object.keys(reasons) },
  );
  return {
    placed: ({ source, action }, receipt) => orders({ source, action, result: receipt?.kind ?? 'failed' }),
    refused: (reason) => refusals({ reason }),
  };
}

export interface OrdersSeen {
  /** As last seen, without any I/O. */
  readonly state: () => State | undefined;
  readonly latches: () => readonly Latch[];
  /** Stops that the ledger does not know yet. */
  readonly spooled: () => readonly { readonly request: { readonly scope: string } }[];
}

const STATES: readonly Latch['state'][] = ['live', 'severing', 'severed', 'restoring'];

/** How the scopes stand. Where the ledger was never read, only what is stopped without it is known. */
export function showLatches({ gauge }: Families, { state, latches, spooled }: OrdersSeen): void {
  const known = (): readonly Latch[] => {
    if (state()) return latches();
    const scopes = spooled().map(({ request: { scope } }) => scope);
    return latches().filter(({ scope }) => scopes.includes(scope));
  };
  gauge(
    'pullcord_latch_state',
    'How a scope stands: 1 for that state, 0 for the others.',
    ['scope', 'state'],
    (put) => {
      for (const latch of known())
        for (const one of STATES) put(one === latch.state ? 1 : 0, { scope: latch.scope, state: one });
    },
  );
  gauge(
    'pullcord_latch_since_timestamp_seconds',
    'When a scope began to stand so. Absent for one that nobody ever ordered anything about.',
    ['scope'],
    (put) => {
      for (const { scope, since, order } of known()) if (order > 0 || since > 0) put(seconds(since), { scope });
    },
  );
  gauge('pullcord_order_number', 'The number of the newest order or decision that this instance knows of.', [], (put) =>
    put(state()?.orders),
  );
  gauge('pullcord_spooled_stops', 'Stops that were carried out and that the ledger does not know yet.', [], (put) =>
    put(spooled().length),
  );
}
