import type { Claim } from '../ledger/leases';

/**
 * Who may write now, among instances that share a ledger. Pure. Fails towards "cut": what takes nothing back is allowed
 * in every doubt, what gives something back in none.
 */

/**
 * How long whoever writes to a system has it for itself. An instance that died in the middle of an order holds it for
 * so long; then another one goes on. Milliseconds.
 */
export const LEASE_MS = 2_000;

/**
 * How long a leave lasts, from before it was asked for: no longer than it takes from there to the socket. An instance
 * that was frozen for longer writes nothing when it wakes. Milliseconds.
 */
export const LEAVE_MS = 500;

/** How long another instance is watched that has the lease and doesn't get there. Milliseconds. */
export const PATIENCE_MS = 2 * LEASE_MS;

/** What came of asking for the lease. `silent`: the database did not answer. */
export type Answer = Claim | 'silent';

export interface Asked {
  /** The newest order that this instance knows of: it asks on behalf of that. */
  readonly order: number;
  /** Before the question was sent. Milliseconds, monotonic, as all times here. */
  readonly askedAt: number;
  readonly answeredAt: number;
  readonly answer: Answer;
}

/** Since when others have kept this instance from cutting for that order; undefined when nobody has. */
export interface Kept {
  readonly order: number;
  readonly since: number;
}

/** A later order than ours is known: what we want is old. */
export const isOvertaken = ({ order, answer }: Asked): boolean =>
  answer !== 'silent' && !answer.held && answer.fence > order;

/** @returns until when something may be cut; undefined when it may not. */
export function mayCutUntil(asked: Asked, kept: Kept | undefined): number | undefined {
  const { order, askedAt, answeredAt, answer } = asked;
  if (answer === 'silent') return answeredAt + LEAVE_MS;
  if (answer.held) return Math.min(answer.untilMs, askedAt + LEAVE_MS);
  if (isOvertaken(asked)) return undefined;
  const isTooLong = kept?.order === order && answeredAt - kept.since >= PATIENCE_MS;
  return isTooLong ? answeredAt + LEAVE_MS : undefined;
}

/** @returns until when something may be given back, if the latches agree; undefined when it may not. */
export function mayReleaseUntil({ askedAt, answer }: Asked): number | undefined {
  return answer !== 'silent' && answer.held ? Math.min(answer.untilMs, askedAt + LEAVE_MS) : undefined;
}
