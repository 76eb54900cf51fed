import { type Config, defaultScope } from '../../config/schema';
import { gatewayNodes, modelScopes } from '../../tripwire/gateway';
import type { NodeCount } from '../../tripwire/gateway/count';
import type { GatewayNode } from '../../tripwire/gateway/node';
import { Subjects } from '../../tripwire/subjects';
import type { Check, CheckContext } from './context';
import { about, type Finding } from './finding';

/** Of one look at one node. Milliseconds. */
const LOOK_MS = 3_500;

/** Whether the tripwire would see what passes the gateways and not LiteLLM. */
export const checkPassing: Check = async ({ config, gateway }) => {
  const { tripwire } = config;
  if (!tripwire) return [];
  const { signal } = new AbortController();
  const nodes = gatewayNodes({ gateways: bounded(config.gateways) });
  const subjects = new Subjects({ config: tripwire, defaultScope: defaultScope(config), namesOf: () => undefined });
  const scopes = modelScopes(config, subjects.scopes());

  async function look(node: GatewayNode): Promise<Finding> {
    const [seen, routes] = await Promise.all([node.look(signal), routesOf(gateway, node.gateway, scopes)]);
    const name = node.name.replace(/^gateway \S+ \((.*)\)$/, '$1');
    if (seen.ok) return countFinding(node.gateway, name, seen.count, routes, scopes);
    const [what = '', ...advice] = seen.detail.split('. ');
    return about(`gateway ${node.gateway}`).warning(`what passes it is not seen: ${what}`, advice.join('. '));
  }

  try {
    return await Promise.all(nodes.map(look));
  } finally {
    for (const node of nodes) node.close();
  }
};

const bounded = (gateways: Config['gateways']): Config['gateways'] =>
  Object.fromEntries(
    Object.entries(gateways).map(([name, one]) => [name, { ...one, timeoutMs: Math.min(one.timeoutMs, LOOK_MS) }]),
  );

/** Undefined when the gateway's Admin API can't be read: that is told elsewhere. */
async function routesOf(
  gateway: CheckContext['gateway'],
  name: string,
  scopes: readonly string[],
): Promise<ReadonlySet<string> | undefined> {
  const facts = await gateway(name).catch(() => undefined);
  if (!facts?.admin.reads) return undefined;
  return new Set(facts.scopes.filter(({ scope }) => scopes.includes(scope)).flatMap(({ called }) => called));
}

function countFinding(
  gateway: string,
  node: string,
  { routes, blurred }: NodeCount,
  ours: ReadonlySet<string> | undefined,
  scopes: readonly string[],
): Finding {
  const { ok, warning } = about(`gateway ${gateway}`);
  if (ours === undefined) return ok(`${node} shows its metrics`);
  const [counted, unclear] = [routes.keys(), blurred].map((some) => [...some].filter((route) => ours.has(route)));
  if (counted?.length)
    return ok(
      `${node} counts what passes to the models: ${counted.length === 1 ? '1 route' : `${counted.length} routes`}`,
    );
  if (unclear?.length)
    return warning(
      `${node} does not tell completions from what costs nothing on ${unclear.join(', ')}`,
      "List the paths one by one in the route's uris, or add request_method: $request_method to plugin_attr.prometheus.metrics.http_status.extra_labels in APISIX's config.yaml.",
    );
  return warning(
    `${node} has counted no request for a completion on the routes of ${scopes.join(', ')}`,
    'Switch the plugin prometheus on, as a global rule or for these routes. If it is on, send one request, then check again.',
  );
}
