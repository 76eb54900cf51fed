import type { Config } from '../../config/schema';
import { Gateways, type GatewaysOptions } from './gateways';
import { createGatewayNode, type GatewayNode } from './node';

export type { RoutesOf } from './gateways';
export { Gateways };

/** Every node that may be asked what it counts. @throws Error when a `caFile` can't be read. */
export const gatewayNodes = ({ gateways }: Pick<Config, 'gateways'>): readonly GatewayNode[] =>
  Object.entries(gateways).flatMap(([gateway, { metricsUrls = [], caFile, timeoutMs }]) =>
    metricsUrls.map((url) => createGatewayNode({ gateway, url, caFile, timeoutMs })),
  );

/**
 * The scopes whose routes lead to the models: as configured, or `llm`, which is LiteLLM and the fallbacks, or what a trip
 * severs.
 * @param severed every scope that a trip may sever.
 */
export function modelScopes(
  config: Pick<Config, 'scopes' | 'tripwire'>,
  severed: readonly string[],
): readonly string[] {
  const { models } = config.tripwire ?? {};
  if (models !== undefined) return [models];
  return Object.hasOwn(config.scopes, 'llm') ? ['llm'] : severed;
}

/** @returns undefined where no gateway's metrics are configured. @throws Error when a `caFile` can't be read. */
export function createGateways(
  config: Config,
  severed: readonly string[],
  options: Omit<GatewaysOptions, 'nodes' | 'scopes'>,
): Gateways | undefined {
  const nodes = gatewayNodes(config);
  return nodes.length === 0 ? undefined : new Gateways({ ...options, nodes, scopes: modelScopes(config, severed) });
}
