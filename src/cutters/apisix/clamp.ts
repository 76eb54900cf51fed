import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AdminApi } from './client';
import { type Doc, docAt, isDoc, same, without } from './document';
import { type GatewayError, isGatewayError } from './fault';
import { abort } from './refusal';

/**
 * Rung one: a global rule that is armed ahead of time and names the routes that are cut. Sever and restore are one and
 * the same write of the whole set. Fails towards "cut": what stands in an unreadable rule is replaced, never released.
 */
const CLAMP_ID = 'pullcord-clamp';
export const CLAMP_PATH = `global_rules/${CLAMP_ID}`;
const VARS_PATH = `${CLAMP_PATH}/plugins/fault-injection/abort/vars`;

/** Stands in the list when nothing is cut. No route can bear it: it would have to be made so on purpose. */
const NONE = '-none-';
const STREAMS_PLUGIN = 'serverless-post-function';

const streamEnder: Doc = {
  phase: 'body_filter',
  functions: [readFileSync(join(__dirname, 'clamp.lua'), 'utf8')],
};

const varsOf = (ids: Iterable<string>): unknown => {
  const sorted = [...ids].sort();
  return [[['route_id', 'in', sorted.length > 0 ? sorted : [NONE]]]];
};

/** The rule that cuts these routes. @param streams whether it ends open streams, too. */
export function clampRule(ids: Iterable<string>, streams = true): Doc {
  return {
    plugins: {
      'fault-injection': { abort: { ...abort, vars: varsOf(ids) } },
      ...(streams ? { [STREAMS_PLUGIN]: streamEnder } : {}),
    },
  };
}

/** The ids that a rule names, as far as they can be read. */
export function idsOf(rule: Doc | undefined): ReadonlySet<string> {
  const vars = rule && docAt(docAt(docAt(rule, 'plugins'), 'fault-injection'), 'abort').vars;
  const named: unknown = [0, 0, 2].reduce<unknown>((value, at) => (Array.isArray(value) ? value[at] : undefined), vars);
  return new Set(Array.isArray(named) ? named.filter((id) => typeof id === 'string' && id !== NONE) : []);
}

/** Whether the rule is ours and of this version: all but the ids is as we write it. */
export function isArmed(rule: Doc | undefined): 'armed' | 'without-streams' | false {
  if (!rule) return false;
  const bare = without(rule, 'id', 'create_time', 'update_time');
  const ids = idsOf(rule);
  if (same(bare, clampRule(ids))) return 'armed';
  return same(bare, clampRule(ids, false)) && 'without-streams';
}

export type Arming =
  | { readonly armed: true; readonly endsStreams: boolean; readonly why?: string }
  | { readonly armed: false; readonly why: string };

/**
 * Writes the whole rule. Without the function that ends open streams where APISIX refuses that one.
 * @throws GatewayError when the Admin API can't be used.
 */
export async function arm(api: AdminApi, ids: Iterable<string>, overtaken?: AbortSignal): Promise<Arming> {
  const named = [...ids];
  try {
    await api.put(CLAMP_PATH, clampRule(named), overtaken);
    return { armed: true, endsStreams: true };
  } catch (error) {
    if (!isGatewayError(error, 'rejected')) throw error;
    if (!error.what.includes(STREAMS_PLUGIN)) return { armed: false, why: whyNot(error) };
    try {
      await api.put(CLAMP_PATH, clampRule(named, false), overtaken);
      return { armed: true, endsStreams: false, why: `open streams are not ended: ${whyNot(error)}` };
    } catch (second) {
      if (!isGatewayError(second, 'rejected')) throw second;
      return { armed: false, why: whyNot(second) };
    }
  }
}

/** One write of the whole set. @throws GatewayError `not-found` when there is no rule. */
export const setIds = (api: AdminApi, ids: Iterable<string>, overtaken?: AbortSignal): Promise<void> =>
  api.patch(VARS_PATH, varsOf(ids), overtaken);

/** The rule as it stands; undefined when there is none. */
export async function readClamp(api: AdminApi, overtaken?: AbortSignal): Promise<Doc | undefined> {
  try {
    return await api.get(CLAMP_PATH, overtaken);
  } catch (error) {
    if (isGatewayError(error, 'not-found')) return undefined;
    throw error;
  }
}

/** Why APISIX would refuse the rule or its stream ender, seen without writing. */
export function obstacles(
  enabled: readonly string[],
  rules: readonly Doc[],
): { readonly rule?: string; readonly streams?: string } {
  const why = (plugin: string): string | undefined => {
    if (!enabled.includes(plugin)) return notEnabled(plugin);
    const other = rules.find((rule) => rule.id !== CLAMP_ID && isDoc(docAt(rule, 'plugins')[plugin]));
    return other && taken(plugin, String(other.id));
  };
  const rule = why('fault-injection');
  const streams = why(STREAMS_PLUGIN);
  return { ...(rule && { rule }), ...(streams && { streams }) };
}

const notEnabled = (plugin: string): string =>
  `the plugin ${plugin} is not enabled: add it to plugins in config.yaml of APISIX and reload`;
const taken = (plugin: string, rule: string): string =>
  `global rule ${rule} uses ${plugin}, too, and APISIX allows it in one rule only: move it to the routes or services that need it, then remove it from ${rule}`;

function whyNot(error: GatewayError): string {
  const conflict = /plugin '([^']+)' already exists in global rule with id '([^']+)'/.exec(error.what);
  if (conflict?.[1] && conflict[2]) return taken(conflict[1], conflict[2]);
  const unknown = /unknown plugin \[([^\]]+)\]/.exec(error.what);
  return unknown?.[1] ? notEnabled(unknown[1]) : error.message;
}
