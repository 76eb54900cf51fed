import { type Doc, docAt, isDoc, own } from '../cutters/apisix/document';

/** What can fail over: an upstream, wherever it stands, or the plugin `ai-proxy-multi`. */
export interface Subject {
  readonly kind: 'upstream' | 'ai-proxy-multi';
  /** The collection of the object that holds it. `upstreams` hold no plugin. */
  readonly holder: 'upstreams' | 'routes' | 'services';
  readonly id: string;
}

/** A node of an upstream, or an instance of the plugin. */
export interface Member {
  /** `host:port`, or the instance's name. */
  readonly name: string;
  /** The highest comes first. */
  readonly priority: number;
  readonly weight: number;
}

/** Who takes the primary's place. Left out: all that come behind the highest priority. */
export interface Roles {
  readonly fallbacks?: readonly string[] | undefined;
}

export interface Members {
  readonly primary: readonly Member[];
  readonly fallbacks: readonly Member[];
  /** Names of `Roles` that the object doesn't have. */
  readonly unknown: readonly string[];
}

export const PLUGIN = 'ai-proxy-multi';

/** The upstream or the plugin's configuration in the object that holds it; undefined when it isn't there. */
export function partOf({ kind, holder }: Subject, object: Doc): Doc | undefined {
  if (kind === 'upstream' && holder === 'upstreams') return object;
  const part = kind === 'upstream' ? own(object, 'upstream') : own(docAt(object, 'plugins'), PLUGIN);
  return isDoc(part) ? part : undefined;
}

/** A merge patch of the object that holds it, of one of the part alone. */
export function patchOf({ kind, holder }: Subject, patch: Doc): Doc {
  if (kind === 'upstream') return holder === 'upstreams' ? patch : { upstream: patch };
  return { plugins: { [PLUGIN]: patch } };
}

export function membersOf(subject: Subject, part: Doc, { fallbacks }: Roles = {}): Members {
  const all = allOf(subject, part);
  const highest = Math.max(...all.map(({ priority }) => priority));
  const isFallback = ({ name, priority }: Member): boolean => fallbacks?.includes(name) ?? priority < highest;
  return {
    primary: all.filter((member) => !isFallback(member)),
    fallbacks: all.filter(isFallback),
    unknown: fallbacks?.filter((name) => !all.some((member) => member.name === name)) ?? [],
  };
}

const numberOr = (value: unknown, otherwise: number): number => (typeof value === 'number' ? value : otherwise);

/** Of a scheme. */
const PORTS: Readonly<Record<string, number>> = { http: 80, https: 443, grpc: 80, grpcs: 443 };
const portOf = (upstream: Doc): number => PORTS[String(own(upstream, 'scheme') ?? 'http')] ?? 80;

/** The nodes or instances as a list, whatever they are written as: an object of nodes has no room for priorities. */
export function listOf({ kind }: Subject, part: Doc): readonly Doc[] {
  const list = own(part, kind === 'upstream' ? 'nodes' : 'instances');
  if (Array.isArray(list)) return list.filter(isDoc);
  return Object.entries(isDoc(list) ? list : {}).map(([address, weight]) => {
    const [, host = address, port] = /^(.*):(\d+)$/.exec(address) ?? [];
    return { host, port: port === undefined ? portOf(part) : Number(port), weight };
  });
}

/** What an item of `listOf` is called. */
export const nameOf = ({ kind }: Subject, part: Doc, item: Doc): string =>
  kind === 'upstream' ? `${String(item.host)}:${numberOr(item.port, portOf(part))}` : String(item.name);

const allOf = (subject: Subject, part: Doc): readonly Member[] =>
  listOf(subject, part).map((item) => ({
    name: nameOf(subject, part, item),
    priority: numberOr(item.priority, 0),
    weight: numberOr(item.weight, 1),
  }));
