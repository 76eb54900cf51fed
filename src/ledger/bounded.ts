import { StoreUnavailable } from './store';

/** A timer that is later than this says that the process stood still, and not that nobody answered. Milliseconds. */
const LATE_MS = 100;

/**
 * Bounds a wait in time. The work itself goes on and may still take effect: whoever catches this has to be able to
 * live with that. A process that was frozen has not waited: the answer may lie in its socket, so it looks again.
 * @throws StoreUnavailable after `ms` milliseconds.
 */
export async function bounded<T>(work: Promise<T>, ms: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_resolve, reject) => {
    const wait = (): void => {
      const began = performance.now();
      timer = setTimeout(() => {
        if (performance.now() - began > ms + LATE_MS) wait();
        else reject(new StoreUnavailable(`${what} did not answer within ${ms} ms`));
      }, ms);
    };
    wait();
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
    work.catch(() => undefined);
  }
}
