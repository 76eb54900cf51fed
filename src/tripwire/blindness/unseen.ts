import type { Look, Moment, Why } from '../scrape/look';
import type { BlindTrouble } from './trouble';

/** What is known of a source's looks as such. */
export interface Sight {
  /** The last look that showed something. */
  readonly good?: Moment;
  /** The first of those in a row that showed nothing, of which `looks` are the number. */
  readonly bad?: Moment;
  readonly looks: number;
}

/** A proxy that restarts is away for so long; a real one of two workers took 21 s. Milliseconds. */
export const PATIENCE_MS = 30_000;

/** These pass by themselves. The others are settings, and stay. */
const TRANSIENT: ReadonlySet<Why> = new Set(['no-answer', 'timeout', 'bad-status', 'malformed']);

/**
 * A look that shows nothing. One among good ones is none; a second in a row is trouble, unless the proxy may just be
 * restarting. If nothing was ever seen, the first is: somebody is setting it up, and waits for a word.
 */
export function judgeSight(before: Sight, look: Look): { state: Sight; trouble?: BlindTrouble } {
  const now: Moment = { at: look.at, monotonicMs: look.monotonicMs };
  if (look.ok) return { state: { good: now, looks: 0 } };
  // A proxy of several workers shows nothing between a restart and its first request, which may be all night.
  if (look.why === 'stopped' || (look.why === 'nothing-shown' && before.good)) return { state: before };
  const state: Sight = { ...before, bad: before.bad ?? now, looks: before.looks + 1 };
  const since = before.good ?? state.bad ?? now;
  const lasting = TRANSIENT.has(look.why)
    ? state.looks > 1 && now.monotonicMs - since.monotonicMs >= PATIENCE_MS
    : state.looks > 1 || before.good === undefined;
  if (!lasting) return { state };
  const text = `The tripwire sees nothing of ${look.source}. ${look.detail}`;
  return { state, trouble: { reason: look.why, text, blind: true, since } };
}
