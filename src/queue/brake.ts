const PAUSE_MS = 1_000;
const ERRORS = 5;

/** What the brake needs of a worker. */
export interface Braked {
  on(event: 'error', listener: (error: Error) => void): unknown;
  pause(doNotWaitActive: boolean): Promise<void>;
  resume(): Promise<void>;
}

/**
 * BullMQ's worker waits before it tries again when the connection is refused; any other error (a Redis that is full, a
 * database that starts up, a schema that is gone) it meets by trying again at once, for ever. A worker that fails five
 * times within a second pauses for a second.
 * @returns lets go of the brake, for good.
 */
export function brake(worker: Braked, onError: (error: Error) => void): () => void {
  let errors = 0;
  let timer: NodeJS.Timeout | undefined;
  const resume = (): void => {
    const paused = errors >= ERRORS;
    errors = 0;
    timer = undefined;
    if (paused) worker.resume().catch(onError);
  };
  worker.on('error', (error) => {
    onError(error);
    timer ??= setTimeout(resume, PAUSE_MS);
    if (++errors === ERRORS) worker.pause(true).catch(onError);
  });
  return () => clearTimeout(timer);
}
