/**
 * What is set apart for drills. No configured scope is called so, no operator is called so, and nobody has the number;
 * and what is set apart reaches nothing else (law 3: only a person restores what a person's traffic runs through).
 */

/** The scope of the canary routes. Known to every part without standing in the configuration. */
export const DRILL_SCOPE = 'drill';

/** Who orders it, in the ledger. */
export const DRILL_OPERATOR = 'drill';

/**
 * Whose texts a drill sends. It looks like a number and can be nobody's: no area code of the North American Numbering
 * Plan begins with 0 (area codes are NXX, with N from 2 to 9). Nothing is ever texted to it.
 */
export const DRILL_PHONE = '+10000000000';

/** Whether what happens to this scope is a rehearsal: nobody is told of it as of an order, and no last resort follows. */
export const isRehearsal = (scope: string): boolean => scope === DRILL_SCOPE;
