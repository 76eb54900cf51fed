import { heldToo, type Preview, type RoutePreview, type StayPreview } from '../preview';
import type { Holdings } from './holdings';
import type { Route } from './route';

/** A gateway as it was last seen. */
interface Seen {
  readonly gateway: string;
  readonly holdings: Holdings;
  /** Every route that it has; undefined while it could not be read. */
  readonly routes: ReadonlyMap<string, Route> | undefined;
  /** The routes that each rung cuts. */
  readonly clamped: ReadonlySet<string>;
  readonly rewritten: ReadonlySet<string>;
  readonly guarded: ReadonlySet<string>;
}

/**
 * What a restore of the scope gives back, by the same standing by which the rungs give it back. Pure.
 * @param severed the scopes that are severed now.
 */
export function previewOf(seen: Seen, scope: string, severed: ReadonlySet<string>): Preview {
  const { gateway, holdings, clamped, rewritten, guarded } = seen;
  const others = new Set([...severed].filter((one) => one !== scope));
  const then = holdings.stand(others);
  const own = then.of(scope);
  const cut = new Set([...clamped, ...rewritten, ...guarded]);
  const routes: RoutePreview[] = [];
  const stays: StayPreview[] = [];
  for (const id of [...new Set([...cut, ...own])].sort()) {
    const route = seen.routes?.get(id);
    const why = whyNot(id, route);
    if (why === undefined) {
      const { name, uris = [], hosts = [] } = route ?? {};
      const how = rewritten.has(id) ? 'rewrite' : clamped.has(id) ? 'clamp' : 'guard';
      routes.push({ gateway, id, ...(name === undefined ? {} : { name }), uris, hosts, how });
    } else if (why !== '') stays.push({ gateway, id, why });
  }
  return { routes, others: [], stays };

  /** Why a route does not serve again; undefined when it does, empty where there is nothing to say of it. */
  function whyNot(id: string, route: Route | undefined): string | undefined {
    const holders = [...others].filter((one) => then.of(one).has(id));
    if (holders.length > 0) return own.has(id) ? heldToo(holders) : '';
    if (then.stays(id)) return '';
    if (seen.routes && !route) return cut.has(id) ? 'it is gone: somebody deleted it while it was cut' : '';
    if (route?.off) return 'it is switched off (status 0), and stays so';
    if (route?.marked && !rewritten.has(id))
      return 'it still refuses for Pullcord, and no snapshot tells what it was: take fault-injection out of it by hand';
    return cut.has(id) ? undefined : '';
  }
}
