import { addressIn, type Expression, parseExpression, type Variables } from '../expression';
import { type JsonObject, listAt, numberAt, textAt, textsAt } from '../json';
import type { Entry } from '../store';
import type { View } from './view';

/** Finds the route of a request, as APISIX's `radixtree_host_uri` does. */
export type Router = (variables: Variables) => Match | undefined;

export interface Match {
  readonly entry: Entry;
  /** The pattern of the route that took it, as it is written there. */
  readonly path: string;
  /** The host that the route wants; empty where it takes any. */
  readonly host: string;
}

interface Candidate extends Match {
  readonly priority: number;
  readonly passes: Expression;
}

/** Paths of one host: an exact one comes before all prefixes, and the longest prefix before the others. */
interface PathTable {
  readonly exact: Map<string, Candidate[]>;
  readonly prefixes: Map<string, Candidate[]>;
}

/** The router of a node, built anew when a route or a service has changed. */
export function createRouter(view: View): Router {
  let built: Router | undefined;
  let version = '';
  return (variables) => {
    const current = `${view.version('routes')} ${view.version('services')}`;
    if (!built || version !== current) {
      built = build(view);
      version = current;
    }
    return built(variables);
  };
}

function build(view: View): Router {
  const byHost = new Map<string, PathTable>();
  const anyHost: PathTable = { exact: new Map(), prefixes: new Map() };
  for (const entry of view.list('routes')) {
    if (entry.value.status === 0) continue;
    const hosts = hostsOf(entry.value, view);
    if (!hosts) insert(anyHost, entry, '');
    for (const host of hosts ?? []) {
      const table = byHost.get(host) ?? { exact: new Map(), prefixes: new Map() };
      byHost.set(host, table);
      insert(table, entry, host);
    }
  }
  // A route that names the host wins over one that doesn't, whatever their paths; a longer wildcard over a shorter.
  const wildcards = [...byHost.keys()].filter((host) => host.startsWith('*')).sort((a, b) => b.length - a.length);
  return (variables) => {
    const host = variables('host') ?? '';
    for (const name of [host, ...wildcards.filter((wildcard) => host.endsWith(wildcard.slice(1)))]) {
      const table = byHost.get(name);
      const found = table && find(table, variables);
      if (found) return found;
    }
    return find(anyHost, variables);
  };
}

function hostsOf(route: JsonObject, view: View): readonly string[] | undefined {
  const own = textsAt(route, 'hosts') ?? (route.host === undefined ? undefined : [String(route.host)]);
  const service = route.service_id === undefined ? undefined : view.get('services', String(route.service_id));
  return (own ?? textsAt(service?.value, 'hosts'))?.map((host) => host.toLowerCase());
}

function insert({ exact, prefixes }: PathTable, entry: Entry, host: string): void {
  for (const path of textsAt(entry.value, 'uris') ?? [textAt(entry.value, 'uri') ?? '']) {
    const star = path.indexOf('*');
    const table = star < 0 ? exact : prefixes;
    const key = star < 0 ? path : path.slice(0, star);
    const candidates = [...(table.get(key) ?? []), candidate(entry, path, host)];
    table.set(key, candidates.sort(byPriority));
  }
}

const byPriority = (a: Candidate, b: Candidate): number => b.priority - a.priority || b.path.length - a.path.length;

function find({ exact, prefixes }: PathTable, variables: Variables): Match | undefined {
  const uri = variables('uri') ?? '/';
  const hit = exact.get(uri)?.find(({ passes }) => passes(variables));
  if (hit) return hit;
  for (let length = uri.length; length >= 0; length -= 1) {
    const found = prefixes.get(uri.slice(0, length))?.find(({ passes }) => passes(variables));
    if (found) return found;
  }
  return undefined;
}

function candidate(entry: Entry, path: string, host: string): Candidate {
  const route = entry.value;
  const methods = textsAt(route, 'methods');
  const vars = parseExpression(listAt(route, 'vars') ?? []);
  const addresses =
    textsAt(route, 'remote_addrs') ?? (route.remote_addr === undefined ? undefined : [route.remote_addr]);
  const shape = middleStar(path);
  return {
    ...{ entry, path, host },
    priority: numberAt(route, 'priority') ?? 0,
    passes: (variables) =>
      (!methods || methods.includes(variables('request_method') ?? '')) &&
      (!addresses || addressIn(variables('remote_addr') ?? '', addresses)) &&
      (!shape || shape.test(variables('uri') ?? '')) &&
      'expression' in vars &&
      vars.expression(variables),
  };
}

/** A star that isn't the last character takes any text up to what follows it. */
function middleStar(path: string): RegExp | undefined {
  if (!/\*./.test(path)) return undefined;
  const escaped = path.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${escaped.join('[\\s\\S]*')}$`);
}
