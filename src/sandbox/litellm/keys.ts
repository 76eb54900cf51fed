import { createHash, randomBytes } from 'node:crypto';

/** A row of LiteLLM's table of virtual keys, as far as the sandbox needs it. */
export interface KeyRow {
  readonly token: string;
  readonly key_alias: string | null;
  readonly team_id: string | null;
  /** ISO 8601. */
  readonly created_at: string;
  /** LiteLLM leaves it null until the key is blocked for the first time. */
  blocked: boolean | null;
  /** US dollars, since the budget began anew. */
  spend: number;
  max_budget: number | null;
  /** ISO 8601. */
  budget_reset_at: string | null;
  /** ISO 8601; null: never. */
  expires: string | null;
}

export type KeyChange = Partial<
  Pick<KeyRow, 'spend' | 'max_budget' | 'budget_reset_at' | 'team_id' | 'created_at' | 'expires'>
>;

export const hashToken = (key: string): string => createHash('sha256').update(key).digest('hex');

/** LiteLLM takes a key and its hash alike. */
export const hashIfNeeded = (key: string): string => (key.startsWith('sk-') ? hashToken(key) : key);

/**
 * The table, and each worker's cache of it: a worker believes its cache until it is stale, so that a key that was
 * blocked through another worker goes on working there for a while.
 */
export class Keys {
  private readonly rows = new Map<string, KeyRow>();
  private readonly caches = new Map<number, Map<string, { readonly blocked: boolean; readonly until: number }>>();

  constructor(private readonly options: { readonly cacheMs: number; readonly monotonic: () => number }) {}

  add(
    alias: string | null,
    key: string = `sk-${randomBytes(16).toString('base64url')}`,
    more: KeyChange = {},
  ): { key: string; row: KeyRow } {
    const row: KeyRow = {
      ...{ token: hashToken(key), key_alias: alias, team_id: null, created_at: new Date().toISOString() },
      ...{ blocked: null, spend: 0, max_budget: null, budget_reset_at: null, expires: null },
      ...more,
    };
    this.rows.set(row.token, row);
    return { key, row };
  }

  all(): Iterable<KeyRow> {
    return this.rows.values();
  }

  change(hash: string, change: KeyChange): void {
    const row = this.rows.get(hash);
    if (row !== undefined) this.rows.set(hash, { ...row, ...change });
  }

  row(hash: string): KeyRow | undefined {
    return this.rows.get(hash);
  }

  delete(hash: string): void {
    this.rows.delete(hash);
  }

  /** Writes the table and the cache of the worker that serves the request, and no other's. */
  setBlocked(hash: string, blocked: boolean, worker: number): KeyRow | undefined {
    const row = this.rows.get(hash);
    if (row === undefined) return undefined;
    row.blocked = blocked;
    this.remember(hash, blocked, worker);
    return row;
  }

  /** As this worker believes. */
  isBlocked(hash: string, worker: number): boolean {
    const cached = this.caches.get(worker)?.get(hash);
    if (cached !== undefined && this.options.monotonic() < cached.until) return cached.blocked;
    const blocked = this.rows.get(hash)?.blocked === true;
    this.remember(hash, blocked, worker);
    return blocked;
  }

  private remember(hash: string, blocked: boolean, worker: number): void {
    const cache = this.caches.get(worker) ?? new Map();
    this.caches.set(worker, cache);
    cache.set(hash, { blocked, until: this.options.monotonic() + this.options.cacheMs });
  }
}
