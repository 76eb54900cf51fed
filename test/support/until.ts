/** Waits for a condition, never for a time. Throws when it doesn't come true within `ms`. */
export async function until<T>(condition: () => T | Promise<T>, ms = 5_000, every = 10): Promise<NonNullable<T>> {
  const end = Date.now() + ms;
  for (;;) {
    const value = await condition();
    if (value) return value as NonNullable<T>;
    if (Date.now() > end) throw new Error(`not true within ${ms} ms: ${condition.toString().slice(0, 200)}`);
    await new Promise((resolve) => setTimeout(resolve, every));
  }
}
