/** Spend of one window in 24 parts: exact to one of them, and never more than the window had. */
export interface WindowSpend {
  readonly parts: Float64Array;
  /** Number of the newest part. */
  at: number;
}

const PARTS = 24;

export const nothingSpent = (): WindowSpend => ({ parts: new Float64Array(PARTS), at: 0 });

/** @param at seconds since the epoch; what is older than the window is left out. */
export function addTo(window: WindowSpend, windowSeconds: number, at: number, amount: number): void {
  const part = partOf(windowSeconds, at);
  if (part - window.at >= PARTS) window.parts.fill(0);
  else for (let next = window.at + 1; next <= part; next++) window.parts[next % PARTS] = 0;
  window.at = Math.max(window.at, part);
  if (part > window.at - PARTS) window.parts[part % PARTS] = (window.parts[part % PARTS] as number) + amount;
}

/** What was spent in the window that ends at this time, which is not before anything that was added. */
export function spentIn(window: WindowSpend, windowSeconds: number, at: number): number {
  const newest = Math.max(window.at, partOf(windowSeconds, at));
  let sum = 0;
  for (let part = newest - PARTS + 1; part <= window.at; part++)
    sum += window.parts[((part % PARTS) + PARTS) % PARTS] as number;
  return sum;
}

const partOf = (windowSeconds: number, at: number): number => Math.floor((at * PARTS) / windowSeconds);
