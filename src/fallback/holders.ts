import type { Config } from '../config/schema';

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
