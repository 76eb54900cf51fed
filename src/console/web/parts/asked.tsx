import type { ComponentChildren } from 'preact';
import { useCallback, useEffect, useState } from 'preact/hooks';
import { ask, type Failure } from '../api';
import { clock } from '../format';
import { Notice } from './notice';

export interface Asking<T> {
  /** What came last, and when. Kept while it is asked again; not kept for another path. */
  readonly body?: T;
  readonly at?: number;
  readonly failure?: Failure;
  readonly again: () => void;
}

/** What a path gives: asked at once, and whenever `mark` changes. @param path undefined: nothing is asked. */
export function useAsked<T>(path: string | undefined, mark: unknown = 0): Asking<T> {
  const [state, set] = useState<Omit<Asking<T>, 'again'> & { readonly path?: string | undefined }>({});
  const [tries, setTries] = useState(0);
  useEffect(() => {
    let current = true;
    if (path === undefined) return;
    void ask<T>(path, { withinMs: 20_000 }).then((reply) => {
      if (!current) return;
      set((before) => {
        const kept = before.path === path ? before : {};
        if (reply.kind === 'ok') return { path, body: reply.body, at: Date.now() };
        return { ...kept, path, failure: reply };
      });
    });
    return () => {
      current = false;
    };
  }, [path, mark, tries]);
  const again = useCallback(() => setTries((n) => n + 1), []);
  return state.path === path ? { ...state, again } : { again };
}

export interface AskedProps<T> {
  readonly asking: Asking<T>;
  readonly what: string;
  readonly children: (body: T) => ComponentChildren;
}

/** What came; and where nothing newer came, that and since when. */
export function Asked<T>({ asking, what, children }: AskedProps<T>) {
  const { body, at, failure, again } = asking;
  return (
    <>
      {failure && (
        <div role="status">
          <Notice tone="warning" title={`${what}: no answer`}>
            <p>
              {failure.detail}
              {at !== undefined && ` What follows is of ${clock(at)}.`}
            </p>
            <button type="button" class="button" onClick={again}>
              Ask again
            </button>
          </Notice>
        </div>
      )}
      {body === undefined ? failure === undefined && <p class="quiet">{what}: asking…</p> : children(body)}
    </>
  );
}
