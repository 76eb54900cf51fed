const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;

/** When a delivery is tried again. The policy of it, in one place; milliseconds. */

/** Afterwards it is news no more: the event is forgotten, whoever did not take it. */
export const KEPT_MS = 24 * 60 * MINUTE_MS;
/** Events that are kept. Of a flood the oldest go. */
export const KEPT = 2_000;

/** So many tries follow each other ever more slowly, 17 minutes in all; from then on it is one every ten minutes. */
export const QUICK_TRIES = 10;
const SLOW_MS = 10 * MINUTE_MS;

/** How long whoever took a delivery up has for it; then it counts as lost, and is taken up again. */
export const LEASE_MS = MINUTE_MS;

/** @param tries how many were in vain. */
export const waitMs = (tries: number): number => (tries > QUICK_TRIES ? SLOW_MS : 2 ** (tries - 1) * SECOND_MS);

/** Whether whoever tried tries again by itself, after `waitMs`. */
export const isQuick = (tries: number): boolean => tries <= QUICK_TRIES;

/** When a delivery that failed is looked for, in case that whoever tries it again was lost. */
export const dueAfter = (tries: number, now: number): number => now + waitMs(tries) + (isQuick(tries) ? LEASE_MS : 0);
