/** When a proxy, or one process of it, was looked at. Epoch, in milliseconds. */
export interface Looks {
  readonly first: number;
  /** The newest. */
  readonly at: number;
  /** The one before. */
  readonly before: number;
}

/** Rows of a recording that belong to one look bear times that differ by up to so much. */
const SPREAD_MS = 2_000;

/** A row that is older than the newest look by more was not late: the clock was set back. */
const LATE_MS = 10 * 60_000;

export function looked(looks: Looks | undefined, at: number): Looks {
  if (!looks) return { first: at, at, before: at };
  if (at > looks.at + SPREAD_MS) return { first: looks.first, at, before: looks.at };
  return at < looks.at - LATE_MS ? { first: at, at, before: at } : looks;
}

export const isFirst = (looks: Looks): boolean => looks.at === looks.first;
