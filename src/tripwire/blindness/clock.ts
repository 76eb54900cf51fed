import type { Look, Moment } from '../scrape/look';
import type { BlindTrouble } from './trouble';

export interface ClockSight {
  readonly last?: Moment;
  /** The latest that any look claimed to be. */
  readonly newest?: Moment;
  readonly jump?: { readonly byMs: number; readonly when: Moment };
}

/** Clocks that are put right bit by bit differ by less between two looks. Milliseconds. */
const TOLERANCE_MS = 5_000;
/** How long a jump is told: the shortest windows have passed by then. Milliseconds. */
const TOLD_FOR_MS = 600_000;

/**
 * The wall clock against one that nobody sets. Spend is seen all the same, before a jump and after it; but what an hour
 * or a day was, is off: told for some minutes, and as long as the clock is behind what it said before.
 */
export function judgeClock(before: ClockSight, look: Look): { state: ClockSight; trouble?: BlindTrouble } {
  const now: Moment = { at: look.at, monotonicMs: look.monotonicMs };
  const { last, newest = now } = before;
  const byMs = last === undefined ? 0 : now.at - last.at - (now.monotonicMs - last.monotonicMs);
  const jump = Math.abs(byMs) > TOLERANCE_MS ? { byMs, when: now } : before.jump;
  const state: ClockSight = { last: now, newest: now.at >= newest.at ? now : newest, ...(jump && { jump }) };
  if (jump === undefined) return { state };
  const isTold = now.at < newest.at || now.monotonicMs - jump.when.monotonicMs < TOLD_FOR_MS;
  if (!isTold) return { state };
  return { state, trouble: { reason: 'clock', text: said(jump.byMs), blind: false, since: jump.when } };
}

function said(byMs: number): string {
  const seconds = Math.round(Math.abs(byMs) / 1_000);
  const how = byMs < 0 ? `went back by ${seconds} s` : `went ahead by ${seconds} s, or the machine slept`;
  return `The clock ${how}: spend is seen, but the tripwire's hours and days are off for a while. Let NTP keep the clock.`;
}
