import type { Rig } from '../rig';

/** What every act of the demo works with. */
export interface Stage {
  readonly rig: Rig;
  readonly say: (line?: string) => void;
}

/** A slow machine gets so long for each thing that has to happen. Milliseconds. */
export const PATIENCE_MS = 10_000;

export const ms = (value: number): string => `${value.toFixed(0)} ms`;

export async function statusOf(url: string): Promise<number> {
  const response = await fetch(url);
  await response.body?.cancel();
  return response.status;
}

/** @returns when the condition was first seen to hold, as of `performance.now`. */
export async function until(condition: () => boolean | Promise<boolean>, otherwise: string): Promise<number> {
  const end = performance.now() + PATIENCE_MS;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`${otherwise} after ${PATIENCE_MS} ms`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  return performance.now();
}
