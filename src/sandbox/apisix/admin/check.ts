import { type Json, type JsonObject, objectAt, textAt } from '../json';
import type { Store } from '../store';
import { type Kind, ROOT } from './kinds';
import { expressionFault, PLUGINS, pluginsFault } from './plugins';
import { fault } from './validator';

/** The last look at an object before it is stored: the first fault as the `error_msg` of a 400, or undefined. */
export function confFault(
  kind: Kind,
  id: string | undefined,
  conf: JsonObject,
  store: Store | undefined,
): string | undefined {
  if (kind.segment === 'plugin_metadata') return PLUGINS[id ?? ''] ? undefined : 'invalid plugin name';
  if (conf.host && conf.hosts) return 'only one of host or hosts is allowed';
  if (conf.remote_addr && conf.remote_addrs) return 'only one of remote_addr or remote_addrs is allowed';

  const schema = fault(kind.schema, conf);
  if (schema !== undefined) return `invalid configuration: ${schema}`;
  if (kind.segment === 'consumers' && id !== undefined && id !== conf.username) return 'wrong username';
  return (
    upstreamFault(kind.segment === 'upstreams' ? conf : (objectAt(conf, 'upstream') ?? {})) ??
    (store ? referenceFault(conf, store) : undefined) ??
    pluginFault(kind, conf) ??
    (store && kind.segment === 'global_rules' ? conflict(conf, store) : undefined) ??
    varsFault(conf)
  );
}

function upstreamFault(upstream: JsonObject): string | undefined {
  for (const address of Object.keys(objectAt(upstream, 'nodes') ?? {})) {
    const port = Number(/:(\d+)$/.exec(address)?.[1] ?? 80);
    if (port < 1 || port > 65535) return `invalid port ${port}`;
  }
  if (upstream.pass_host === 'rewrite' && !upstream.upstream_host)
    return "`upstream_host` can't be empty when `pass_host` is `rewrite`";
  return upstream.type === 'chash' && upstream.hash_on !== 'consumer' && !upstream.key ? 'missing key' : undefined;
}

const REFERENCES = [
  { field: 'upstream_id', segment: 'upstreams', label: 'upstream' },
  { field: 'service_id', segment: 'services', label: 'service' },
  { field: 'plugin_config_id', segment: 'plugin_configs', label: 'plugin config' },
  { field: 'group_id', segment: 'consumer_groups', label: 'consumer group' },
] as const;

function referenceFault(conf: JsonObject, store: Store): string | undefined {
  for (const { field, segment, label } of REFERENCES) {
    const id = conf[field];
    if (id !== undefined && !store.get(`${ROOT}/${segment}/${id}`))
      return `failed to fetch ${label} info by ${label} id [${id}], response code: 404`;
  }
  return undefined;
}

function pluginFault(kind: Kind, conf: JsonObject): string | undefined {
  const plugins = objectAt(conf, 'plugins');
  const reason = plugins && pluginsFault(plugins, kind.ofConsumer ?? false);
  if (reason !== undefined) return kind.ofConsumer ? `invalid plugins configuration: ${reason}` : reason;
  if (kind.segment === 'credentials' && Object.keys(plugins ?? {}).some((name) => !PLUGINS[name]?.auth))
    return 'only supports auth type plugins in consumer credential';
  return undefined;
}

/** A plugin may stand in one global rule alone. */
function conflict(conf: JsonObject, store: Store): string | undefined {
  for (const { value } of store.list(`${ROOT}/global_rules/`)) {
    if (value.id === conf.id) continue;
    const both = Object.keys(objectAt(conf, 'plugins') ?? {}).find((name) => objectAt(value, 'plugins', name));
    if (both !== undefined) return `plugin '${both}' already exists in global rule with id '${textAt(value, 'id')}'`;
  }
  return undefined;
}

function varsFault(conf: JsonObject): string | undefined {
  const reason = conf.vars === undefined ? undefined : expressionFault(conf.vars);
  return reason === undefined ? undefined : `failed to validate the 'vars' expression: ${reason}`;
}

/** `create_time` and `update_time` belong to the gateway: nobody sets them but by PATCH. */
export function forbiddenTime(conf: JsonObject): string | undefined {
  const places: readonly [string, Json | undefined][] = [
    ['', conf],
    ['upstream.', conf.upstream],
    ['plugins.', conf.plugins],
  ];
  for (const [place, holder] of places) {
    for (const time of ['create_time', 'update_time']) {
      if (typeof holder === 'object' && holder !== null && Object.hasOwn(holder, time))
        return `the property is forbidden:  ${place}${time}`;
    }
  }
  return undefined;
}
