import { StoreUnavailable } from './store';

/**
 * Bounds a wait in time. The work itself goes on and may still take effect: whoever catches this has to be able to
 * live with that.
 * @throws StoreUnavailable after `ms` milliseconds.
 */
export async function bounded<T>(work: Promise<T>, ms: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new StoreUnavailable(`${what} did not answer within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
    work.catch(() => undefined);
  }
}
