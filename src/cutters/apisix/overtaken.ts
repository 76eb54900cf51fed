/** A later order came: whatever was under way has to stop (law 1). */
export class Overtaken extends Error {
  override readonly name = 'Overtaken';

  constructor() {
    super('overtaken by a later order');
  }
}

/** @throws Overtaken when it is too late to write. */
export function stopIf(overtaken: AbortSignal | undefined): void {
  if (overtaken?.aborted) throw new Overtaken();
}

/**
 * Waits for the work, but no longer than until it is overtaken. The work itself goes on unheard.
 * @throws Overtaken
 */
export async function unless<T>(overtaken: AbortSignal, work: Promise<T>): Promise<T> {
  let stop: (() => void) | undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    stop = () => reject(new Overtaken());
    if (overtaken.aborted) stop();
    else overtaken.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    if (stop) overtaken.removeEventListener('abort', stop);
    work.catch(() => undefined);
  }
}
