import { chooses } from '../cutters/apisix/match';
import { virtualKeys } from '../cutters/litellm/keys';
import { clamped, guarded, listed, rewritten } from './cut-findings';
import { fallbacksOf } from './fallback-findings';
import type { Finding } from './finding';
import { type GatewayLook, lookAtScope } from './gateway';
import { answered } from './gateway-findings';
import { lookAtLedger } from './ledger';
import { latched } from './ledger-findings';
import { gatewaysOf, methodOf, type Parts } from './parts';
import type { Served } from './taking';

const MOST_KEYS = 10;

/** Who refuses what a scope holds. */
export async function ofScope(parts: Parts, name: string): Promise<readonly Finding[]> {
  const { config, paper, standing, now, limitMs } = parts;
  const scope = config.scopes[name];
  if (!scope) throw new Error(`there is no scope ${name}: the subject was not checked`);
  const [looks, ledger, blocked] = await Promise.all([
    Promise.all(gatewaysOf(parts).map((one) => lookAtScope(one, scope))),
    lookAtLedger(paper, limitMs),
    keysOf(parts, name),
  ]);
  const findings = looks.flatMap((look): Finding[] => {
    const { gateway, objects } = look;
    const routes = 'why' in objects ? [] : objects.all.filter(({ route }) => chooses(scope, route));
    const concerned = { routes: routes.filter(({ route }) => !route.off), some: 'refuses' } as const;
    return [
      answered(look),
      rewritten(gateway, concerned) ?? heldRoutes(look, routes),
      clamped(look, concerned, methodOf(parts, gateway)),
      ...guarded(look, concerned, true),
      ...fallbacksOf(look, routes, config, standing),
    ];
  });
  const holding = { scopes: new Set([name]), marked: false, unknown: '' };
  return [...findings, ...blocked, ...latched(ledger, holding, now())];
}

async function keysOf({ config, keys }: Parts, scope: string): Promise<readonly Finding[]> {
  const held = virtualKeys(config.cutters.litellm).filter(({ scopes }) => scopes.has(scope));
  if (held.length === 0) return [{ layer: 'litellm', verdict: 'skipped', text: 'No key belongs to it.' }];
  const found = await Promise.all(held.slice(0, MOST_KEYS).map(({ hash }) => keys.look(hash)));
  return found.flat();
}

function heldRoutes({ gateway, objects }: GatewayLook, routes: readonly Served[]): Finding {
  const about = { layer: 'routes', name: gateway } as const;
  if ('why' in objects)
    return { ...about, verdict: 'unknown', text: `The Admin API could not be read: ${objects.why}` };
  if (routes.length === 0) return { ...about, verdict: 'skipped', text: 'It holds no route here.' };
  const off = routes.filter(({ route }) => route.off);
  const evidence = { evidence: { routes: routes.length, off: off.map(({ route }) => route.id) } };
  const said = off.length > 0 ? ` Switched off: ${listed(off)}.` : '';
  return { ...about, ...evidence, verdict: 'passes', text: `It holds ${listed(routes)}.${said}` };
}
