import { LEASE_MS } from '../../../src/latch/turn';
import type { Instance, Instances, Sent } from './instances';

/**
 * From a STOP until it is seen, when the instance that took it dies: another one hears of it within a second, waits for
 * the end of a lease, and cuts. The rest is what a busy machine adds. Milliseconds.
 */
export const BOUND_MS = 1_000 + LEASE_MS + 3_000;

export const opposite = { STOP: 'RESTORE', RESTORE: 'STOP' } as const;
export const becomes = { STOP: 'severed', RESTORE: 'live' } as const;
export type Word = keyof typeof becomes;

/** The longest from STOP to verified, by case. */
export class Longest {
  private readonly ms = new Map<string, number>();

  /** @returns milliseconds since it was sent. */
  note(what: string, { at }: Pick<Sent, 'at'>): number {
    const ms = performance.now() - at;
    this.ms.set(what, Math.max(ms, this.ms.get(what) ?? 0));
    return ms;
  }

  print(): void {
    for (const [what, ms] of this.ms)
      process.stdout.write(`STOP to verified, at most, ${what}: ${Math.round(ms)} ms\n`);
  }
}

/** What its sender was told in the end. */
export const results = (sent: Sent): readonly string[] =>
  sent.replies().filter((text) => /^(SEVERED|RESTORED)/.test(text));

/** Brings all to where this order changes something. */
export async function readied(word: Word, it: Instances, door: Instance): Promise<void> {
  const state = becomes[opposite[word]];
  if ((await it.latch()) !== state) await it.text(door, opposite[word]);
  await it.becomes(state);
}

/**
 * So many of the moments from 1 to `last`, spread over all of them: the same ones for the same seed. All of them where
 * PULLCORD_SOAK is set.
 */
export function moments(last: number, count: number, seed: number): readonly number[] {
  if (process.env.PULLCORD_SOAK || count >= last) return Array.from({ length: last }, (_, i) => i + 1);
  // A linear congruential generator (Numerical Recipes): spread is all that is wanted of it.
  let state = seed >>> 0;
  const random = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  return Array.from({ length: count }, (_, i) => 1 + Math.floor(((i + random()) * last) / count));
}
