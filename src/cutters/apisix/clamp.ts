import type { Leave } from '../cutter';
import { ENDERS, type Ender, enderPlugins, enderSwitches, LACK, type Streams, streamsOf } from './clamp-functions';
import type { AdminApi } from './client';
import { type Doc, docAt, isDoc, same, without } from './document';
import { type GatewayError, isGatewayError } from './fault';
import { abort } from './refusal';

/**
 * Rung one: a global rule that is armed ahead of time and names the routes that are cut. Sever and restore are one and
 * the same write of the whole set. While nothing is cut all of it is switched off but the note of what is open, so that
 * it costs next to nothing. Fails towards "cut": what stands in an unreadable rule is replaced, never released.
 */
export const CLAMP_ID = 'pullcord-clamp';
export const CLAMP_PATH = `global_rules/${CLAMP_ID}`;

/** Stands in the list when nothing is cut. No route can bear it: it would have to be made so on purpose. */
const NONE = '-none-';

const namesSome = (ids: Iterable<string>): boolean => [...ids].length > 0;

const varsOf = (ids: Iterable<string>): unknown => {
  const sorted = [...ids].sort();
  return [[['route_id', 'in', sorted.length > 0 ? sorted : [NONE]]]];
};

/** The rule that cuts these routes. @param enders what ends open streams, too. */
export function clampRule(ids: Iterable<string>, enders: readonly Ender[] = ENDERS): Doc {
  const isCutting = namesSome(ids);
  return {
    plugins: {
      'fault-injection': { _meta: { disable: !isCutting }, abort: { ...abort, vars: varsOf(ids) } },
      ...enderPlugins(enders, isCutting),
    },
  };
}

/** The ids that a rule names, as far as they can be read. */
export function idsOf(rule: Doc | undefined): ReadonlySet<string> {
  const vars = rule && docAt(docAt(docAt(rule, 'plugins'), 'fault-injection'), 'abort').vars;
  const named: unknown = [0, 0, 2].reduce<unknown>((value, at) => (Array.isArray(value) ? value[at] : undefined), vars);
  return new Set(Array.isArray(named) ? named.filter((id) => typeof id === 'string' && id !== NONE) : []);
}

/**
 * With what the rule ends open streams, if it is ours and of this version: all but the ids is as we write it. An older
 * version is not, so that it is written anew; what it cuts it goes on cutting until then.
 */
export function armedWith(rule: Doc | undefined): readonly Ender[] | undefined {
  if (!rule) return undefined;
  const enders = ENDERS.filter((ender) => docAt(rule, 'plugins')[ender] !== undefined);
  return same(without(rule, 'id', 'create_time', 'update_time'), clampRule(idsOf(rule), enders)) ? enders : undefined;
}

export type Arming =
  | { readonly armed: true; readonly streams: Streams; readonly enders: readonly Ender[]; readonly why?: string }
  | { readonly armed: false; readonly why: string };

/** As it is found in a gateway, or was written there. */
export const armed = (enders: readonly Ender[], lacks: readonly string[] = []): Arming => ({
  armed: true,
  streams: streamsOf(enders),
  enders,
  ...(lacks.length > 0 && { why: lacks.join('; ') }),
});

/**
 * Writes the whole rule, without those functions for open streams that APISIX refuses.
 * @throws GatewayError when the Admin API can't be used.
 */
export async function arm(
  api: AdminApi,
  ids: Iterable<string>,
  overtaken?: AbortSignal,
  leave?: Leave,
): Promise<Arming> {
  const named = [...ids];
  const lacks: string[] = [];
  for (let enders: readonly Ender[] = ENDERS; ; ) {
    try {
      await api.put(CLAMP_PATH, clampRule(named, enders), overtaken, leave);
      return armed(enders, lacks);
    } catch (error) {
      if (!isGatewayError(error, 'rejected')) throw error;
      const refused = enders.find((ender) => error.what.includes(ender));
      if (!refused) return { armed: false, why: whyNot(error) };
      lacks.push(`${LACK[refused]}: ${whyNot(error)}`);
      enders = enders.filter((ender) => ender !== refused);
    }
  }
}

/** The merge patch that brings the rule from whatever set it names to this one. @param enders those that it has. */
export function idsPatch(ids: Iterable<string>, enders: readonly Ender[] = ENDERS): Doc {
  const isCutting = namesSome(ids);
  const fault = { _meta: { disable: !isCutting }, abort: { vars: varsOf(ids) } };
  return { plugins: { 'fault-injection': fault, ...enderSwitches(enders, isCutting) } };
}

/** One write of the whole set. @throws GatewayError `not-found` when there is no rule. */
export const setIds = (
  api: AdminApi,
  ids: Iterable<string>,
  enders?: readonly Ender[],
  overtaken?: AbortSignal,
  leave?: Leave,
): Promise<void> => api.patch(CLAMP_PATH, idsPatch(ids, enders), overtaken, leave);

/** The rule as it stands; undefined when there is none. */
export async function readClamp(api: AdminApi, overtaken?: AbortSignal): Promise<Doc | undefined> {
  try {
    return await api.get(CLAMP_PATH, overtaken);
  } catch (error) {
    if (isGatewayError(error, 'not-found')) return undefined;
    throw error;
  }
}

export interface Obstacles {
  /** Why the rule can't be armed at all. */
  readonly rule?: string;
  /** Which open streams it would end. */
  readonly streams: Streams;
  /** Why not all of them as they should be. */
  readonly lacks: readonly string[];
}

/** Why APISIX would refuse the rule or a part of it, seen without writing. */
export function obstacles(enabled: readonly string[], rules: readonly Doc[]): Obstacles {
  const why = (plugin: string): string | undefined => {
    if (!enabled.includes(plugin)) return notEnabled(plugin);
    const other = rules.find((rule) => rule.id !== CLAMP_ID && isDoc(docAt(rule, 'plugins')[plugin]));
    return other && taken(plugin, String(other.id));
  };
  const rule = why('fault-injection');
  const lacks = ENDERS.flatMap((ender) => {
    const reason = why(ender);
    return reason === undefined ? [] : [`${LACK[ender]}: ${reason}`];
  });
  return { ...(rule && { rule }), streams: streamsOf(ENDERS.filter((ender) => why(ender) === undefined)), lacks };
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
