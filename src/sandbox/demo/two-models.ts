import type { RigOptions } from '../rig';

/** Addresses of a model in the house, and of one that is paid for: each `http://host:port`. */
export interface TwoModels {
  readonly primaryUrl: string;
  readonly cloudUrl: string;
}

/** So many failures of the primary, within so many seconds, and it counts as down; it is asked every second. */
export const FAILURES = 3;
export const WITHIN_SECONDS = 10;

/** As `pullcord fallback plan` would have it: the gateway goes over by itself as soon as it is let. */
const checks = {
  active: {
    http_path: '/health/liveliness',
    timeout: 1,
    healthy: { interval: 1, successes: 2 },
    unhealthy: {
      interval: 1,
      http_failures: 3,
      tcp_failures: 3,
      timeouts: 3,
      http_statuses: [429, 500, 502, 503, 504],
    },
  },
  passive: {
    healthy: { successes: 2 },
    unhealthy: { http_failures: 3, tcp_failures: 3, timeouts: 3, http_statuses: [500, 502, 503, 504] },
  },
};

const node = (url: string, priority: number) => {
  const { hostname: host, port } = new URL(url);
  return { host, port: Number(port), weight: 1, priority };
};

/** One upstream with both models, and a route of the agent's that leads to it. */
export const twoModels = ({ primaryUrl, cloudUrl }: TwoModels): RigOptions['objects'] => [
  ['upstreams/models', { type: 'roundrobin', nodes: [node(primaryUrl, 0), node(cloudUrl, -1)], checks }],
  ['routes/chat', { uri: '/v1/*', upstream_id: 'models', labels: { agent: 'openclaw' } }],
];

/** The paid one under control: asked for when the primary is down. */
export const governed = ({ primaryUrl }: Pick<TwoModels, 'primaryUrl'>): RigOptions['config'] => ({
  scopes: { agent: { routes: [{ label: 'agent=openclaw' }] } },
  enforcer: { periodSeconds: 1 },
  fallbacks: {
    fallback: {
      ...{ gateway: 'main', upstream: 'models', primary: [new URL(primaryUrl).host], decide: 'ask' },
      ...{ failures: FAILURES, withinSeconds: WITHIN_SECONDS, wellForSeconds: 5, forSeconds: 7_200 },
      probe: { url: `${primaryUrl}/health/liveliness`, periodSeconds: 1 },
    },
  },
});
