import type { Increment } from '../reading';

/** Between looks that lie further apart something was missed. */
const GAP_SECONDS = 70;

/** The time up to its end over which an increment was spent evenly, as far as can be told; 0 for a moment. Seconds. */
export function gapOf({ from, to }: Pick<Increment, 'from' | 'to'>): number {
  const seconds = (to - from) / 1000;
  return seconds > GAP_SECONDS ? seconds : 0;
}

/** What comes from so long before the newest wasn't late: the clock was set back, and no window goes on. Seconds. */
export const SET_BACK_SECONDS = 600;
