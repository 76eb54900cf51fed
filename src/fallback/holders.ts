import type { Config } from '../config/schema';
import type { State } from '../ledger/store';
import { liveLatch } from '../orders/decide';
import { type Standing, standingOf } from './permit';

/**
 * The scopes whose STOP forbids a fallback: its own name, and those that hold it. Left out in the configuration, all do:
 * what isn't known to have nothing to do with it may run through it.
 */
export function holdersOf(
  { fallbacks, scopes }: Pick<Config, 'fallbacks' | 'scopes'>,
  name: string,
): ReadonlySet<string> {
  return new Set([name, ...(fallbacks[name]?.scopes ?? Object.keys(scopes))]);
}

/** The fallbacks that a STOP of this scope forbids. */
export const heldBy = (config: Pick<Config, 'fallbacks' | 'scopes'>, scope: string): ReadonlySet<string> =>
  new Set(Object.keys(config.fallbacks).filter((name) => holdersOf(config, name).has(scope)));

/** How a fallback stands in this state of the ledger; `primary` in none. @param now epoch, in milliseconds. */
export function standingIn(
  state: State | undefined,
  config: Pick<Config, 'fallbacks' | 'scopes'>,
  name: string,
  now: number,
): Standing {
  const holders = [...holdersOf(config, name)].map((scope) => state?.latches.get(scope) ?? liveLatch(scope));
  return standingOf(state?.permits.get(name), holders, now);
}
