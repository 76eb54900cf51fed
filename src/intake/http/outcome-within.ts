import type { Desk, Outcome } from '../../orders/desk';
import type { Order } from '../../orders/order';

export interface OutcomeWithinOptions {
  readonly desk: Pick<Desk, 'outcome'>;
  readonly order: Order;
  /** How long the answer may wait. Milliseconds. */
  readonly waitMs: number;
  /** Aborted when Pullcord goes down: who waits is told at once how the order stands. */
  readonly closing: AbortSignal;
}

/** How the order stands when it is settled, when the time is up, or when Pullcord goes down. */
export async function outcomeWithin({ desk, order, waitMs, closing }: OutcomeWithinOptions): Promise<Outcome> {
  let leave = (): void => undefined;
  const left = new Promise<void>((resolve) => {
    leave = resolve;
  });
  if (closing.aborted) leave();
  closing.addEventListener('abort', leave);
  try {
    return await Promise.race([desk.outcome(order, waitMs), left.then(() => desk.outcome(order, 0))]);
  } finally {
    closing.removeEventListener('abort', leave);
  }
}
