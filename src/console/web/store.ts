import { useEffect, useState } from 'preact/hooks';

/** A value that the page shows, and who wants to know when it changes. */
export interface Store<T> {
  get(): T;
  set(value: T): void;
  subscribe(told: () => void): () => void;
}

export function createStore<T>(first: T): Store<T> {
  let value = first;
  const listeners = new Set<() => void>();
  return {
    get: () => value,
    set: (next) => {
      if (Object.is(next, value)) return;
      value = next;
      for (const told of listeners) told();
    },
    subscribe: (told) => {
      listeners.add(told);
      return () => listeners.delete(told);
    },
  };
}

/** What `read` gives now, and again after each change. */
export function useSource<T>(source: { subscribe(told: () => void): () => void }, read: () => T): T {
  const [, again] = useState(0);
  useEffect(() => {
    const told = (): void => again((n) => n + 1);
    // It may have changed between the first drawing and now.
    told();
    return source.subscribe(told);
  }, [source]);
  return read();
}

export const useStore = <T>(store: Store<T>): T => useSource(store, store.get);

/** Now, again and again. @param everyMs how often. Milliseconds. */
export function useNow(everyMs = 1_000): number {
  const [now, set] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => set(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}
