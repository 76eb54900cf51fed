import { type Doc, docAt, same, without } from '../../../src/cutters/apisix/document';
import { MARK } from '../../../src/cutters/apisix/refusal';

/** All objects of a gateway, by path. They are never changed, but replaced. */
export type Objects = ReadonlyMap<string, Doc>;

/** What becomes of the traffic of one route. */
export interface Standing {
  readonly id: string;
  readonly uri: string;
  /** Pullcord's refusal holds it, by the rule or in the route itself. */
  readonly cut: boolean;
  /** Switched off: nothing gets through either. */
  readonly off: boolean;
}

const known = new WeakMap<Objects, ReadonlyMap<string, Standing>>();

/** By route: worked out of what stands in the objects, by nothing of Pullcord's but its mark. */
export function standings(objects: Objects): ReadonlyMap<string, Standing> {
  const before = known.get(objects);
  if (before) return before;
  const worked = new Map<string, Standing>();
  for (const [path, route] of objects) {
    if (!path.startsWith('routes/')) continue;
    const id = String(route.id);
    const cut = clamps(objects, id) || refusesItself(route);
    worked.set(id, { id, uri: String(route.uri), cut, off: route.status === 0 });
  }
  known.set(objects, worked);
  return worked;
}

function clamps(objects: Objects, id: string): boolean {
  return [...objects].some(([path, rule]) => {
    const fault = docAt(docAt(rule, 'plugins'), 'fault-injection');
    if (!path.startsWith('global_rules/') || docAt(fault, '_meta').disable === true) return false;
    return bears(fault) && applies(docAt(fault, 'abort').vars, id);
  });
}

function refusesItself(route: Doc): boolean {
  const fault = docAt(docAt(route, 'plugins'), 'fault-injection');
  if (route.script !== undefined || docAt(fault, '_meta').disable === true) return false;
  return bears(fault) && docAt(fault, 'abort').vars === undefined;
}

const bears = (fault: Doc): boolean => docAt(docAt(fault, 'abort'), 'headers')[MARK] !== undefined;

/** Of APISIX's expressions the one that Pullcord writes. */
function applies(vars: unknown, id: string): boolean {
  if (vars === undefined) return true;
  const [name, operator, ids] = ((vars as unknown[][][])[0]?.[0] ?? []) as [string, string, readonly string[]];
  return name === 'route_id' && operator === 'in' && ids.includes(id);
}

/** Whether two objects differ, APISIX's own timestamps aside. */
export const differs = (a: Doc | undefined, b: Doc | undefined): boolean =>
  !(a === b || (a && b && same(without(a, 'update_time', 'create_time'), without(b, 'update_time', 'create_time'))));
