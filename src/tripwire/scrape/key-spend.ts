import type { Reading } from '../reading';
import { type KeyRow, momentOf } from './key-row';
import { DATABASE_MODEL } from './look';

/**
 * Makes counters of the spend in LiteLLM's table, which begins anew with each budget and goes back to before we began.
 * Ours begin at nothing, and only grow. They serve for keys that Prometheus doesn't show, and never for one that it
 * ever showed: both count the same calls, one of them late.
 */
export interface KeySpend {
  /** @param at of the look at the table. Epoch, in milliseconds. */
  take(rows: readonly KeyRow[], at: number): void;
  /** What was counted up to the last `take`. */
  readings(shown: ReadonlySet<string>): readonly Reading[];
}

interface Count {
  spend: number;
  resetsAt: number | undefined;
  total: number;
}

/** Keys that are remembered though they are no more among the dearest. */
const REMEMBERED = 10_000;

/** @param source the name of these readings' source, which is not that of the metrics. */
export function createKeySpend(source: string, startedAt: number): KeySpend {
  const counts = new Map<string, Count>();
  let listed: readonly string[] = [];
  let last: number | undefined;

  function take(row: KeyRow): void {
    const resetsAt = momentOf(row.budget_reset_at);
    const was = counts.get(row.token);
    const total = was === undefined ? newcomer(row) : was.total + spentSince(was, row.spend, resetsAt);
    counts.delete(row.token);
    counts.set(row.token, { spend: row.spend, resetsAt, total });
  }

  /** What a key had spent before it was first listed was spent before we looked, unless it is younger than that. */
  function newcomer({ created_at: createdAt, spend }: KeyRow): number {
    const created = momentOf(createdAt);
    return last !== undefined && created !== undefined && created > last ? spend : 0;
  }

  return {
    take(rows, at) {
      for (const row of rows) take(row);
      for (const key of counts.keys()) {
        if (counts.size <= REMEMBERED) break;
        counts.delete(key);
      }
      listed = rows.map(({ token }) => token);
      last = at;
    },
    readings(shown) {
      const at = last;
      if (at === undefined) return [];
      return listed
        .filter((key) => !shown.has(key))
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
