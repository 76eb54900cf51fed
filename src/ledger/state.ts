import type { SealedLine } from './chain';
import type { Change, State } from './store';

/** The state after a change. Pure: the mirror follows the database without reading it again. */
export function applyChange(state: State, change: Change, lines: readonly SealedLine[]): State {
  const newest = lines.at(-1);
  return {
    head: newest ? { seq: newest.seq, at: Math.max(state.head.at, newest.at), hash: newest.hash } : state.head,
    orders: change.order?.number ?? change.permit?.order ?? state.orders,
    permits: withAll(state.permits, change.permit && [change.permit], (permit) => permit.fallback),
    latches: withAll(state.latches, change.latches, (latch) => latch.scope),
    operators: withAll(state.operators, change.operators, (use) => use.operator),
    backupCodesUsed: change.backupCodesUsed?.length
      ? new Set([...state.backupCodesUsed, ...change.backupCodesUsed])
      : state.backupCodesUsed,
  };
}

function withAll<T>(map: ReadonlyMap<string, T>, changed: readonly T[] | undefined, keyOf: (value: T) => string) {
  if (!changed?.length) return map;
  return new Map([...map, ...changed.map((value) => [keyOf(value), value] as const)]);
}
