import type { Config } from '../config/schema';

const MINUTE_MS = 60_000;

export interface Lock {
  readonly restoreLocked: boolean;
  /** STOP then wants a printed backup code. */
  readonly stopLocked: boolean;
  /** Whole minutes until nothing is locked any more, if no further wrong code comes; 0 when nothing is. */
  readonly minutes: number;
}

/** When wrong codes came in. Epochs, in milliseconds, in any order. */
export interface Failures {
  /** Of the one operator who asks. */
  readonly own: readonly number[];
  /** Of all operators, this one's among them. */
  readonly everyone: readonly number[];
}

/**
 * What wrong codes lock, counted in a window that slides. Pure.
 *
 * RESTORE is locked early and by everyone's failures together; STOP only by the operator's own, and later: whoever
 * types wrong codes under a spoofed number must not jam the cord. A locked STOP always locks RESTORE too.
 *
 * Backup codes are never locked. Their space is 10^12: a guess a second for a year finds one of 50 with a chance of
 * 0.2 %, and finding it could only stop. Locking them would give an attacker the one thing that must not be had: a way
 * to take the cord from every hand.
 *
 * Failures dated later than `now` mean that the clock went back. Doubt stops, never starts: they count against RESTORE
 * and not against STOP.
 */
export function throttle(config: Config['throttle'], failures: Failures, now: number): Lock {
  const windowMs = config.windowSeconds * 1000;
  const opensAt = (times: readonly number[], limit: number): number => {
    // The lock opens when the limit-th newest failure leaves the window.
    const newest = times.toSorted((a, b) => b - a);
    return (newest[limit - 1] ?? Number.NEGATIVE_INFINITY) + windowMs;
  };
  const past = failures.own.filter((at) => at <= now);
  const stopOpensAt = opensAt(past, config.stopFailures);
  const restoreOpensAt = Math.max(
    stopOpensAt,
    opensAt(failures.own, config.restoreFailures),
    opensAt(failures.everyone, config.overallFailures),
  );
  return {
    restoreLocked: restoreOpensAt > now,
    stopLocked: stopOpensAt > now,
    minutes: Math.max(0, Math.ceil((restoreOpensAt - now) / MINUTE_MS)),
  };
}
