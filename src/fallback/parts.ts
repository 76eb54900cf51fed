import type { FallbackConfig } from '../config/fallback';
import { type Doc, docAt, isDoc, own, same } from '../cutters/apisix/document';

/** The parts of an object at the gateway that traffic is dealt out to: nodes of an upstream, instances of a route. */
export type Parts = readonly Part[];

export interface Part {
  /** `host:port`, or the name of the instance. */
  readonly name: string;
  /** As it stands in the list; the weight, where the nodes are an object. */
  readonly value: unknown;
}

export const PLUGIN = 'ai-proxy-multi';

type Where = Pick<FallbackConfig, 'upstream' | 'route'>;

/** Its path in the Admin API. */
export const pathOf = ({ upstream, route }: Where): string =>
  upstream === undefined ? `routes/${encodeURIComponent(route ?? '')}` : `upstreams/${encodeURIComponent(upstream)}`;

/** In words, for people. */
export const objectName = ({ upstream, route }: Where): string =>
  upstream === undefined ? `route ${route}` : `upstream ${upstream}`;

const PORTS: Readonly<Record<string, number>> = { http: 80, https: 443, grpc: 80, grpcs: 443 };

/** @returns undefined when the object isn't of the kind that was configured: nothing may be written to it then. */
export function partsOf(where: Where, object: Doc): Parts | undefined {
  if (where.upstream === undefined) {
    const instances = own(docAt(docAt(object, 'plugins'), PLUGIN), 'instances');
    if (!Array.isArray(instances) || !instances.every(isDoc)) return undefined;
    return instances.map((value) => ({ name: String(value.name), value }));
  }
  const port = PORTS[String(object.scheme ?? 'http')] ?? 80;
  if (Array.isArray(object.nodes)) {
    if (!object.nodes.every(isDoc)) return undefined;
    return object.nodes.map((value) => ({ name: address(`${value.host}`, value.port ?? port), value }));
  }
  if (!isDoc(object.nodes)) return undefined;
  return Object.entries(object.nodes).map(([key, value]) => ({ name: addressOf(key, port), value }));
}

const address = (host: string, port: unknown): string => `${host}:${port}`;

/** `host`, `host:port`, `[v6]:port`: as keys of `nodes` may be written. */
const addressOf = (key: string, port: number): string => (/:\d+$/.test(key) ? key : address(key, port));

/** The same object with these parts alone; everything else is left as it is. */
export function withParts(where: Where, object: Doc, keep: (part: Part) => boolean): Doc {
  if (where.upstream === undefined) {
    const plugins = docAt(object, 'plugins');
    const plugin = docAt(plugins, PLUGIN);
    const instances = (partsOf(where, object) ?? []).filter(keep).map(({ value }) => value);
    return { ...object, plugins: { ...plugins, [PLUGIN]: { ...plugin, instances } } };
  }
  const parts = partsOf(where, object) ?? [];
  if (Array.isArray(object.nodes)) return { ...object, nodes: parts.filter(keep).map(({ value }) => value) };
  const kept = Object.entries(object.nodes as Doc).filter((_, i) => parts[i] !== undefined && keep(parts[i]));
  return { ...object, nodes: Object.fromEntries(kept) };
}

/** What is in the house, and what is beyond it. */
export function sides(config: Pick<FallbackConfig, 'primary'>, parts: Parts): { primary: Parts; others: Parts } {
  const own = (part: Part): boolean => config.primary.includes(part.name);
  return { primary: parts.filter(own), others: parts.filter((part) => !own(part)) };
}

/**
 * The object with its fallback again: as it was kept, but for what somebody has changed in it since.
 * @param kept the object as it last stood with its fallback.
 */
export function widened(config: FallbackConfig, now: Doc, kept: Doc): Doc {
  const isPrimary = (part: Part): boolean => config.primary.includes(part.name);
  const narrowedThen = withParts(config, kept, isPrimary);
  const listOf = (object: Doc): unknown =>
    config.upstream === undefined ? docAt(docAt(object, 'plugins'), PLUGIN).instances : object.nodes;
  // Nobody touched them: exactly what it was, in its order.
  if (same(listOf(now), listOf(narrowedThen))) return withList(config, now, listOf(kept));
  const current = partsOf(config, now) ?? [];
  const others = sides(config, partsOf(config, kept) ?? []).others.filter(
    ({ name }) => !current.some((part) => part.name === name),
  );
  const list = listOf(now);
  if (Array.isArray(list)) return withList(config, now, [...list, ...others.map(({ value }) => value)]);
  return withList(config, now, {
    ...(list as Doc),
    ...Object.fromEntries(others.map((part) => [part.name, part.value])),
  });
}

function withList(where: Where, object: Doc, list: unknown): Doc {
  if (where.upstream !== undefined) return { ...object, nodes: list };
  const plugins = docAt(object, 'plugins');
  return { ...object, plugins: { ...plugins, [PLUGIN]: { ...docAt(plugins, PLUGIN), instances: list } } };
}
