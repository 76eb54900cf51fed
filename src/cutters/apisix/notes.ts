import type { ObjectWrite } from './changes';

/** What one pass has to say, gathered as it goes: see `Report`. */
export interface Notes {
  readonly writes: string[];
  readonly drift: string[];
  readonly missing: string[];
  /** What was written, object by object. Left out: nobody asks. */
  readonly changed?: ObjectWrite[];
}

/** Laws 1 and 4: said when something should be given back and the latches, read afresh, don't agree. */
export const NO_LEAVE = 'nothing is given back: the ledger does not say that it may be';

const NAMED = 10;

/** `3 routes: a, b, c`. A long list is cut short: it goes into the ledger. */
export function routesInWords(ids: Iterable<string>): string {
  const all = [...ids].sort();
  const more = all.length > NAMED ? ` and ${all.length - NAMED} more` : '';
  const named = all.length > 0 ? `: ${all.slice(0, NAMED).join(', ')}${more}` : '';
  return `${all.length} ${all.length === 1 ? 'route' : 'routes'}${named}`;
}
