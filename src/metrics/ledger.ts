import type { Leases } from '../ledger/leases';
import type { State } from '../ledger/store';
import { type Families, seconds, WAITS } from './family';

export interface LedgerCounts {
  /** A write to the ledger ended. @param ms from the question to the answer, without the line before it. */
  written(ok: boolean, ms: number): void;
}

export function countLedger({ histogram, counter }: Families): LedgerCounts {
  const took = histogram(
    'pullcord_ledger_write_duration_seconds',
    'How long the database took for a write to the ledger that it answered.',
    [],
    WAITS,
  );
  const failed = counter(
    'pullcord_ledger_write_failures_total',
    'Writes to the ledger that were not answered, or refused.',
  );
  return {
    written: (ok, ms) => {
      if (ok) took.observe(ms / 1_000);
      else failed();
    },
  };
}

/** @param state as last seen, without any I/O */
export function showLedger({ gauge }: Families, state: () => State | undefined): void {
  gauge('pullcord_ledger_lines', 'Lines of the ledger: the number of its head, as last seen.', [], (put) =>
    put(state()?.head.seq),
  );
  gauge(
    'pullcord_ledger_head_timestamp_seconds',
    'When the newest line of the ledger was written, as last seen.',
    [],
    (put) => put(seconds(state()?.head.at)),
  );
}

/** The same leases, whose holder is shown how many it holds. */
export function watchedLeases({ gauge }: Families, leases: Leases): Leases {
  /** Until when, on the monotonic clock. Those that ended are forgotten at each claim. */
  const held = new Map<string, number>();
  const forget = (): void => {
    for (const [name, untilMs] of held) if (untilMs <= performance.now()) held.delete(name);
  };
  gauge(
    'pullcord_leases_held',
    'Leases that this instance holds: systems it may write to, troubles it tells of.',
    [],
    (put) => {
      forget();
      put(held.size);
    },
  );
  return {
    holder: leases.holder,
    claim: async (name, options) => {
      const claim = await leases.claim(name, options);
      forget();
      if (claim.held) held.set(name, claim.untilMs);
      else held.delete(name);
      return claim;
    },
    release: (name) => {
      held.delete(name);
      return leases.release(name);
    },
  };
}
