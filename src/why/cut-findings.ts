import type { GatewayConfig } from '../config/schema';
import { CLAMP_ID, idsOf } from '../cutters/apisix/clamp';
import { docAt } from '../cutters/apisix/document';
import type { GuardFacts } from '../cutters/apisix/guard/inspect';
import type { Finding } from './finding';
import type { GatewayLook } from './gateway';
import { nameOf, type Served } from './taking';

/** The routes that a question is about, at one gateway. */
export interface Concerned {
  readonly routes: readonly Served[];
  /** Where only some of them are cut: of a path one takes it, and which is not known; of a scope some are refused. */
  readonly some: 'unknown' | 'refuses';
}

const NOT_READ = 'The Admin API could not be read, so what it names is not known.';

/** Whether the clamp names the routes. Pure. */
export function clamped(
  { gateway, objects }: GatewayLook,
  concerned: Concerned,
  method: GatewayConfig['method'],
): Finding {
  const about = { layer: 'clamp', name: gateway } as const;
  if ('why' in objects) return { ...about, verdict: 'unknown', text: NOT_READ };
  const rule = objects.rules.find(({ id }) => id === CLAMP_ID);
  if (!rule) {
    const why = method === 'rewrite' ? 'method is rewrite' : 'there is no such rule';
    return { ...about, verdict: method === 'rewrite' ? 'skipped' : 'passes', text: `Nothing is cut by it: ${why}.` };
  }
  if (concerned.routes.length === 0) return { ...about, verdict: 'skipped', text: 'No route to look for.' };
  const isOff = docAt(docAt(docAt(rule, 'plugins'), 'fault-injection'), '_meta').disable === true;
  const ids = idsOf(rule);
  const finding = named(about, 'The clamp', gateway, ids, concerned);
  if (!isOff || finding.verdict === 'passes') return finding;
  return { ...about, verdict: 'unknown', text: `${finding.text} But somebody has switched the rule off.` };
}

/** Whether the guards of the gateway's nodes hold the routes. Pure. */
export function guarded(
  { gateway, guards, objects }: GatewayLook,
  concerned: Concerned,
  isScoped: boolean,
): readonly Finding[] {
  const about = { layer: 'guard', name: gateway } as const;
  if (guards.length === 0) return [{ ...about, verdict: 'skipped', text: 'None is configured.' }];
  return guards.map((facts): Finding => {
    if ('why' in facts) return { ...about, verdict: 'unknown', text: `${facts.why}` };
    if ('why' in objects && facts.state.ids.length > 0)
      return {
        ...about,
        verdict: 'unknown',
        text: `${facts.url} refuses ${facts.state.ids.length} routes; which, could not be compared.`,
      };
    return (
      closed(facts, gateway, isScoped) ??
      named(about, `The guard at ${facts.url}`, gateway, new Set(facts.state.ids), concerned)
    );
  });
}

/** A guard that has heard nothing for its lease refuses what any scope holds. */
function closed(
  facts: Extract<GuardFacts, { state: unknown }>,
  gateway: string,
  isScoped: boolean,
): Finding | undefined {
  if (!facts.state.lease_over || !isScoped) return undefined;
  return {
    ...{ layer: 'guard', name: gateway, verdict: 'refuses' },
    text: `${facts.url} has heard nothing from Pullcord for its lease, and fails closed.`,
    answer: `The guard at ${facts.url} refuses: it has heard nothing from Pullcord for its lease, and is set to fail closed.`,
    todo: 'Look after Pullcord and its way to the Control API: the guard opens when it hears of it again.',
  };
}

/** Whether Pullcord has rewritten the routes so that they refuse. Undefined: none bears its refusal. Pure. */
export function rewritten(gateway: string, { routes, some }: Concerned): Finding | undefined {
  const marked = routes.filter(({ route }) => route.marked);
  if (marked.length === 0) return undefined;
  const about = { layer: 'routes', name: gateway, evidence: { routes: marked.map(({ route }) => route.id) } } as const;
  const which = listed(marked);
  const whole = marked.length === routes.length && marked.every(({ route }) => route.refuses);
  if (!whole && some === 'unknown')
    return { ...about, verdict: 'unknown', text: `Pullcord has rewritten ${which}; whether that holds is in doubt.` };
  return {
    ...{ ...about, verdict: 'refuses', cut: true },
    text: `Pullcord has rewritten ${which} so that it refuses everything.`,
    answer: `Pullcord refuses: it has rewritten ${which} of gateway ${gateway}.`,
    todo: GIVE_BACK,
  };
}

const GIVE_BACK = 'An operator gives it back: RESTORE, the scope and a fresh code.';

function named(
  about: Pick<Finding, 'layer' | 'name'>,
  who: string,
  gateway: string,
  ids: ReadonlySet<string>,
  { routes, some }: Concerned,
): Finding {
  const hit = routes.filter(({ route }) => ids.has(route.id));
  const evidence = { evidence: { names: ids.size, routes: hit.map(({ route }) => route.id) } };
  if (hit.length === 0) {
    const others = ids.size === 0 ? 'no route' : `${ids.size} other route${ids.size === 1 ? '' : 's'}, and not this`;
    return { ...about, ...evidence, verdict: 'passes', text: `${who} names ${others}.` };
  }
  const which = listed(hit);
  if (hit.length < routes.length && some === 'unknown')
    return {
      ...about,
      ...evidence,
      verdict: 'unknown',
      text: `${who} names ${which}, and not the others that may take it.`,
    };
  const of = hit.length < routes.length ? ` (${hit.length} of ${routes.length})` : '';
  return {
    ...{ ...about, ...evidence, verdict: 'refuses', cut: true },
    text: `${who} names ${which}${of}.`,
    answer: `Pullcord refuses: ${who.charAt(0).toLowerCase()}${who.slice(1)} names ${which} of gateway ${gateway}.`,
    todo: GIVE_BACK,
  };
}

const SHOWN = 5;

/** The first of them, for a sentence. */
export function listed(routes: readonly Served[]): string {
  const names = routes.slice(0, SHOWN).map(nameOf);
  const more = routes.length > SHOWN ? ` and ${routes.length - SHOWN} more` : '';
  return `route${routes.length === 1 ? '' : 's'} ${names.join(', ')}${more}`;
}
