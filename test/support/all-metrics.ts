import { configSchema } from '../../src/config/schema';
import { createLogger } from '../../src/log';
import { createMetrics } from '../../src/metrics';
import { processMetrics } from '../../src/metrics/process';

export interface Family {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram' | 'summary';
  readonly help: string;
  readonly labels: readonly string[];
}

/** Every metric of Pullcord, where all that can be configured is; nothing of it is read. */
export function allMetrics(): readonly Family[] {
  const gateway = { adminUrl: 'http://127.0.0.1:9180', adminKey: 'key', gatewayUrls: ['http://127.0.0.1:9080'] };
  const config = configSchema.parse({
    ...{ publicUrl: 'https://pullcord.example.org', key: 'ab'.repeat(32), gateways: { main: gateway } },
    scopes: { agent: { routes: [{ all: true }] } },
    tripwire: { litellm: [{ url: 'http://127.0.0.1:4000' }] },
  });
  const never = (): never => {
    throw new Error('nothing is read');
  };
  const metrics = createMetrics({ config, version: '0', logger: createLogger({ level: 'silent' }), now: never });
  metrics.enforcement(() => []);
  const claim = { holder: 'me', claim: never, release: never };
  metrics.leases(claim);
  metrics.sender({ send: never });
  metrics.show({
    ...{ state: never, latches: never, spooled: never, ready: never, healthy: never, backlog: never, owed: never },
    ...{ now: never, drills: { recent: never, nextDue: never }, tripwire: { spend: never, sees: never } },
    fallbacks: { all: never },
  });
  return familiesIn(metrics.registry);
}

/** Those of the process, which every program on Node.js has. */
export const processFamilies = (): readonly Family[] => familiesIn(processMetrics());

/** What prom-client keeps, and doesn't show in its types. */
interface Kept {
  readonly name: string;
  readonly help: string;
  readonly labelNames?: readonly string[];
}

function familiesIn(registry: ReturnType<typeof processMetrics>): readonly Family[] {
  return registry.getMetricsAsArray().map((metric) => {
    const { name, help, labelNames = [] } = metric as unknown as Kept;
    const type = metric.constructor.name.toLowerCase() as Family['type'];
    return { name, help, type, labels: labelNames };
  });
}
