import { type Doc, docAt, isDoc, same } from './document';

/** Stands in every answer that Pullcord's cut gives, and in no other: by it a probe knows the cut. */
export const MARK = 'x-pullcord-severed';
export const REFUSED_STATUS = 503;

/** The `abort` of APISIX's fault-injection plugin, for both rungs. APISIX fills in `$route_id`. */
export const abort: Doc = {
  http_status: REFUSED_STATUS,
  headers: { 'content-type': 'application/json', [MARK]: '1', 'retry-after': '60' },
  body: JSON.stringify({
    error: {
      type: 'severed',
      code: 'pullcord_severed',
      message: 'Cut off by the emergency stop of this gateway. Retrying does not help: an operator has to restore it.',
      route: '$route_id',
    },
  }),
};

const refusal: Doc = { _meta: { disable: false }, abort };

/** Whether a fault-injection configuration is Pullcord's, even one that somebody has altered. */
export const isRefusal = (plugin: unknown): boolean =>
  isDoc(plugin) && docAt(docAt(plugin, 'abort'), 'headers')[MARK] !== undefined;

/** The route as it has to be so that it refuses everything. A script excludes plugins (APISIX's schema for routes). */
export function refusing(route: Doc): Doc {
  const { script: _script, ...rest } = route;
  return { ...rest, plugins: { ...docAt(route, 'plugins'), 'fault-injection': refusal } };
}

/** Whether the route refuses everything: nothing narrows the refusal, nothing runs in its place. */
export function refuses(route: Doc): boolean {
  return route.script === undefined && same(docAt(route, 'plugins')['fault-injection'], refusal);
}
