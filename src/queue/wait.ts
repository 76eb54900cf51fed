/** Waits until the work is done or failed, at most `ms` milliseconds. Never throws. */
export async function settled(work: Promise<unknown>, ms: number): Promise<void> {
  await within(work, ms, () => undefined).catch(() => undefined);
}

/** @throws what `late` makes, when the work takes longer than `ms` milliseconds. The work itself goes on. */
export async function within<T>(work: Promise<T>, ms: number, late: () => unknown): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(late()), ms);
  });
  work.catch(() => undefined);
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

/** Waits until the condition holds, at most `ms` milliseconds. */
export async function waitFor(condition: () => boolean, ms: number): Promise<void> {
  const end = Date.now() + ms;
  while (!condition() && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 10));
}
