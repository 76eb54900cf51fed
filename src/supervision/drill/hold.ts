import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import type { Leases } from '../../ledger/leases';

/**
 * Of all instances on one ledger, one at a time drills or cleans up after a drill. Fails towards "not held": then
 * nothing is written to a gateway, and whoever holds it next cleans up.
 */
export interface Hold {
  /** Takes it, or keeps it for longer. @returns whether it is ours. @throws StoreUnavailable */
  take(): Promise<boolean>;
  /**
   * Right before each write: a process that was frozen meanwhile holds nothing any more.
   * @throws NotHeld
   */
  check(): void;
  /**
   * Keeps it until the signal comes.
   * @param beat what else is to be done each second; a failure of it is no reason to end.
   * @param lost it is gone, and why. Called again when it is lost again.
   */
  keep(signal: AbortSignal, lost: (why: string) => void, beat?: () => Promise<void>): Promise<void>;
  /** For whoever asks next. Never throws: what isn't released runs out. */
  release(): Promise<void>;
}

export class NotHeld extends Error {
  override readonly name = 'NotHeld';
  constructor() {
    super('another instance may drill by now: nothing more is written here');
  }
}

const NAME = 'drill';
/** After so long without a word an instance counts as dead. Milliseconds. */
const LEASE_MS = 15_000;
const BEAT_MS = 1_000;
/** A write that is sent now arrives before the end. Milliseconds. */
const MARGIN_MS = 3_000;

export interface HoldOptions {
  readonly leases: Leases;
  /** The clock of the leases. Milliseconds. */
  readonly monotonic?: () => number;
  readonly leaseMs?: number;
  readonly beatMs?: number;
}

export function createHold(options: HoldOptions): Hold {
  const { leases, monotonic = () => performance.now(), leaseMs = LEASE_MS, beatMs = BEAT_MS } = options;
  let untilMs = Number.NEGATIVE_INFINITY;

  const isHeld = (): boolean => monotonic() < untilMs - MARGIN_MS;

  async function take(): Promise<boolean> {
    const claim = await leases.claim(NAME, { ms: leaseMs });
    untilMs = claim.held ? claim.untilMs : Number.NEGATIVE_INFINITY;
    return claim.held;
  }

  return {
    take,
    check() {
      if (!isHeld()) throw new NotHeld();
    },
    async keep(signal, lost, beat = async () => undefined) {
      while (!signal.aborted) {
        await pause(beatMs, undefined, { signal }).catch(() => undefined);
        if (signal.aborted) return;
        const taken = await take().catch(() => undefined);
        if (taken === false) lost('another instance took over, for this one stood still.');
        else if (!isHeld()) lost('the ledger does not answer.');
        await beat().catch(() => undefined);
      }
    },
    async release() {
      untilMs = Number.NEGATIVE_INFINITY;
      await leases.release(NAME).catch(() => undefined);
    },
  };
}
