import { at, isList, type JsonObject, listAt, objectAt, textsAt } from '../json';
import type { View } from './view';

/**
 * What the clamp's functions in Lua go by. The sandbox runs no Lua; it does what they do, as a real gateway was seen to,
 * wherever a global rule holds both `fault-injection` with `abort.vars` that name routes and one of the functions. Like
 * them it looks at the rule as it is now. What a constant in their text says is taken from the text.
 */
export type Ender = 'serverless-pre-function' | 'serverless-post-function';

/** The text of the function that ends open responses of the route, if there is one and it is switched on. */
export function enderOf(view: View, ender: Ender, routeId: string | undefined): string | undefined {
  if (routeId === undefined) return undefined;
  const phase = ender === 'serverless-pre-function' ? 'rewrite' : 'body_filter';
  for (const { value: rule } of view.list('global_rules')) {
    const conf = objectAt(rule, 'plugins', ender);
    if (conf?.phase === phase && isOn(conf) && names(rule, routeId)) return functionOf(conf);
  }
  return undefined;
}

/** Whether this function notes what is open, so that it can be ended while it sends nothing. */
export const notes = (conf: JsonObject): boolean =>
  conf.phase === 'rewrite' && /^-- pullcord clamp \d+\n/.test(functionOf(conf));

/** A number that stands in the text as `local NAME = 1.5`. */
export function constantOf(source: string, name: string): number {
  const found = Number(new RegExp(`^local ${name} = ([\\d.]+)$`, 'm').exec(source)?.[1]);
  if (Number.isNaN(found)) throw new Error(`the function says no ${name}`);
  return found;
}

const functionOf = (conf: JsonObject): string => textsAt(conf, 'functions')?.[0] ?? '';
const isOn = (conf: JsonObject): boolean => at(conf, '_meta', 'disable') !== true;

/** Looks where the functions look, at the first test of the first expression: `[["route_id", "in", [ids]]]`. */
function names(rule: JsonObject, routeId: string): boolean {
  const fault = objectAt(rule, 'plugins', 'fault-injection');
  const [variable, operator, ids] = listAt(rule, 'plugins', 'fault-injection', 'abort', 'vars', 0, 0) ?? [];
  return (
    fault !== undefined &&
    isOn(fault) &&
    variable === 'route_id' &&
    operator === 'in' &&
    isList(ids) &&
    ids.includes(routeId)
  );
}
