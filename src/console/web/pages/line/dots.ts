import type { DrillAnswer } from '../../../../intake/http/schemas';

/** A drill as a dot in a picture of `WIDTH` by `HEIGHT`. */
export interface Dot {
  readonly id: string;
  readonly x: number;
  readonly y: number;
  readonly passed: boolean;
}

export const WIDTH = 600;
export const HEIGHT = 120;
const EDGE = 10;

/** Those that ran to an end: their times over the months, the newest at the right. Pure. */
export function dots(drills: readonly DrillAnswer[]): readonly Dot[] {
  const ended = drills.flatMap(({ id, state, startedAt, ms }) =>
    ms !== undefined && (state === 'passed' || state === 'failed')
      ? [{ id, at: Date.parse(startedAt), ms, passed: state === 'passed' }]
      : [],
  );
  const times = ended.map(({ at }) => at);
  const [first, last] = [Math.min(...times), Math.max(...times)];
  const longest = Math.max(1, ...ended.map(({ ms }) => ms));
  return ended.map(({ id, at, ms, passed }) => ({
    ...{ id, passed },
    x: last === first ? WIDTH / 2 : EDGE + ((WIDTH - 2 * EDGE) * (at - first)) / (last - first),
    y: HEIGHT - EDGE - ((HEIGHT - 2 * EDGE) * ms) / longest,
  }));
}

/** @returns undefined: none passed. */
export function median(numbers: readonly number[]): number | undefined {
  const sorted = [...numbers].sort((a, b) => a - b);
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  return low === undefined || high === undefined ? undefined : (low + high) / 2;
}
