import type { IncomingMessage } from 'node:http';
import { at, type Json, type JsonObject, objectAt, textAt } from '../json';
import type { Entry } from '../store';
import type { Logged } from './exporter';
import type { SandboxGuard } from './guard';
import { type Resource, resourceOf } from './health/resource';
import { filterHeaders, type Refusal, runPhase, type Stage } from './plugins';
import type { Match, Router } from './router';
import { type Learned, requestVariables } from './variables';
import type { View } from './view';

/** What the phases before the upstream decided about a request. */
export interface Decision {
  readonly method: string;
  readonly routeId: string | undefined;
  /** To be answered so, instead of being sent to an upstream. */
  readonly refusal?: Refusal;
  /** Where it goes, when it isn't refused. */
  readonly upstream?: Resource;
  /** Where it goes instead, when `ai-proxy-multi` asks the models itself: the plugin as it stands in the route. */
  readonly models?: Resource;
  /** `timeout` of the route, which comes before the upstream's. */
  readonly timeout?: JsonObject | undefined;
  readonly websocket: boolean;
  /** Whether the clamp can end it while it sends nothing. */
  readonly noted: boolean;
  /** What the exporter is told when it is over; undefined where no plugin `prometheus` counts it. */
  readonly account: Omit<Logged, 'code' | 'node' | 'source'> | undefined;
  /** How far it came, and who is told with which status it ended. */
  readonly way: { node?: string; answered?: true; events?: boolean; ended?: (status: number) => void };
  /** What plugins do to the headers of any response. */
  readonly headerFilter: (headers: Record<string, string | string[]>) => void;
  readonly guard: SandboxGuard;
}

export interface PhaseParts {
  readonly view: View;
  readonly router: Router;
  readonly sleep: (ms: number) => Promise<void>;
  /** A number from 0 up to 1. */
  readonly random: () => number;
  readonly guard: SandboxGuard;
}

/** A route with what its plugin config and its service add. */
interface EffectiveRoute {
  readonly id: string;
  readonly value: JsonObject;
  readonly plugins: JsonObject;
  /** What holds its upstream, where that stands in no object of its own. */
  readonly holder: Entry;
}

/** The phases of a request up to the upstream, in the order of `apisix/init.lua`, `http_access_phase`. */
export async function decide(request: IncomingMessage, parts: PhaseParts): Promise<Decision> {
  const { view, router } = parts;
  const learned: Learned = {};
  const variables = requestVariables(request, learned);
  const stage: Stage = {
    request,
    variables,
    learned,
    view,
    headers: {},
    sleep: parts.sleep,
    random: parts.random,
    guard: parts.guard,
  };
  const global = globalPlugins(view);
  const matched = router(variables);

  const decision = (route: EffectiveRoute | undefined, plugins: JsonObject, refusal?: Refusal): Decision => ({
    method: request.method ?? 'GET',
    routeId: route?.id,
    websocket: route?.value.enable_websocket === true,
    noted: stage.noted === true,
    account: accountOf(matched, countsBy(route, plugins, global), learned, view),
    way: {},
    guard: parts.guard,
    headerFilter: (headers) => filterHeaders(stage, [global, plugins], headers),
    ...(refusal ? { refusal } : (modelsOf(matched?.entry, plugins) ?? upstreamOf(route, view))),
  });

  if (!matched) {
    const refusal = (await runPhase('rewrite', global, stage)) ?? (await runPhase('access', global, stage));
    return decision(undefined, {}, refusal ?? { status: 404, body: { error_msg: '404 Route Not Found' } });
  }

  const route = effective(matched.entry, view);
  if ('status' in route) return decision(undefined, {}, route);
  learned.route_id = route.id;
  learned.route_name = textAt(route.value, 'name');
  learned.service_id = textAt(route.value, 'service_id');

  const early = await runPhase('rewrite', global, stage);
  if (early) return decision(route, {}, early);
  if (route.value.script !== undefined) return decision(route, {}, await runPhase('access', global, stage));

  const refused = await runPhase('rewrite', route.plugins, stage);
  if (refused) return decision(route, route.plugins, refused);
  const plugins = { ...route.plugins, ...stage.consumerPlugins };
  const late =
    (await runPhase('rewrite', without(stage.consumerPlugins ?? {}, route.plugins), stage)) ??
    (await runPhase('access', global, stage)) ??
    (await runPhase('access', plugins, stage));
  return decision(route, plugins, late);
}

/** A plugin that stands in two global rules runs in neither (`merge_global_rules`). */
function globalPlugins(view: View): JsonObject {
  const merged: Record<string, Json> = {};
  const seen = new Set<string>();
  for (const { value } of view.list('global_rules')) {
    for (const [name, conf] of Object.entries(objectAt(value, 'plugins') ?? {})) {
      if (seen.has(name)) delete merged[name];
      else merged[name] = conf;
      seen.add(name);
    }
  }
  return merged;
}

/** Plugins on the route win over those of its plugin config, and these over the service's. */
function effective(entry: Entry, view: View): EffectiveRoute | Refusal {
  const route = entry.value;
  let holder = entry;
  let value = route;
  let plugins = objectAt(route, 'plugins') ?? {};
  if (route.plugin_config_id !== undefined) {
    const config = view.get('plugin_configs', String(route.plugin_config_id));
    if (!config) return { status: 503 };
    plugins = { ...objectAt(config.value, 'plugins'), ...plugins };
  }
  if (route.service_id !== undefined) {
    const service = view.get('services', String(route.service_id));
    if (!service) return { status: 404 };
    plugins = { ...objectAt(service.value, 'plugins'), ...plugins };
    const { upstream, upstream_id, script, enable_websocket } = service.value;
    const inherited = {
      ...(upstream === undefined || route.upstream_id !== undefined ? {} : { upstream }),
      ...(upstream_id === undefined || route.upstream !== undefined ? {} : { upstream_id }),
      ...(script === undefined ? {} : { script }),
      ...(enable_websocket === undefined ? {} : { enable_websocket }),
    };
    value = { ...inherited, ...route };
    if (route.upstream === undefined) holder = service;
  }
  return { id: String(route.id), value, plugins, holder };
}

/** A plugin on the route stands in for the same one among the global rules (`run_policy`: `prefer_route`). */
function countsBy(route: EffectiveRoute | undefined, plugins: JsonObject, global: JsonObject): JsonObject | undefined {
  const conf =
    objectAt(plugins, 'prometheus') ?? (route?.plugins.prometheus ? undefined : objectAt(global, 'prometheus'));
  return conf && at(conf, '_meta', 'disable') === true ? undefined : conf;
}

function accountOf(
  matched: Match | undefined,
  conf: JsonObject | undefined,
  { consumer_name: consumer = '' }: Learned,
  view: View,
): Decision['account'] {
  if (!conf) return undefined;
  if (!matched) return { route: '', uri: '', host: '', service: '', consumer };
  const { path: uri, host, entry } = matched;
  const { id, name, service_id: service = '' } = entry.value;
  const byName = conf.prefer_name === true;
  const called = byName ? view.get('services', String(service))?.value.name : undefined;
  return {
    route: String((byName ? name : undefined) ?? id),
    service: String(called ?? service),
    ...{ uri, host, consumer },
  };
}

function modelsOf(entry: Entry | undefined, plugins: JsonObject): Pick<Decision, 'models'> | undefined {
  const conf = objectAt(plugins, 'ai-proxy-multi');
  if (!entry || !conf || at(conf, '_meta', 'disable') === true) return undefined;
  return { models: { key: entry.key, version: entry.modifiedIndex, conf } };
}

function upstreamOf(route: EffectiveRoute | undefined, view: View): Pick<Decision, 'refusal' | 'upstream' | 'timeout'> {
  if (!route) return { refusal: { status: 503 } };
  const { upstream_id: id } = route.value;
  const shared = id === undefined ? undefined : view.get('upstreams', String(id));
  if (id !== undefined && !shared) return { refusal: { status: 502 } };
  const upstream = resourceOf(shared ?? route.holder);
  if (!upstream) return { refusal: { status: 503 } };
  return { upstream, timeout: objectAt(route.value, 'timeout') ?? objectAt(upstream.conf, 'timeout') };
}

const without = (plugins: JsonObject, taken: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(plugins).filter(([name]) => !Object.hasOwn(taken, name)));
