import { clamped, guarded } from './cut-findings';
import { fallbacksOf } from './fallback-findings';
import type { Finding } from './finding';
import { type GatewayLook, type GatewayOptions, lookAtPath } from './gateway';
import { answered } from './gateway-findings';
import { lookAtLedger } from './ledger';
import { type Holding, latched } from './ledger-findings';
import { gatewaysOf, holders, methodOf, type Parts } from './parts';
import { routed, suspectsOf } from './route-findings';
import type { Asked } from './subject';

/** Who refuses a request to a gateway. */
export async function ofPath(parts: Parts, asked: Asked): Promise<readonly Finding[]> {
  const { config, paper, standing, now, limitMs } = parts;
  const [looks, ledger] = await Promise.all([
    Promise.all(reachedBy(gatewaysOf(parts), asked).map((one) => lookAtPath(one, asked))),
    lookAtLedger(paper, limitMs),
  ]);
  const taken = looks.some(({ taking }) => (taking?.routes.length ?? 0) > 0);
  const findings = looks.flatMap((look): Finding[] => {
    const { gateway, taking } = look;
    const routes = taking?.routes ?? [];
    const concerned = { routes, some: 'unknown' } as const;
    // Each gateway serves what it serves: what another one takes is not refused here.
    const isElsewhere = taken && taking !== undefined && routes.length === 0;
    const ways = [answered(look, suspectsOf(look)), routed(look, asked)];
    return [
      ...(isElsewhere ? ways.map((one): Finding => ({ ...bare(one), verdict: 'skipped' })) : ways),
      clamped(look, concerned, methodOf(parts, gateway)),
      ...guarded(look, concerned, holders(parts, routes).length > 0),
      ...fallbacksOf(look, routes, config, standing),
    ];
  });
  return [
    ...findings,
    { layer: 'litellm', verdict: 'skipped', text: 'No key was told: ask by the key, too.' },
    ...latched(ledger, holdingOf(looks, parts), now()),
  ];
}

const bare = ({ layer, name = '', text, evidence = {} }: Finding) => ({ layer, name, text, evidence });

/** Which gateways a request goes to: those whose address it names, or any. */
function reachedBy(gateways: readonly GatewayOptions[], { host }: Asked): readonly GatewayOptions[] {
  const named = gateways.filter(({ config }) => config.gatewayUrls.some((url) => new URL(url).hostname === host));
  return named.length > 0 ? named : gateways;
}

/** The scopes that hold what takes the request; undefined where a gateway could not be read. */
function holdingOf(looks: readonly GatewayLook[], parts: Parts): Holding {
  const marked = looks.some(({ peeks }) => peeks.some((one) => one.marked === true));
  const isWhole = looks.every(({ taking }) => taking !== undefined);
  const scopes = new Set(looks.flatMap(({ taking }) => holders(parts, taking?.routes ?? [])));
  // What takes it at a gateway that could not be read may be held by others.
  const read = isWhole || scopes.size > 0;
  return { scopes: read ? scopes : undefined, marked, unknown: 'Whether they hold this path could not be read.' };
}
