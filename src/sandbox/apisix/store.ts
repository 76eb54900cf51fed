import type { JsonObject } from './json';

/** One key of the stand-in etcd. Values are never changed in place: a write makes a new entry. */
export interface Entry {
  readonly key: string;
  readonly value: JsonObject;
  /** Revision at which the key came to be; kept by later writes, lost by a delete. */
  readonly createdIndex: number;
  readonly modifiedIndex: number;
}

/** A key that was written, or (no entry) that is gone. */
export interface Change {
  readonly key: string;
  readonly entry: Entry | undefined;
}

export interface WriteOptions {
  /** Seconds until the whole key is deleted (an etcd lease). A later write without it takes the lease off. */
  readonly ttlSeconds?: number | undefined;
}

export interface Store {
  get(key: string): Entry | undefined;
  /** All entries whose key starts so, in the order of their keys. */
  list(prefix: string): readonly Entry[];
  put(key: string, value: JsonObject, options?: WriteOptions): Entry;
  /** Writes only when the key still bears this modifiedIndex; otherwise answers undefined and writes nothing. */
  compareAndSwap(key: string, modifiedIndex: number, value: JsonObject, options?: WriteOptions): Entry | undefined;
  /** False when there was nothing to delete. */
  delete(key: string): boolean;
  /** Spends a revision on nothing that anybody sees, as APISIX does to get an id for a POST. */
  nextRevision(): number;
  /** Called in the order of the revisions. Answers what ends it. */
  watch(listener: (change: Change) => void): () => void;
  close(): void;
}

/** A small etcd in memory: one revision counter for all keys, leases, and watchers. */
export function createStore(): Store {
  const entries = new Map<string, Entry>();
  const leases = new Map<string, NodeJS.Timeout>();
  const watchers = new Set<(change: Change) => void>();
  let revision = 1;

  const tell = (change: Change): void => {
    for (const watcher of [...watchers]) watcher(change);
  };

  function lease(key: string, ttlSeconds: number | undefined): void {
    clearTimeout(leases.get(key));
    leases.delete(key);
    if (ttlSeconds === undefined) return;
    const timer = setTimeout(() => remove(key), ttlSeconds * 1000);
    timer.unref();
    leases.set(key, timer);
  }

  function put(key: string, value: JsonObject, options: WriteOptions = {}): Entry {
    revision += 1;
    const createdIndex = entries.get(key)?.createdIndex ?? revision;
    const entry = { key, value: structuredClone(value), createdIndex, modifiedIndex: revision };
    entries.set(key, entry);
    lease(key, options.ttlSeconds);
    tell({ key, entry });
    return entry;
  }

  function remove(key: string): boolean {
    if (!entries.delete(key)) return false;
    revision += 1;
    lease(key, undefined);
    tell({ key, entry: undefined });
    return true;
  }

  return {
    get: (key) => entries.get(key),
    list: (prefix) =>
      [...entries.values()].filter((entry) => entry.key.startsWith(prefix)).sort((a, b) => (a.key < b.key ? -1 : 1)),
    put,
    compareAndSwap: (key, modifiedIndex, value, options) =>
      entries.get(key)?.modifiedIndex === modifiedIndex ? put(key, value, options) : undefined,
    delete: remove,
    nextRevision: () => {
      revision += 1;
      return revision;
    },
    watch: (listener) => {
      watchers.add(listener);
      return () => watchers.delete(listener);
    },
    close: () => {
      for (const timer of leases.values()) clearTimeout(timer);
      leases.clear();
      watchers.clear();
    },
  };
}
