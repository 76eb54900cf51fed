import type { Compared, DrillReport, DrillStep } from './report';

/** How many earlier drills say what is usual: enough that one bad day doesn't, few enough that an upgrade soon does. */
const LATELY = 10;
/** A drill of 20 ms that takes 50 is no news. Milliseconds. */
const NOTICEABLE_MS = 1_000;

export interface Comparison {
  readonly steps: readonly DrillStep[];
  readonly compared?: Compared;
}

/**
 * Says of a drill, and of each of its steps, whether it was slower than the earlier ones that passed. Pure.
 * @param earlier newest first.
 */
export function compare(steps: readonly DrillStep[], ms: number, earlier: readonly DrillReport[]): Comparison {
  const passed = earlier.filter(({ state }) => state === 'passed').slice(0, LATELY);
  const alike = passed.filter((drill) => gatewaysOf(drill.steps) === gatewaysOf(steps));
  const whole = median(alike.flatMap((drill) => drill.ms ?? []));
  const measured = steps.map((step): DrillStep => {
    const usualMs = median(passed.flatMap((drill) => drill.steps.find((one) => isSame(one, step))?.ms ?? []));
    if (usualMs === undefined) return step;
    return { ...step, usualMs, ...(isSlower(step.ms, usualMs) ? { slower: true } : {}) };
  });
  if (whole === undefined) return { steps: measured };
  return { steps: measured, compared: { drills: alike.length, medianMs: whole, slower: isSlower(ms, whole) } };
}

/** As a whole a drill is like another one on the same gateways. */
const gatewaysOf = (steps: readonly DrillStep[]): string =>
  [...new Set(steps.flatMap(({ gateway }) => gateway ?? []))].sort().join(' ');

const isSame = (a: DrillStep, b: DrillStep): boolean => a.name === b.name && a.gateway === b.gateway;

export const isSlower = (ms: number, usualMs: number): boolean => ms > 2 * usualMs && ms - usualMs > NOTICEABLE_MS;

/** In whole milliseconds; undefined of nothing. */
export function median(values: readonly number[]): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  const [low, high] = [sorted[Math.ceil(sorted.length / 2) - 1], sorted[Math.floor(sorted.length / 2)]];
  return low === undefined || high === undefined ? undefined : Math.round((low + high) / 2);
}
