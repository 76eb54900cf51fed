import type { ProbeConfig } from '../../config/schema';
import type { Route } from './route';

/** One request that shows whether a scope is cut. */
export interface ProbeTarget {
  readonly method: string;
  /** Path and query, encoded. */
  readonly path: string;
  readonly host?: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The route that it was derived from; none when it was configured. */
  readonly route?: string;
}

export interface ProbePlan {
  readonly targets: readonly ProbeTarget[];
  /** Routes that no request could be derived for. */
  readonly blind: readonly string[];
}

const PLACEHOLDER = 'pullcord-probe';
/** A refusal answers them all alike; while the scope is served, the first ones do least at the upstream. */
const MILDEST_FIRST = ['HEAD', 'OPTIONS', 'GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'PURGE'];

/** What to ask a gateway for these routes. Routes that are switched off are left out: others answer in their place. */
export function planProbes(routes: readonly Route[], configured: readonly ProbeConfig[] = []): ProbePlan {
  if (configured.length > 0) {
    const targets = configured.map(({ method, path, host, headers }) => ({
      method,
      path,
      headers,
      ...(host === undefined ? {} : { host }),
    }));
    return { targets, blind: [] };
  }
  const targets: ProbeTarget[] = [];
  const blind: string[] = [];
  for (const route of routes) {
    if (route.off) continue;
    const target = derive(route);
    if (target) targets.push(target);
    else blind.push(route.id);
  }
  return { targets, blind };
}

function derive({ id, uris, hosts, methods, narrowed }: Route): ProbeTarget | undefined {
  const [uri] = uris;
  const [host] = hosts;
  const method = methods.length === 0 ? 'HEAD' : MILDEST_FIRST.find((name) => methods.includes(name));
  if (narrowed || uri === undefined || method === undefined) return undefined;
  const named = host === undefined || host === '*' ? {} : { host: host.replace('*', PLACEHOLDER) };
  return { method, path: pathFor(uri), ...named, headers: {}, route: id };
}

/** Patterns match the decoded path. Whether `:name` is a parameter depends on the router: as it stands it fits both. */
function pathFor(pattern: string): string {
  const path = pattern.replaceAll('*', PLACEHOLDER);
  return encodeURI(path.startsWith('/') ? path : `/${path}`).replace(/[?#]/g, encodeURIComponent);
}

/** At most so many of them, evenly over the whole list. */
export function spread<T>(items: readonly T[], most: number): readonly T[] {
  if (items.length <= most) return items;
  return Array.from({ length: most }, (_, i) => items[Math.floor((i * items.length) / most)]).filter(
    (item) => item !== undefined,
  );
}
