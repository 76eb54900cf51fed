import type { Order } from '../../orders/order';
import { type Incident, incidents } from '../incident';
import type { EntryKind, Line } from '../store';

/** What the ledger has of one incident: all that its story is made of. */
export interface Paper {
  readonly incident: Incident;
  /** In the order of their numbers: what was seen before it, and what happened until it was over. */
  readonly lines: readonly Line[];
  /** There were more lines than are read. */
  readonly truncated: boolean;
}

/** What a reader of the ledger needs of its store. Every call is bounded in time and throws `StoreUnavailable` beyond. */
export interface Shelf {
  order(number: number): Promise<Order | undefined>;
  /** The newest order of the scope before this one. */
  orderBefore(order: Order): Promise<Order | undefined>;
  /** Those of the scope from this one on, oldest first. */
  ordersFrom(order: Order, limit: number): Promise<readonly Order[]>;
  /** The line that has this text in it, the newest first. */
  find(query: { readonly kind: EntryKind; readonly has: string; readonly before?: number }): Promise<Line | undefined>;
  span(query: Span): Promise<readonly Line[]>;
}

/** Lines of some kinds between two numbers, neither of them included. */
export interface Span {
  readonly kinds: readonly EntryKind[];
  readonly after: number;
  readonly before?: number;
  /** Text that each of them has in it. */
  readonly has?: string;
  readonly limit: number;
  /** The newest of them. Left out: the oldest. In either case the answer is in the order of their numbers. */
  readonly newest?: true;
}

/** Warnings and trips of the scope count as its beginning when they came at most so long before. Milliseconds. */
export const ANOMALY_MS = 2 * 60 * 60_000;
/** Refused tries before the one that was accepted. Milliseconds. */
const TRIES_MS = 15 * 60_000;
/** Replies come after what they tell. Milliseconds. */
const REPLIES_MS = 10 * 60_000;

const ORDERS = 300;
const BEFORE = 200;
/** A statement reads so many lines at most: the embedded database has one session, and a stop must not wait long. */
const PAGE = 500;
const PAGES = 4;

const SPINE = ['order', 'request', 'severed', 'restored', 'fallback', 'tripped', 'start', 'stop'] as const;
const FLESH = ['refusal', 'write', 'drift', 'trouble', 'warned', 'reply'] as const;

/** @returns undefined when this order opened no incident. @throws StoreUnavailable */
export async function readPaper(shelf: Shelf, number: number): Promise<Paper | undefined> {
  const order = await shelf.order(number);
  if (order?.action !== 'sever') return undefined;
  const line = await shelf.find({ kind: 'order', has: `"number":${number},` });
  if (!line) return undefined;
  const earlier = await shelf.orderBefore(order);
  const ended = earlier && (await endOf(shelf, earlier, line.seq));
  // It came while the scope was cut already: it belongs to the incident that was open.
  if (earlier && !ended) return undefined;

  const orders = await shelf.ordersFrom(order, ORDERS);
  const has = `"scope":${JSON.stringify(order.scope)}`;
  const rests = await shelf.span({ kinds: ['severed', 'restored'], after: line.seq, has, limit: PAGE });
  const incident = incidents(orders, rests, orders.length).find((one) => one.number === number);
  if (!incident) return undefined;
  const last = rests.find(({ kind, data }) => kind === 'restored' && incident.orders.includes(data.order as number));

  const before = await anomalies(shelf, order, { after: ended?.seq ?? 0, before: line.seq });
  const within = { after: line.seq - 1, ...(last ? { before: last.seq + 1 } : {}) };
  const spine = await shelf.span({ kinds: SPINE, ...within, limit: PAGE });
  const flesh = await manyOf(shelf, within);
  const replies = last ? await shelf.span({ kinds: ['reply'], after: last.seq, limit: BEFORE }) : [];
  const late = replies.filter(({ at, data }) => at <= (last?.at ?? 0) + REPLIES_MS && isOf(incident, data.order));
  const lines = [...before, ...[...spine, ...flesh.lines].sort((a, b) => a.seq - b.seq), ...late];
  return { incident, lines, truncated: flesh.truncated || spine.length === PAGE || orders.length === ORDERS };
}

const isOf = ({ orders }: Incident, order: unknown): boolean => orders.includes(order as number);

/** The line that says that a restore was seen, if it was before that other line. */
async function endOf(shelf: Shelf, { action, number }: Order, before: number): Promise<Line | undefined> {
  return action === 'restore' ? shelf.find({ kind: 'restored', has: `"order":${number},`, before }) : undefined;
}

async function anomalies(shelf: Shelf, { at, scope }: Order, span: Pick<Span, 'after' | 'before'>): Promise<Line[]> {
  const lines = await shelf.span({ kinds: ['warned', 'tripped', 'refusal'], ...span, limit: BEFORE, newest: true });
  return lines.filter(
    (line) => line.data.scope === scope && line.at >= at - (line.kind === 'refusal' ? TRIES_MS : ANOMALY_MS),
  );
}

/** Page by page, so that an order comes in between. Of too many: the first ones and the last. */
async function manyOf(shelf: Shelf, within: Pick<Span, 'after' | 'before'>) {
  const lines: Line[] = [];
  for (let { after } = within, page = 1; ; page += 1) {
    const read = await shelf.span({ kinds: FLESH, ...within, after, limit: PAGE });
    lines.push(...read);
    if (read.length < PAGE) return { lines, truncated: false };
    after = read.at(-1)?.seq ?? after;
    if (page < PAGES) continue;
    const end = await shelf.span({ kinds: FLESH, ...within, after, limit: PAGE, newest: true });
    return { lines: [...lines, ...end], truncated: end.length > 0 };
  }
}
