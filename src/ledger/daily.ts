const DAY_MS = 86_400_000;

/**
 * Does something now and once a day: what is let go of only at a start is never let go of by a program that runs for
 * months.
 * @param work must not throw. @returns what ends it.
 */
export function daily(work: () => void): () => void {
  work();
  const timer = setInterval(work, DAY_MS).unref();
  return () => clearInterval(timer);
}
