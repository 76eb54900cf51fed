import type { Order } from '../orders/order';
import type { Line } from './store';

/** All that happened between a sever and its restore. */
export interface Incident {
  /** Number of the sever that opened it. */
  readonly number: number;
  readonly scope: string;
  readonly openedBy: string;
  /** Why it was opened, where somebody said so. */
  readonly reason?: string;
  /** When the sever was accepted. Epoch, in milliseconds. */
  readonly openedAt: number;
  /** When every gateway was first seen to refuse. Epoch, in milliseconds. */
  readonly severedAt?: number;
  /** When every gateway was seen to serve again; without it the incident is still open. Epoch, in milliseconds. */
  readonly closedAt?: number;
  /** Numbers of all its orders, in the order in which they came. */
  readonly orders: readonly number[];
}

/**
 * The incidents that these orders and lines tell of, newest first. Pure; goes by the numbers of the orders and never
 * by the clock, which may go back.
 * @param orders in any order. An incident that began before the first of them is told of from its next sever on.
 * @param lines those of the kinds `severed` and `restored`; others are skipped.
 * @param limit how many incidents at most.
 */
export function incidents(orders: readonly Order[], lines: readonly Line[], limit: number): Incident[] {
  const rests = new Map(
    lines.flatMap((line) => (isRest(line) ? [[restKey(line.kind, line.data.order), line.at]] : [])),
  );
  const open = new Map<string, Incident>();
  const closed: Incident[] = [];
  for (const order of [...orders].sort((a, b) => a.number - b.number)) {
    const before = open.get(order.scope) ?? (order.action === 'sever' ? opened(order) : undefined);
    if (!before) continue;
    const severedAt = before.severedAt ?? rests.get(restKey('severed', order.number));
    const closedAt = rests.get(restKey('restored', order.number));
    const incident: Incident = {
      ...before,
      orders: [...before.orders, order.number],
      ...(severedAt === undefined ? {} : { severedAt }),
      ...(closedAt === undefined ? {} : { closedAt }),
    };
    if (closedAt === undefined) open.set(order.scope, incident);
    else {
      open.delete(order.scope);
      closed.push(incident);
    }
  }
  return [...closed, ...open.values()].sort((a, b) => b.number - a.number).slice(0, limit);
}

const opened = (order: Order): Incident => ({
  number: order.number,
  scope: order.scope,
  openedBy: order.by,
  openedAt: order.at,
  ...(order.reason === undefined ? {} : { reason: order.reason }),
  orders: [],
});

type Rest = Line & { readonly kind: 'severed' | 'restored'; readonly data: { readonly order: number } };

const isRest = (line: Line): line is Rest =>
  (line.kind === 'severed' || line.kind === 'restored') && typeof line.data.order === 'number';

const restKey = (kind: 'severed' | 'restored', order: number): string => `${kind} ${order}`;
