import type { IncomingMessage } from 'node:http';
import { PLUGINS } from '../admin/plugins';
import { parseExpression, type Variables } from '../expression';
import { at, isList, isObject, type Json, type JsonObject, listAt, numberAt, objectAt, textAt, textsAt } from '../json';
import { canaryAnswer } from './canary';
import { notes } from './clamp';
import { findConsumer } from './consumers';
import type { SandboxGuard } from './guard';
import { headerOf, type Learned, resolveVariables } from './variables';
import type { View } from './view';

/** How a plugin ends a request. A body that is no text is sent as JSON; none at all is nginx's own page. */
export interface Refusal {
  readonly status: number;
  readonly body?: Json;
  /** Events instead of a body, each after a pause. */
  readonly stream?: {
    readonly headers: Readonly<Record<string, string>>;
    readonly pauseMs: number;
    readonly events: number;
  };
}

/** A request on its way through the phases. */
export interface Stage {
  readonly request: IncomingMessage;
  readonly variables: Variables;
  readonly learned: Learned;
  readonly view: View;
  /** Set by plugins, for whatever response comes. */
  readonly headers: Record<string, string>;
  readonly sleep: (ms: number) => Promise<void>;
  readonly random: () => number;
  readonly guard: SandboxGuard;
  /** The clamp's function noted the request: it can be ended while it sends nothing. */
  noted?: true;
  /** What the consumer's own plugins add, once it is known. */
  consumerPlugins?: JsonObject;
}

export type Phase = 'rewrite' | 'access';
type Step = (conf: JsonObject, stage: Stage) => Refusal | undefined | Promise<Refusal | undefined>;

/** The plugins that the sandbox runs. The others are stored and do nothing; of functions in Lua it knows its own two. */
const RUN: Readonly<Record<string, Readonly<Partial<Record<Phase, Step>>>>> = {
  'fault-injection': { rewrite: injectFault },
  'pullcord-guard': { rewrite: refuseForGuard },
  'serverless-pre-function': { rewrite: note, access: canaryAnswer },
  'key-auth': { rewrite: keyAuth },
  'consumer-restriction': { access: restrictConsumer },
};

/** Runs a phase of a set of plugins until one of them ends the request. */
export async function runPhase(phase: Phase, plugins: JsonObject, stage: Stage): Promise<Refusal | undefined> {
  for (const [name, conf] of inOrder(plugins)) {
    const step = RUN[name]?.[phase];
    if (!step || !passesFilter(conf, stage)) continue;
    const refusal = await step(conf, stage);
    if (!refusal) continue;
    const override = at(conf, '_meta', 'error_response');
    return refusal.status >= 400 && override !== undefined ? { ...refusal, body: override } : refusal;
  }
  return undefined;
}

/** Changes the headers of a response that is about to be sent, as the phase `header_filter` does. */
export function filterHeaders(
  stage: Stage,
  sets: readonly JsonObject[],
  headers: Record<string, string | string[]>,
): void {
  Object.assign(headers, stage.headers);
  for (const plugins of sets) {
    const rewrite = objectAt(plugins, 'response-rewrite');
    if (!rewrite || isDisabled(rewrite) || !passesFilter(rewrite, stage)) continue;
    const set = objectAt(rewrite, 'headers', 'set') ?? {};
    for (const [name, value] of Object.entries(set))
      headers[name.toLowerCase()] = resolveVariables(String(value), stage.variables);
    for (const line of textsAt(rewrite, 'headers', 'add') ?? []) {
      const [name = '', ...value] = line.split(':');
      headers[name.trim().toLowerCase()] = resolveVariables(value.join(':').trim(), stage.variables);
    }
    for (const name of textsAt(rewrite, 'headers', 'remove') ?? []) delete headers[name.toLowerCase()];
  }
}

const isDisabled = (conf: JsonObject): boolean => at(conf, '_meta', 'disable') === true;

/** By falling priority, `_meta.priority` before the plugin's own; those that are switched off are left out. */
function inOrder(plugins: JsonObject): readonly (readonly [string, JsonObject])[] {
  const priority = ([name, conf]: readonly [string, JsonObject]): number =>
    numberAt(conf, '_meta', 'priority') ?? PLUGINS[name]?.priority ?? 0;
  return Object.entries(plugins)
    .flatMap(([name, conf]) => (isObject(conf) && !isDisabled(conf) ? [[name, conf] as const] : []))
    .sort((a, b) => priority(b) - priority(a));
}

function passesFilter(conf: JsonObject, { variables }: Stage): boolean {
  const filter = at(conf, '_meta', 'filter');
  if (!isList(filter)) return true;
  const parsed = parseExpression(filter);
  return !('expression' in parsed) || parsed.expression(variables);
}

async function injectFault(conf: JsonObject, stage: Stage): Promise<Refusal | undefined> {
  const [abort, delay] = [objectAt(conf, 'abort'), objectAt(conf, 'delay')];
  if (delay && hits(delay, stage)) await stage.sleep((numberAt(delay, 'duration') ?? 0) * 1000);
  if (!abort || !hits(abort, stage)) return undefined;
  for (const [name, value] of Object.entries(objectAt(abort, 'headers') ?? {}))
    stage.headers[name.toLowerCase()] = resolveVariables(String(value), stage.variables);
  const body = textAt(abort, 'body');
  const status = numberAt(abort, 'http_status') ?? 500;
  return body === undefined ? { status } : { status, body: resolveVariables(body, stage.variables) };
}

function refuseForGuard(_: JsonObject, { guard, learned, headers }: Stage): Refusal | undefined {
  const refusal = guard.refuse(learned.route_id);
  if (!refusal) return undefined;
  Object.assign(headers, refusal.headers);
  return { status: 503, body: refusal.body };
}

function note(conf: JsonObject, stage: Stage): undefined {
  if (notes(conf)) stage.noted = true;
}

function hits(part: JsonObject, { variables, random }: Stage): boolean {
  const rules = listAt(part, 'vars');
  const percentage = numberAt(part, 'percentage');
  if (percentage !== undefined && Math.floor(random() * 100) + 1 > percentage) return false;
  return !rules || rules.some((rule) => isList(rule) && matches(rule, variables));
}

function matches(rule: readonly Json[], variables: Variables): boolean {
  const parsed = parseExpression(rule);
  return 'expression' in parsed && parsed.expression(variables);
}

function keyAuth(conf: JsonObject, stage: Stage): Refusal | undefined {
  const header = textAt(conf, 'header') ?? 'apikey';
  const key =
    headerOf(stage.request, header.toLowerCase()) ?? stage.variables(`arg_${textAt(conf, 'query') ?? 'apikey'}`);
  const consumer = key === undefined ? undefined : findConsumer(stage.view, 'key-auth', 'key', key);
  if (!consumer) {
    stage.headers['www-authenticate'] = `apikey realm="${textAt(conf, 'realm') ?? 'key'}"`;
    const message = key === undefined ? 'Missing API key in request' : 'Invalid API key in request';
    return { status: 401, body: { message } };
  }
  stage.learned.consumer_name = consumer.name;
  stage.request.headers['x-consumer-username'] = consumer.name;
  stage.learned.consumer_group_id = consumer.groupId;
  stage.consumerPlugins = consumer.plugins;
  return undefined;
}

function restrictConsumer(conf: JsonObject, { variables }: Stage): Refusal | undefined {
  const type = textAt(conf, 'type') ?? 'consumer_name';
  const value = variables(type);
  if (value === undefined)
    return { status: 401, body: { message: `The request is rejected, please check the ${type} for this request` } };
  const [black, white] = [textsAt(conf, 'blacklist') ?? [], textsAt(conf, 'whitelist') ?? []];
  if (!black.includes(value) && (white.length === 0 || white.includes(value))) return undefined;
  const message = textAt(conf, 'rejected_msg') ?? `The ${type} is forbidden.`;
  return { status: numberAt(conf, 'rejected_code') ?? 403, body: { message } };
}
