import type { ScopeAnswer } from '../http/schemas';

/** The incidents that began, went on or ended between two looks. Pure. */
export function incidentsOf(before: readonly ScopeAnswer[], now: readonly ScopeAnswer[]): number[] {
  const moved = now.flatMap((scope) => {
    const old = before.find((one) => one.scope === scope.scope);
    const same = old?.state === scope.state && old.order === scope.order && old.incident === scope.incident;
    return same ? [] : [old?.incident, scope.incident];
  });
  return [...new Set(moved)].filter((number) => number !== undefined);
}
