import type { Config } from './schema';

/** Every name that can be ordered: the scopes, and the fallbacks, which are cut under their own names. */
export const scopeNames = ({ scopes, fallbacks }: Pick<Config, 'scopes' | 'fallbacks'>): readonly string[] => [
  ...new Set([...Object.keys(scopes), ...Object.keys(fallbacks)]),
];
