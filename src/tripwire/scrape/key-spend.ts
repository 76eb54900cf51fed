import type { Reading } from '../reading';
import { type KeyRow, momentOf } from './key-row';
import { DATABASE_MODEL } from './look';

/**
 * Makes counters of the spend in LiteLLM's table, which begins anew with each budget and goes back to before we began.
 * Ours begin at nothing, and only grow. They serve for keys that Prometheus doesn't show, and never for one that it
 * ever showed: both count the same calls, one of them late.
 */
export interface KeySpend {
  /**
   * @param at of the look at the table. Epoch, in milliseconds.
   * @param shown keys that a metric showed: these begin at nothing again.
   */
  take(rows: readonly KeyRow[], at: number, shown: ReadonlySet<string>): void;
  /** What was counted up to the last `take`, of keys that this source counts, and no metric ever showed. */
  readings(shown: ReadonlySet<string>): readonly Reading[];
}

export interface KeySpendOptions {
  /** The name of these readings' source, which is not that of the metrics. */
  readonly source: string;
  /** Epoch, in milliseconds. */
  readonly startedAt: number;
  /** Which source counts a key, where several read the same table: the first to do so. */
  readonly counters: Map<string, string>;
}

interface Count {
  spend: number;
  resetsAt: number | undefined;
  total: number;
}

/** Keys that are remembered though they are no more among the dearest. */
const REMEMBERED = 10_000;

export function createKeySpend({ source, startedAt, counters }: KeySpendOptions): KeySpend {
  const counts = new Map<string, Count>();
  let listed: readonly string[] = [];
  let last: number | undefined;

  function take(row: KeyRow, isShown: boolean): void {
    const resetsAt = momentOf(row.budget_reset_at);
    const was = counts.get(row.token);
    const total = was === undefined ? newcomer(row) : was.total + spentSince(was, row.spend, resetsAt);
    counts.delete(row.token);
    counts.set(row.token, { spend: row.spend, resetsAt, total: isShown ? 0 : total });
  }

  /** What a key had spent before it was first listed was spent before we looked, unless it is younger than that. */
  function newcomer({ created_at: createdAt, spend }: KeyRow): number {
    const created = momentOf(createdAt);
    return last !== undefined && created !== undefined && created > last ? spend : 0;
  }

  return {
    take(rows, at, shown) {
      for (const row of rows) {
        take(row, shown.has(row.token));
        if (!counters.has(row.token)) counters.set(row.token, source);
      }
      trim(counts, REMEMBERED);
      trim(counters, 2 * REMEMBERED);
      listed = rows.map(({ token }) => token);
      last = at;
    },
    readings(shown) {
      const at = last;
      if (at === undefined) return [];
      return listed
        .filter((key) => !shown.has(key) && counters.get(key) === source)
        .map((key) => ({
          ...{ at, source, key, model: DATABASE_MODEL, process: `${source}/${startedAt}` },
          ...{ spendUsd: counts.get(key)?.total ?? 0, promptTokens: 0, completionTokens: 0 },
        }));
    },
  };
}

/** Less than before is a new budget, when its end moved on; else somebody put a figure right, and nothing was spent. */
function spentSince(was: Count, spend: number, resetsAt: number | undefined): number {
  if (spend >= was.spend) return spend - was.spend;
  return resetsAt !== undefined && resetsAt > (was.resetsAt ?? Number.NEGATIVE_INFINITY) ? spend : 0;
}

/** Those that came first go first. */
export function trim(all: Map<string, unknown> | Set<string>, size: number): void {
  for (const one of all.keys()) {
    if (all.size <= size) return;
    all.delete(one);
  }
}
