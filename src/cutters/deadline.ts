/**
 * Runs one call that is aborted after `ms` milliseconds, or as soon as `overtaken` is. Covers the whole call, the name
 * look-up and the connecting included: axios' own `timeout` begins once a socket is there.
 */
export async function withDeadline<T>(
  ms: number,
  overtaken: AbortSignal,
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  const timer = setTimeout(abort, ms);
  overtaken.addEventListener('abort', abort, { once: true });
  if (overtaken.aborted) abort();
  try {
    return await call(controller.signal);
  } finally {
    clearTimeout(timer);
    overtaken.removeEventListener('abort', abort);
  }
}
