import { isCut, type Latch } from '../latch/latch';
import { bounded } from '../ledger/bounded';
import type { SqlStore } from '../ledger/sql-store';
import type { Line } from '../ledger/store';
import type { Order } from '../orders/order';

/** What the ledger tells. Every call is bounded in time by whoever hands it in. */
export interface Paper {
  /** As they were last known, without any I/O; undefined: they never were. */
  latches(): readonly Latch[] | undefined;
  /** @throws when the ledger does not answer. */
  order(number: number): Promise<Order | undefined>;
  /** The newest lines that bear this correlation, and how many lines were gone through. @throws */
  about(correlation: string): Promise<{ readonly lines: readonly Line[]; readonly of: number }>;
  /** What a cutter remembers. @throws */
  recall(name: string): Promise<unknown>;
}

/** More would hold up a STOP behind it, where the ledger is embedded. */
const AMONG = 20_000;
const MOST_LINES = 20;

export const paperOf = (store: Pick<SqlStore, 'order' | 'linesAbout' | 'recall'>): Omit<Paper, 'latches'> => ({
  order: (number) => store.order(number),
  about: async (correlation) => ({ lines: await store.linesAbout(correlation, AMONG, MOST_LINES), of: AMONG }),
  recall: (name) => store.recall(name),
});

export interface LedgerLook {
  readonly latches: readonly Latch[] | undefined;
  /** Those that set a latch, by their numbers. */
  readonly orders: ReadonlyMap<number, Order>;
  /** Why the ledger could not be read; the latches may be known all the same. */
  readonly why?: string;
}

/** Never throws. */
export async function lookAtLedger(paper: Paper, limitMs: number): Promise<LedgerLook> {
  const latches = paper.latches();
  // Where nothing is cut it is asked, too: whether it answers.
  const numbers = [...new Set([0, ...(latches ?? []).filter(isSetByOrder).map(({ order }) => order)])];
  try {
    const orders = await bounded(Promise.all(numbers.map((number) => paper.order(number))), limitMs, 'the ledger');
    return {
      latches,
      orders: new Map(orders.flatMap((order) => (order ? [[order.number, order] as const] : []))),
      ...(latches ? {} : { why: 'it was never read' }),
    };
  } catch (error) {
    return { latches, orders: new Map(), why: error instanceof Error ? error.message : String(error) };
  }
}

const isSetByOrder = (latch: Latch): boolean => latch.order > 0 && (isCut(latch) || latch.state === 'restoring');
