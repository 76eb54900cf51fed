import { CLAMP_ID } from '../cutters/apisix/clamp';
import { type Doc, docAt } from '../cutters/apisix/document';
import { listed, rewritten } from './cut-findings';
import type { Finding } from './finding';
import type { GatewayLook, Objects } from './gateway';
import { inWords, type Suspect, strangersAbort, suspectsIn } from './refusers';
import { type Asked, shown } from './subject';
import { pluginsOf, type Served } from './taking';

/** Plugins of the routes, and of global rules that are not Pullcord's, that may refuse by themselves. Pure. */
export function suspectsOf({ objects, taking }: GatewayLook): readonly Suspect[] {
  if ('why' in objects || !taking) return [];
  const all = [...foreign(objects), ...taking.routes.map((one) => plugins(one, objects))].flatMap(suspectsIn);
  return [...new Map(all.map((one) => [one.plugin, one])).values()];
}

/** Which route of a gateway takes the request, and whether it refuses by itself. Pure. */
export function routed(look: GatewayLook, asked: Asked): Finding {
  const { gateway, objects, taking, peeks } = look;
  const about = { layer: 'routes', name: gateway } as const;
  if ('why' in objects || !taking)
    return {
      ...{ ...about, verdict: 'unknown' },
      text: `The Admin API could not be read: ${'why' in objects ? objects.why : 'not asked'}`,
    };
  const { routes, off, perhapsNone } = taking;
  if (routes.length === 0)
    return none(
      gateway,
      asked,
      off,
      peeks.some(({ status }) => status !== undefined && status !== 404),
    );
  const evidence = { evidence: { routes: routes.map(({ route }) => route.id), ...offEvidence(off) } };
  const cut = rewritten(gateway, { routes, some: 'unknown' });
  if (cut) return cut;
  const aborting = aborts(routes, objects);
  if (aborting !== undefined)
    return {
      ...{ ...about, ...evidence, verdict: 'refuses' },
      text: `Somebody else's fault-injection at ${listed(routes)} aborts every request with ${aborting}.`,
      answer: `The gateway ${gateway} refuses: the plugin fault-injection, which is not Pullcord's, aborts every request with ${aborting}.`,
      todo: `Take fault-injection away from ${listed(routes)}, its service or the global rules: Pullcord did not put it there.`,
    };
  const suspects = suspectsOf(look);
  const may = suspects.length > 0 ? ` Plugins that may refuse by themselves: ${inWords(suspects)}.` : '';
  if (perhapsNone)
    return {
      ...{ ...about, ...evidence, verdict: 'unknown' },
      text: `${capital(listed(routes))} takes only some requests for it (vars, the client's address or a function): whether this one is not known.${may}`,
    };
  const which = routes.length === 1 ? `${capital(listed(routes))} takes it.` : `One of ${listed(routes)} takes it.`;
  return { ...about, ...evidence, verdict: 'passes', text: `${which}${may}` };
}

function none(gateway: string, asked: Asked, off: readonly Served[], contradicted: boolean): Finding {
  const what = shown({ kind: 'path', asked });
  const about = { layer: 'routes', name: gateway, evidence: { routes: [], ...offEvidence(off) } } as const;
  const text = `No route takes ${what}${off.length > 0 ? `: ${listed(off)} would, and is switched off (status 0)` : ''}.`;
  if (contradicted)
    return { ...about, verdict: 'unknown', text: `${text} And yet the gateway answers otherwise than 404.` };
  if (off.length > 0)
    return {
      ...{ ...about, verdict: 'refuses', text },
      answer: `The gateway ${gateway} refuses: ${listed(off)} is switched off (404 Route Not Found).`,
      todo: `Switch ${listed(off)} on in APISIX (status 1): Pullcord switches no route off.`,
    };
  return {
    ...{ ...about, verdict: 'refuses', text },
    answer: `The gateway ${gateway} refuses: none of its routes takes ${what} (404 Route Not Found).`,
    todo: 'Correct the path, the method or the host, or add a route in APISIX.',
  };
}

const offEvidence = (off: readonly Served[]) => (off.length > 0 ? { off: off.map(({ route }) => route.id) } : {});

const foreign = ({ rules }: Objects): readonly Doc[] =>
  rules.filter(({ id }) => id !== CLAMP_ID).map((rule) => docAt(rule, 'plugins'));

const plugins = (one: Served, { services, configs }: Objects): Doc => pluginsOf(one, services, configs);

function aborts(routes: readonly Served[], objects: Objects): number | undefined {
  const everywhere = foreign(objects)
    .map(strangersAbort)
    .find((status) => status !== undefined);
  if (everywhere !== undefined) return everywhere;
  const each = routes.map((one) => (one.doc.script === undefined ? strangersAbort(plugins(one, objects)) : undefined));
  return each.every((status) => status !== undefined) ? each[0] : undefined;
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
