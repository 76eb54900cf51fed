import type { z } from 'zod';
import { DRILL_SCOPE } from '../orders/drill';
import type { FallbackConfig } from './fallback';

interface Named {
  readonly tripwire?: unknown;
  readonly scopes: Readonly<Record<string, unknown>>;
  readonly fallbacks: Readonly<Record<string, FallbackConfig>>;
  readonly gateways: Readonly<Record<string, { readonly controlUrl?: unknown; readonly guard?: unknown }>>;
}

/** What fallbacks name has to be there. */
export function checkFallbacks({ scopes, fallbacks, gateways, tripwire }: Named, ctx: z.RefinementCtx): void {
  for (const [name, fallback] of Object.entries(fallbacks)) {
    const fault = (path: readonly (string | number)[], message: string): void =>
      ctx.addIssue({ code: 'custom', path: ['fallbacks', name, ...path], message });
    const known = (scope: string, path: readonly (string | number)[]): void => {
      if (!Object.hasOwn(scopes, scope)) fault(path, `no such scope; there are: ${Object.keys(scopes).join(', ')}`);
    };
    for (const limit of ['maxUsd', 'ceilings'] as const)
      if (fallback[limit] !== undefined && tripwire === undefined)
        fault([limit], 'nobody counts what is spent: configure tripwire, too');
    if (fallback.deployments.length > 0 && tripwire === undefined)
      fault(['deployments'], 'where LiteLLM is, is not known: configure tripwire.litellm, too');
    if (name === DRILL_SCOPE) fault([], 'this name is reserved for drills (pullcord drill); take another one');
    fallback.scopes?.forEach((scope, i) => known(scope, ['scopes', i]));
    if (fallback.severs !== undefined) known(fallback.severs, ['severs']);
    const gateway = Object.hasOwn(gateways, fallback.gateway) ? gateways[fallback.gateway] : undefined;
    if (!gateway) fault(['gateway'], `no such gateway; there are: ${Object.keys(gateways).join(', ')}`);
    else if (gateway.controlUrl === undefined && gateway.guard === undefined)
      fault(
        ['gateway'],
        `set gateways.${fallback.gateway}.controlUrl: without the Control API nobody sees where the gateway sends requests`,
      );
  }
}
