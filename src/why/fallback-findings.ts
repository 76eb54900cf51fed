import type { Config } from '../config/schema';
import type { Standing } from '../fallback/permit';
import type { Finding } from './finding';
import type { GatewayLook } from './gateway';
import type { Served } from './taking';

/** How a fallback stands; undefined: nobody knows. */
export type StandingOf = (fallback: string) => Standing | undefined;

/**
 * Fallbacks that the routes of a gateway may go over to. One that is kept out refuses nothing by itself: but when the
 * primary is down, what is asked then fails. Pure.
 */
export function fallbacksOf(
  look: Pick<GatewayLook, 'gateway' | 'objects'>,
  routes: readonly Served[],
  config: Pick<Config, 'fallbacks'>,
  standing: StandingOf,
): readonly Finding[] {
  const { gateway, objects } = look;
  if ('why' in objects) return [];
  const ids = new Set(routes.map(({ route }) => route.id));
  const upstreams = new Set(routes.map((one) => upstreamOf(one, objects.services)));
  return Object.entries(config.fallbacks)
    .filter(
      ([, { gateway: at, route, upstream }]) =>
        at === gateway && (ids.has(route ?? '') || upstreams.has(upstream ?? '')),
    )
    .map(([name]) => stands(name, gateway, standing(name)));
}

function upstreamOf({ doc }: Served, services: readonly Readonly<Record<string, unknown>>[]): string | undefined {
  const own =
    doc.upstream_id ??
    (doc.upstream === undefined
      ? services.find(({ id }) => String(id) === String(doc.service_id))?.upstream_id
      : undefined);
  return own === undefined ? undefined : String(own);
}

function stands(fallback: string, gateway: string, now: Standing | undefined): Finding {
  const about = { layer: 'fallback', name: gateway } as const;
  if (!now) return { ...about, verdict: 'unknown', text: `How the fallback ${fallback} stands is not known.` };
  const evidence = { evidence: { fallback, state: now.state, order: now.order } };
  switch (now.state) {
    case 'fallback':
      return { ...about, ...evidence, verdict: 'passes', text: `The fallback ${fallback} is permitted.` };
    case 'forbidden':
      return {
        ...{ ...about, ...evidence, verdict: 'passes' },
        text: `The fallback ${fallback} is kept out while ${now.forbiddenBy.join(', ')} is severed: if the primary is down, there is no other.`,
      };
    default:
      return {
        ...{ ...about, ...evidence, verdict: 'passes' },
        text: `The fallback ${fallback} is kept out: if the primary is down, the gateway answers 5xx. FALLBACK and a code permits it.`,
      };
  }
}
