import { incidents } from '../../ledger/incident';
import type { Store } from '../../ledger/store';
import type { AboutOrder } from './event';

/** How many orders and lines are looked at for the incident that a restore closed. */
const LOOK_BACK = 2_000;

/** What the ledger knows of an order. @throws StoreUnavailable */
export async function aboutOrder(
  store: Pick<Store, 'mirror' | 'order' | 'orders' | 'lines'>,
  number: number,
): Promise<AboutOrder | undefined> {
  const order = await store.order(number);
  if (!order) return undefined;
  const { source, by, reason, scope } = order;
  const open = order.action === 'sever' ? store.mirror()?.latches.get(scope)?.incident : undefined;
  const incident = open ?? (await closedBy(store, scope, number));
  return { source, by, ...(reason === undefined ? {} : { reason }), ...(incident === undefined ? {} : { incident }) };
}

/** A latch that is live has forgotten its incident. */
async function closedBy(store: Pick<Store, 'orders' | 'lines'>, scope: string, number: number) {
  const [orders, lines] = await Promise.all([
    store.orders({ scope, limit: LOOK_BACK }),
    store.lines({ limit: LOOK_BACK, kinds: ['severed', 'restored'] }),
  ]);
  return incidents(orders, lines, LOOK_BACK).find((incident) => incident.orders.includes(number))?.number;
}
