import { within } from '../queue/wait';

export interface KeptOptions<T> {
  readonly ask: () => Promise<T>;
  /** How old an answer may be. Milliseconds. */
  readonly goodForMs?: number;
  /** How long whoever asks waits for a new one. Milliseconds. */
  readonly boundMs?: number;
  /** Milliseconds, on a clock that nobody sets. */
  readonly monotonic?: () => number;
}

const GOOD_FOR_MS = 10_000;
const BOUND_MS = 250;

/**
 * What has to be asked of somebody: asked at most once in so long, one question at a time, however many want to know.
 * @returns undefined when it is not known: no answer in time is none, and an old one is not given out as a new one.
 */
export function kept<T>({
  ask,
  goodForMs = GOOD_FOR_MS,
  boundMs = BOUND_MS,
  monotonic = () => performance.now(),
}: KeptOptions<T>): () => Promise<T | undefined> {
  let known: { readonly value: T | undefined; readonly at: number } | undefined;
  let asking: Promise<T | undefined> | undefined;
  return async () => {
    if (known && monotonic() - known.at < goodForMs) return known.value;
    asking ??= ask()
      .catch(() => undefined)
      .then((value) => {
        // No answer is kept as well: who is in trouble isn't asked more often.
        known = { value, at: monotonic() };
        asking = undefined;
        return value;
      });
    return within(asking, boundMs, () => new Error('no answer in time')).catch(() => undefined);
  };
}
