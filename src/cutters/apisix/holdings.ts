import type { ScopeConfig } from '../../config/schema';
import { chosen } from './match';
import type { Route } from './route';
import { type Standing, standing } from './standing';

/** Which routes each scope holds, over time. */
export class Holdings {
  /** By scope: the routes that it chose at the last look. Undefined until there was one. */
  chosen: ReadonlyMap<string, readonly Route[]> | undefined;
  /** By scope: the routes that were cut for it and not yet given back. */
  private readonly held = new Map<string, ReadonlySet<string>>();

  constructor(private readonly scopes: Readonly<Record<string, ScopeConfig>>) {}

  /** Takes note of the routes as they are now. @returns those that each scope chooses. */
  look(routes: Iterable<Route>): ReadonlyMap<string, readonly Route[]> {
    this.chosen = chosen(this.scopes, routes);
    return this.chosen;
  }

  /** The routes of all scopes, severed or not. Undefined until there was a look. */
  all(): ReadonlySet<string> | undefined {
    return this.chosen && new Set([...this.chosen.values()].flat().map(({ id }) => id));
  }

  stand(severed: ReadonlySet<string>): Standing {
    return standing({ chosen: this.chosen ?? new Map(), held: this.held, severed });
  }

  /** What severed scopes choose now is theirs until they are restored. */
  hold(severed: ReadonlySet<string>): void {
    const now = this.stand(severed);
    for (const scope of severed) this.held.set(scope, now.of(scope));
  }

  /** A scope that is live lets go of its routes once none of them is cut any more. */
  letGo(severed: ReadonlySet<string>, isCut: (id: string) => boolean): void {
    for (const [scope, ids] of this.held) if (!severed.has(scope) && ![...ids].some(isCut)) this.held.delete(scope);
  }
}
