import { type Doc, docAt } from '../cutters/apisix/document';
import { type Route, routeOf } from '../cutters/apisix/route';
import type { Asked } from './subject';

/** A route as it stands in the gateway, and what has to be known of it. Its plugins hold secrets: they go no further. */
export interface Served {
  readonly route: Route;
  readonly doc: Doc;
}

/** Which route takes a request. */
export interface Taking {
  /** One of these does, the likeliest first; several where it depends on what isn't known. */
  readonly routes: readonly Served[];
  /** Perhaps none of them: each takes only some requests for its path. */
  readonly perhapsNone: boolean;
  /** Routes that would take it, and are switched off. */
  readonly off: readonly Served[];
}

/** The routes with what they take over from their services. */
export function served(routes: readonly Doc[], services: readonly Doc[]): readonly Served[] {
  const byId = new Map(services.map((service): [string, Doc] => [String(service.id), service]));
  return routes.map((doc) => ({ route: routeOf(doc, byId), doc }));
}

/**
 * Goes by the request as APISIX's router does (lua-resty-radixtree): host before path, exact before prefix, the longest
 * prefix first, then by priority. Pure. Fails towards several: what depends on `vars`, the client, an untold host or
 * method, or on which router is configured (`radixtree_uri` looks at the path first), is not decided.
 */
export function takingOf(all: readonly Served[], asked: Asked): Taking {
  const fits = all.flatMap((one) => {
    const pattern = one.route.uris.filter((uri) => pathFits(uri, asked.path)).sort(byLength)[0];
    return pattern !== undefined && hostFits(one.route, asked) && methodFits(one.route, asked)
      ? [{ one, pattern, isSure: isSure(one.route, pattern, asked) }]
      : [];
  });
  const off = fits.filter(({ one }) => one.route.off).map(({ one }) => one);
  const on = fits.filter(({ one }) => !one.route.off);
  const ways = [byHost, byPath].map((order) => upToSure([...on].sort(order)));
  const routes = [...new Set(ways.flat().map(({ one }) => one))];
  return { routes, perhapsNone: ways.some((way) => way.every(({ one }) => one.route.narrowed)), off };
}

interface Fit {
  readonly one: Served;
  readonly pattern: string;
  readonly isSure: boolean;
}

/** All that come before the first that takes it whatever isn't known, and that one. */
function upToSure(fits: readonly Fit[]): readonly Fit[] {
  const at = fits.findIndex(({ isSure: sure }) => sure);
  return at === -1 ? fits : fits.slice(0, at + 1);
}

const isSure = ({ narrowed, hosts, methods }: Route, pattern: string, { host, method }: Asked): boolean =>
  !narrowed &&
  !hasParameter(pattern) &&
  (hosts.length === 0 || host !== undefined) &&
  (methods.length === 0 || method !== undefined);

const methodFits = ({ methods }: Route, { method }: Asked): boolean =>
  methods.length === 0 || method === undefined || methods.includes(method);

const hostFits = ({ hosts }: Route, { host }: Asked): boolean =>
  hosts.length === 0 || host === undefined || hosts.some((pattern) => hostMatches(pattern, host));

/** APISIX takes a `*` at the beginning alone. */
const hostMatches = (pattern: string, host: string): boolean => {
  const wanted = pattern.toLowerCase();
  return wanted.startsWith('*') ? host.endsWith(wanted.slice(1)) : wanted === host;
};

/** Patterns match the decoded path. */
function pathFits(pattern: string, path: string): boolean {
  const decoded = decode(path);
  if (!/[*:]/.test(pattern)) return pattern === decoded;
  if (pattern === decoded) return true;
  const [head = '', ...rest] = hasParameter(pattern) ? [] : pattern.split('*');
  if (rest.length === 1 && rest[0] === '') return decoded.startsWith(head);
  const source = pattern
    .split('*')
    .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replace(/\/:[^/]+/g, '/[^/]+'))
    .join('[\\s\\S]*');
  return new RegExp(`^${source}$`).test(decoded);
}

/** Whether `:name` is a parameter depends on the router. */
const hasParameter = (pattern: string): boolean => pattern.includes('/:');

function decode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

const byLength = (a: string, b: string): number => rank(b) - rank(a);
/** An exact one comes before any prefix; then what stands before the star. */
const rank = (pattern: string): number => {
  const star = pattern.indexOf('*');
  return star === -1 ? Number.MAX_SAFE_INTEGER : star;
};

const byPath = (a: Fit, b: Fit): number =>
  rank(b.pattern) - rank(a.pattern) ||
  priorityOf(b.one) - priorityOf(a.one) ||
  hostRank(b.one.route) - hostRank(a.one.route) ||
  b.pattern.length - a.pattern.length;
const byHost = (a: Fit, b: Fit): number => hostRank(b.one.route) - hostRank(a.one.route) || byPath(a, b);

function hostRank({ hosts }: Route): number {
  if (hosts.length === 0) return 0;
  return Math.max(...hosts.map((host) => (host.startsWith('*') ? host.length : Number.MAX_SAFE_INTEGER)));
}

const priorityOf = ({ doc }: Served): number => (typeof doc.priority === 'number' ? doc.priority : 0);

/** How a route is called: its id, and its name where it has one. */
export const nameOf = ({ route: { id, name } }: Served): string =>
  name === undefined || name === id ? id : `${id} (${name})`;

/** The plugins that run for a route: its own win over its plugin config's, and these over its service's. */
export function pluginsOf({ doc }: Served, services: readonly Doc[], configs: readonly Doc[]): Doc {
  const of = (list: readonly Doc[], id: unknown): Doc => {
    const found = id === undefined ? undefined : list.find((one) => String(one.id) === String(id));
    return found ? docAt(found, 'plugins') : {};
  };
  return { ...of(services, doc.service_id), ...of(configs, doc.plugin_config_id), ...docAt(doc, 'plugins') };
}
