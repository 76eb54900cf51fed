import type { Records } from '../intake/http/records';
import type { Anchor } from './anchor';
import { incidents } from './incident';
import type { SqlStore } from './sql-store';
import { verifyLedger } from './verify';

/** How many orders and lines an answer about incidents looks back on at most. */
const LOOK_BACK = 5_000;

/** What the ledger tells of the past. */
export function records(store: SqlStore, ledgerKey: Buffer, anchor: Anchor): Records {
  return {
    order: (number) => store.order(number),
    orders: (query) => store.orders(query),
    lines: (query) => store.lines(query),
    incidents: async ({ limit }) => {
      const [orders, lines] = await Promise.all([
        store.orders({ limit: LOOK_BACK }),
        store.lines({ limit: LOOK_BACK, kinds: ['severed', 'restored'] }),
      ]);
      return incidents(orders, lines, limit);
    },
    verify: async () => {
      const { head } = await store.refresh();
      return verifyLedger({ ledgerKey, head, anchor: anchor.read(), lines: (query) => store.sealedLines(query) });
    },
  };
}
