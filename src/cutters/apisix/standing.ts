import type { Route } from './route';

/** Which routes have to be cut, and which may be given back. Pure. */
export interface Standing {
  /** The routes of all severed scopes. */
  readonly severed: ReadonlySet<string>;
  /** The routes of one scope. */
  of(scope: string): ReadonlySet<string>;
  /** Whether a route that is cut now has to stay so. */
  stays(id: string): boolean;
}

interface Facts {
  /** By scope: the routes that its selectors choose now. */
  readonly chosen: ReadonlyMap<string, readonly Route[]>;
  /** By scope: the routes that were cut for it and not yet given back. */
  readonly held: ReadonlyMap<string, ReadonlySet<string>>;
  /** The scopes that have to be cut. */
  readonly severed: ReadonlySet<string>;
}

/**
 * A route stays cut until every scope that holds it is restored. What was cut for a scope is held by it until then,
 * even when somebody takes its label away. A route that no scope knows (not in a list that was torn by a change, or
 * left over from another configuration) stays cut as long as anything is severed: doubt stops.
 */
export function standing({ chosen, held, severed }: Facts): Standing {
  const of = (scope: string): ReadonlySet<string> =>
    new Set([...(chosen.get(scope) ?? []).map((route) => route.id), ...(held.get(scope) ?? [])]);
  const union = (scopes: Iterable<string>): ReadonlySet<string> =>
    new Set([...scopes].flatMap((scope) => [...of(scope)]));
  const cut = union(severed);
  const live = union([...new Set([...chosen.keys(), ...held.keys()])].filter((scope) => !severed.has(scope)));
  return {
    severed: cut,
    of,
    stays: (id) => severed.size > 0 && (cut.has(id) || !live.has(id)),
  };
}
