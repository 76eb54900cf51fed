import type { Order } from '../orders/order';
import type { Anchor } from './anchor';
import { type Incident, incidents } from './incident';
import type { SqlStore } from './sql-store';
import type { EntryKind, Line } from './store';
import { type Paper, readPaper } from './story/paper';
import { type Verdict, verifyLedger } from './verify';

/** What the ledger tells of the past. Every call is bounded in time and throws `StoreUnavailable` beyond. */
export interface Records {
  order(number: number): Promise<Order | undefined>;
  /** Newest first. */
  orders(query: { readonly scope?: string; readonly limit: number }): Promise<readonly Order[]>;
  /** Newest first. */
  incidents(query: { readonly limit: number }): Promise<readonly Incident[]>;
  /** All that is on paper of the incident that this order opened; undefined when it opened none. */
  incident(number: number): Promise<Paper | undefined>;
  /** In the order of their numbers: those that follow `after`, or the newest when it is left out. */
  lines(query: { readonly after?: number; readonly limit: number }): Promise<readonly Line[]>;
  /** The newest of these kinds, in the order of their numbers. */
  newest(kinds: readonly EntryKind[], limit: number): Promise<readonly Line[]>;
  /** Reads the whole ledger: may take long. */
  verify(): Promise<Verdict>;
}

/** How many orders and lines an answer about incidents looks back on at most. */
const LOOK_BACK = 5_000;

export function records(store: SqlStore, ledgerKey: Buffer, anchor: Anchor): Records {
  return {
    order: (number) => store.order(number),
    orders: (query) => store.orders(query),
    lines: (query) => store.lines(query),
    newest: (kinds, limit) => store.lines({ kinds, limit }),
    incidents: async ({ limit }) => {
      const [orders, lines] = await Promise.all([
        store.orders({ limit: LOOK_BACK }),
        store.lines({ limit: LOOK_BACK, kinds: ['severed', 'restored'] }),
      ]);
      return incidents(orders, lines, limit);
    },
    incident: (number) => readPaper(store.incidentShelf(), number),
    verify: async () => {
      const { head } = await store.refresh();
      return verifyLedger({ ledgerKey, head, anchor: anchor.read(), lines: (query) => store.sealedLines(query) });
    },
  };
}
