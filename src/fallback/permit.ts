import { isCut, type Latch } from '../latch/latch';

/**
 * What was decided last about one fallback. Every decision has a number of the same count as the orders: a later order
 * that cuts a scope which holds the fallback overtakes it for good (law 1).
 */
export interface Permit {
  readonly fallback: string;
  readonly state: 'primary' | 'asked' | 'fallback';
  readonly order: number;
  /** When it was decided. Epoch, in milliseconds. */
  readonly since: number;
  /** An operator, `token:<name>`, or `watcher`. */
  readonly by: string;
  readonly why: string;
  /** Of `fallback`: when its time is up. Epoch, in milliseconds. */
  readonly until?: number;
  /** Of `fallback`: the primary was down, so that it ends when that is well again. */
  readonly whileDown?: true;
  /** Of `primary`: nobody goes over again before the primary has been seen well, but for a person. */
  readonly held?: true;
}

export type FallbackState = Permit['state'] | 'forbidden';

/** How one fallback stands. */
export interface Standing {
  readonly state: FallbackState;
  /** Number of the order or decision that made it so; 0 when none ever did. */
  readonly order: number;
  /** Epoch, in milliseconds; 0 when none ever did. */
  readonly since: number;
  /** Scopes whose latch forbids it. */
  readonly forbiddenBy: readonly string[];
  /** What was decided last, if nothing has overtaken it. */
  readonly permit?: Permit;
}

/**
 * How a fallback stands under the latches. Pure. Fails towards `primary`: what a later order has overtaken, and what has
 * run out, permits nothing.
 * @param holders the latches of the scopes that hold it.
 */
export function standingOf(permit: Permit | undefined, holders: readonly Latch[], now: number): Standing {
  const forbidding = holders.filter((latch) => isCut(latch));
  const newest = holders.reduce<Latch | undefined>((a, b) => (a && a.order >= b.order ? a : b), undefined);
  const base = { order: newest?.order ?? 0, since: newest?.since ?? 0 };
  if (forbidding.length > 0) return { ...base, state: 'forbidden', forbiddenBy: forbidding.map(({ scope }) => scope) };
  if (!permit || permit.order < base.order) return { ...base, state: 'primary', forbiddenBy: [] };
  const { order, since } = permit;
  const over = permit.state === 'fallback' && permit.until !== undefined && now >= permit.until;
  return { state: over ? 'primary' : permit.state, order, since, forbiddenBy: [], permit };
}
