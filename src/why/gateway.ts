import type { Clock } from '../clock';
import type { GatewayConfig, ScopeConfig } from '../config/schema';
import { type AdminApi, createAdminApi } from '../cutters/apisix/client';
import type { Doc } from '../cutters/apisix/document';
import { isGatewayError } from '../cutters/apisix/fault';
import { type GuardFacts, inspectGuards } from '../cutters/apisix/guard/inspect';
import { chooses } from '../cutters/apisix/match';
import { Overtaken } from '../cutters/apisix/overtaken';
import { type ProbeTarget, planProbes, spread } from '../cutters/apisix/probe-plan';
import { type Peek, peek } from './peek';
import type { Asked } from './subject';
import { type Served, served, type Taking, takingOf } from './taking';

/** What the Admin API of one gateway tells. */
export interface Objects {
  readonly all: readonly Served[];
  readonly services: readonly Doc[];
  readonly configs: readonly Doc[];
  readonly rules: readonly Doc[];
}

/** All that was asked of one gateway. */
export interface GatewayLook {
  readonly gateway: string;
  readonly objects: Objects | { readonly why: string };
  readonly guards: readonly GuardFacts[];
  /** Empty where nothing that costs nothing could be asked. */
  readonly peeks: readonly Peek[];
  /** Of a path, where the objects could be read. */
  readonly taking?: Taking;
}

export interface GatewayOptions {
  readonly name: string;
  readonly config: GatewayConfig;
  readonly scopes: Readonly<Record<string, ScopeConfig>>;
  readonly now: Clock;
  /** Of the Admin API as a whole, and of the probes. Milliseconds. */
  readonly limitMs: number;
}

/** Fresh connections to each node: different workers answer. */
const CONNECTIONS = 4;
/** Of a scope. */
const MOST_PROBES = 8;

/** Everything about one path. Never throws for a gateway that fails. */
export async function lookAtPath(options: GatewayOptions, asked: Asked): Promise<GatewayLook> {
  const guards = guardsOf(options);
  const objects = await readObjects(options);
  const taking = 'why' in objects ? undefined : takingOf(objects.all, asked);
  const target = targetFor(asked, objects, taking, Object.values(options.scopes));
  const targets = target ? Array<ProbeTarget>(Math.min(CONNECTIONS, options.config.probeConnections)).fill(target) : [];
  return {
    ...{ gateway: options.name, objects, guards: await guards },
    peeks: await peek({ ...options.config, timeoutMs: peekMs(options) }, targets),
    ...(taking ? { taking } : {}),
  };
}

/** Everything about one scope. Never throws for a gateway that fails. */
export async function lookAtScope(options: GatewayOptions, scope: ScopeConfig): Promise<GatewayLook> {
  const guards = guardsOf(options);
  const objects = await readObjects(options);
  const held = 'why' in objects ? [] : objects.all.map(({ route }) => route).filter((route) => chooses(scope, route));
  const targets = spread(planProbes(held, scope.probes).targets, MOST_PROBES);
  return {
    ...{ gateway: options.name, objects, guards: await guards },
    peeks: await peek({ ...options.config, timeoutMs: peekMs(options) }, targets),
  };
}

const peekMs = ({ config, limitMs }: GatewayOptions): number => Math.min(config.timeoutMs, limitMs);

const guardsOf = ({ config, now, limitMs }: GatewayOptions): Promise<readonly GuardFacts[]> =>
  inspectGuards({ ...config, timeoutMs: Math.min(config.timeoutMs, limitMs) }, now);

async function readObjects({ config, limitMs }: GatewayOptions): Promise<GatewayLook['objects']> {
  const { adminUrl: url, adminKey: key, timeoutMs, caFile } = config;
  const api: AdminApi = createAdminApi({ url, key, timeoutMs: Math.min(timeoutMs, limitMs), caFile });
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), limitMs);
  try {
    const [routes, services, configs, rules] = await Promise.all(
      ['routes', 'services', 'plugin_configs', 'global_rules'].map((collection) => api.list(collection, late.signal)),
    );
    return {
      all: served(routes ?? [], services ?? []),
      services: services ?? [],
      configs: configs ?? [],
      rules: rules ?? [],
    };
  } catch (error) {
    if (isGatewayError(error)) return { why: error.message };
    if (error instanceof Overtaken) return { why: `no answer within ${limitMs} ms` };
    throw error;
  } finally {
    clearTimeout(timer);
    api.close();
  }
}

/**
 * What to ask a gateway, so that the same routes take it and nothing is generated: HEAD or OPTIONS of the path, or else a
 * probe that is configured for a scope and that the same route takes. Undefined where there is no such request.
 */
export function targetFor(
  asked: Asked,
  objects: GatewayLook['objects'],
  taking: Taking | undefined,
  scopes: readonly Pick<ScopeConfig, 'probes'>[],
): ProbeTarget | undefined {
  const { host: told, path } = asked;
  const [only, ...others] = taking?.routes ?? [];
  const host = told ?? (only && others.length === 0 ? hostFor(only) : undefined);
  const about = { path, headers: {}, ...(host === undefined ? {} : { host }) };
  if ('why' in objects || !taking) return { method: 'HEAD', ...about };
  const same = (other: Asked): boolean => idsOf(takingOf(objects.all, other)) === idsOf(taking);
  const method = ['HEAD', 'OPTIONS'].find((name) =>
    same({ method: name, path, ...(told === undefined ? {} : { host: told }) }),
  );
  if (method !== undefined) return { method, ...about };
  return scopes
    .flatMap(({ probes }) => planProbes([], probes).targets)
    .find(({ method: own, path: at, host: of }) =>
      same({ method: own, path: at.split('?')[0] ?? '', ...(of === undefined ? {} : { host: of.toLowerCase() }) }),
    );
}

const idsOf = ({ routes }: Taking): string => JSON.stringify(routes.map(({ route }) => route.id).sort());

const hostFor = ({ route: { hosts } }: Served): string | undefined => {
  const [host] = hosts;
  return host === undefined || host === '*' ? undefined : host.replace('*', 'pullcord-probe');
};
