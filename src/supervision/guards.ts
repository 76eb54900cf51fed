import type { Config } from '../config/schema';

/** Guards under supervision: one part a gateway cluster, which a stop can do without. */

export const guardKey = (gateway: string): string => `guard ${gateway}`;

/** Told of each look: that something is wrong, or that it is well. */
interface Supervise {
  trouble(key: string, text: string): void;
  cleared(key: string, text: string): void;
}

/** The gateways that have one. */
export const guardedIn = ({ gateways }: Pick<Config, 'gateways'>): readonly string[] =>
  Object.keys(gateways).filter((name) => gateways[name]?.guard);

/** What is not seen to be well is trouble. */
export function superviseGuard(troubles: Supervise, gateway: string, faults: readonly string[]): void {
  const key = guardKey(gateway);
  if (faults.length === 0) troubles.cleared(key, `the guard of ${gateway} is as it should be`);
  else troubles.trouble(key, `guard of ${gateway}: ${faults.join('; ')}`);
}
