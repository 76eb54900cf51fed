import { isCut, type Latch } from '../latch/latch';
import type { ScopeSight } from '../latch/settle';
import type { Outcome } from '../orders/desk';
import type { Order } from '../orders/order';

/** The number of a stop that the ledger does not know yet. */
export const UNNUMBERED = 0;

export interface Standing {
  readonly order: Order;
  /** The scope's latch as this instance knows it. */
  readonly latch: Latch;
  /** What the cutters see of the scope under this order. */
  readonly sight: ScopeSight;
  /** Whether the order still waits to be written into the ledger. */
  readonly spooled: boolean;
  /** Epoch, in milliseconds. */
  readonly now: number;
}

/** How an order stands. Pure. Says `severed` and `live` only of what was seen for this very order (law 5). */
export function outcomeOf({ order, latch, sight, spooled, now }: Standing): Outcome {
  const { gateways, cut, missing } = sight;
  const stands = (state: Outcome['state'], at: number): Outcome => ({
    ...{ state, cut, gateways, missing },
    ms: Math.max(0, at - order.at),
  });
  const overtaken = order.number === UNNUMBERED ? !spooled && !isCut(latch) : latch.order > order.number;
  if (overtaken)
    return { ...stands('overtaken', latch.since), overtakenBy: { order: latch.order, state: latch.state } };
  if (order.action === 'sever') {
    if (latch.state === 'severed' && latch.order === order.number) return stands('severed', latch.since);
    // Seen, but not on paper yet: the ledger may be away, and the person waits.
    return stands(sight.sight === 'refused' ? 'severed' : 'severing', now);
  }
  // Another instance's order may be newer than what this one has heard of.
  return latch.state === 'live' && latch.order === order.number
    ? stands('live', latch.since)
    : stands('restoring', now);
}
