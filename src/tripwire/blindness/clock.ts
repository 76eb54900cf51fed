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
 * The wall clock against one that nobody sets. After a jump back nothing is seen until the clock is where it was:
 * readings that are older than the newest say nothing new. After a jump ahead a few windows are shorter than they
 * seem, which is told and no more.
 */
export function judgeClock(before: ClockSight, look: Look): { state: ClockSight; trouble?: BlindTrouble } {
  const now: Moment = { at: look.at, monotonicMs: look.monotonicMs };
  const { last, newest = now } = before;
  const byMs = last === undefined ? 0 : now.at - last.at - (now.monotonicMs - last.monotonicMs);
  const jump = Math.abs(byMs) > TOLERANCE_MS ? { byMs, when: now } : before.jump;
  const state: ClockSight = { last: now, newest: now.at >= newest.at ? now : newest, ...(jump && { jump }) };
  if (jump === undefined) return { state };
  const text = said(jump.byMs);
  const { when } = jump;
  if (now.at < newest.at) return { state, trouble: { reason: 'clock', text, blind: true, since: when } };
  if (now.monotonicMs - when.monotonicMs < TOLD_FOR_MS)
    return { state, trouble: { reason: 'clock', text, blind: false, since: when } };
  return { state };
}

function said(byMs: number): string {
  const seconds = Math.round(Math.abs(byMs) / 1_000);
  return byMs < 0
    ? `The clock went back by ${seconds} s: the tripwire sees no spend until it is where it was. Let NTP set it, and restart Pullcord.`
    : `The clock went ahead by ${seconds} s, or the machine slept: the tripwire takes what was spent for less dense. Let NTP set it.`;
}
