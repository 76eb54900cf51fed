import type { GatewayConfig } from '../../config/schema';
import type { GatewayFacts, ScopeFacts } from '../../cutters/apisix/inspect';
import { createProber, type Seen } from '../../cutters/apisix/probe';
import { planProbes } from '../../cutters/apisix/probe-plan';
import type { Check, CheckContext } from './context';
import { about, type Finding } from './finding';

export interface Held extends ScopeFacts {
  readonly gateway: string;
}

/** Whether each scope holds routes, and whether its cut could be seen. Unread gateways are left to their own check. */
export const checkScopes: Check = async (context) => {
  const { config } = context;
  const names = Object.keys(config.gateways);
  const looks = await Promise.all(names.map((name) => context.gateway(name).catch(() => undefined)));
  const read = looks.filter((facts): facts is GatewayFacts => facts?.clamp !== undefined);
  const scopes = Object.keys(config.scopes);
  const found = await Promise.all(
    scopes.map(async (scope) => {
      const held = read.flatMap(({ gateway, scopes: all }) =>
        all.filter((facts) => facts.scope === scope).map((facts): Held => ({ ...facts, gateway })),
      );
      const routes = routeFindings(scope, held, read.length === names.length);
      const wrong = [...routes, ...(await probeFindings(context, scope, held))].filter(({ level }) => level !== 'ok');
      return wrong.length > 0 ? wrong : routes;
    }),
  );
  return found.flat();
};

const CHOOSE = 'Label the routes, or correct routes and except of the scope.';

/** @param all whether every gateway could be read. */
export function routeFindings(scope: string, held: readonly Held[], all: boolean): Finding[] {
  const { ok, warning, fault } = about(`scope ${scope}`);
  const routes = held.reduce((sum, facts) => sum + facts.routes, 0);
  if (held.length === 0) return [];
  if (routes === 0) return all ? [fault('matches no route: there is nothing to cut', CHOOSE)] : [];
  const empty = held.filter((facts) => facts.routes === 0).map(({ gateway }) => gateway);
  if (empty.length > 0) return [warning(`matches no route of gateway ${empty.join(', ')}`, CHOOSE)];
  if (held.every((facts) => facts.off === facts.routes))
    return [warning('all its routes are switched off: there is nothing to cut', CHOOSE)];
  return [ok(`${routes} route${routes === 1 ? '' : 's'}`)];
}

const PROBE = 'Add probes to the scope: requests that one of its routes serves and that cost nothing upstream.';

async function probeFindings(context: CheckContext, scope: string, held: readonly Held[]): Promise<Finding[]> {
  const { warning, fault } = about(`scope ${scope}`);
  const configured = context.config.scopes[scope]?.probes ?? [];
  const findings: Finding[] = [];
  for (const { gateway, routes, off, probes, blind } of held) {
    if (routes === off) continue;
    if (probes === 0) findings.push(fault(`no request can show whether it is cut at gateway ${gateway}`, PROBE));
    else if (blind.length > 0)
      findings.push(warning(`no request can be derived for ${blind.join(', ')} of gateway ${gateway}`, PROBE));
    const config = context.config.gateways[gateway];
    if (config && configured.length > 0)
      findings.push(
        ...(await ask(config, configured)).map(({ url, target }) =>
          warning(
            `the probe ${target.method} ${target.path} finds nothing at ${new URL(url).origin} (404)`,
            'If no route of the scope serves it, "severed" is never seen: correct the path, method or host of the probe.',
          ),
        ),
      );
  }
  return findings;
}

/** What a derived probe asks for, one of the routes serves; what somebody wrote down may miss them all. */
async function ask(gateway: GatewayConfig, probes: NonNullable<Parameters<typeof planProbes>[1]>): Promise<Seen[]> {
  const { gatewayUrls, timeoutMs, caFile } = gateway;
  const prober = createProber({ gatewayUrls, connections: 1, timeoutMs, caFile });
  const { targets } = planProbes([], probes);
  const signal = new AbortController().signal;
  const seen = await Promise.all(targets.map((target) => prober.glance(target, signal)));
  return seen.flat().filter(({ detail }) => detail === '404');
}
