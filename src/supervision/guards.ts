import type { Config } from '../config/schema';
import type { Troubles } from './troubles';

/** Guards under supervision: one part a gateway cluster, which a stop can do without. */

export const NOT_REPORTED = 'the guard has not reported yet';

export const guardKey = (gateway: string): string => `guard ${gateway}`;

/** The gateways that have one. */
export const guardedIn = ({ gateways }: Pick<Config, 'gateways'>): readonly string[] =>
  Object.keys(gateways).filter((name) => gateways[name]?.guard);

/** What is not seen to be well is trouble. */
export function superviseGuard(
  troubles: Pick<Troubles, 'trouble' | 'cleared'>,
  gateway: string,
  faults: readonly string[],
): void {
  const key = guardKey(gateway);
  if (faults.length === 0) troubles.cleared(key, `the guard of ${gateway} is as it should be`);
  else troubles.trouble(key, `guard of ${gateway}: ${faults.join('; ')}`);
}
