import type { Config } from '../../config/schema';
import { hashOfKey, sha256 } from '../../config/virtual-key';

/** One virtual key at one LiteLLM, and the scopes that hold it. */
export interface VirtualKey {
  /** LiteLLM's own name for the key, and its label in Prometheus: the SHA-256 of `sk-…`. */
  readonly hash: string;
  readonly scopes: ReadonlySet<string>;
}

type Entry = Config['cutters']['litellm'][number];

/** Enough to find a key by, in logs and replies. */
export const shortName = (hash: string): string => `key ${hash.slice(0, 8)}`;

/**
 * The keys of all entries for one LiteLLM. A key that several entries name belongs to the scopes of all of them. The
 * keys themselves go no further than this: LiteLLM takes their hashes.
 * @throws Error when one is neither a hash nor a virtual key; its value is not repeated.
 */
export function virtualKeys(entries: readonly Entry[]): readonly VirtualKey[] {
  const scopes = new Map<string, Set<string>>();
  for (const entry of entries)
    entry.keys.forEach((key, i) => {
      const hash = hashOf(key, i);
      if (hash === sha256(entry.adminKey))
        throw new Error('cutters.litellm: the admin key cannot be blocked. Give the agent a virtual key of its own.');
      scopes.set(hash, new Set([...(scopes.get(hash) ?? []), ...entry.scopes]));
    });
  return [...scopes].map(([hash, held]) => ({ hash, scopes: held }));
}

function hashOf(key: string, i: number): string {
  const hash = hashOfKey(key);
  if (hash !== undefined) return hash;
  throw new Error(`cutters.litellm: keys[${i}] is neither a hash of 64 hexadecimal digits nor a key that begins sk-`);
}
