import { SET_BACK_SECONDS } from './gap';

/** Spend of one window in 24 parts: exact to one of them, and never more than the window had. */
export interface WindowSpend {
  readonly windowSeconds: number;
  readonly parts: Float64Array;
  /** Number of the newest part. */
  at: number;
}

const PARTS = 24;

export const nothingSpent = (windowSeconds: number): WindowSpend => ({
  ...{ windowSeconds, parts: new Float64Array(PARTS), at: 0 },
});

/**
 * @param at seconds since the epoch; what is older than the window is left out.
 * @param overSeconds the time up to then over which it was spent evenly; 0 for a moment.
 */
export function addTo(window: WindowSpend, at: number, amount: number, overSeconds = 0): void {
  const { windowSeconds, parts } = window;
  const newest = partOf(windowSeconds, at);
  const isSetBack = (window.at * windowSeconds) / PARTS - at > SET_BACK_SECONDS;
  if (isSetBack || newest - window.at >= PARTS) parts.fill(0);
  else for (let next = window.at + 1; next <= newest; next++) parts[next % PARTS] = 0;
  window.at = isSetBack ? newest : Math.max(window.at, newest);
  const from = at - overSeconds;
  const oldest = Math.max(window.at - PARTS + 1, partOf(windowSeconds, from));
  for (let part = newest; part >= oldest; part--) {
    const share = overSeconds > 0 ? shareOf(part, windowSeconds, from, at) : 1;
    parts[part % PARTS] = (parts[part % PARTS] as number) + amount * share;
  }
}

/** Which share of a time lies in a part. */
function shareOf(part: number, windowSeconds: number, from: number, to: number): number {
  const begin = (part * windowSeconds) / PARTS;
  const end = ((part + 1) * windowSeconds) / PARTS;
  return Math.max(0, Math.min(end, to) - Math.max(begin, from)) / (to - from);
}

/** What was spent in the window that ends at this time, which is not before anything that was added. */
export function spentIn({ windowSeconds, parts, at: kept }: WindowSpend, at: number): number {
  const newest = Math.max(kept, partOf(windowSeconds, at));
  let sum = 0;
  for (let part = newest - PARTS + 1; part <= kept; part++) sum += parts[((part % PARTS) + PARTS) % PARTS] as number;
  return sum;
}

const partOf = (windowSeconds: number, at: number): number => Math.floor((at * PARTS) / windowSeconds);

/**
 * One for each of these lengths, in their order. What is kept goes on, whichever lengths were asked for before: a
 * configuration changes.
 */
export const windowsOf = (kept: readonly WindowSpend[], lengths: readonly number[]): WindowSpend[] =>
  lengths.map((length) => {
    const known = kept.find(({ windowSeconds }) => windowSeconds === length);
    return known ? { ...known, parts: known.parts.slice() } : nothingSpent(length);
  });
