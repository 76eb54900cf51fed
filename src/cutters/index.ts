import type { Logger } from 'pino';
import type { Clock } from '../clock';
import type { Config } from '../config/schema';
import { scopeNames } from '../config/scope-names';
import type { Store } from '../ledger/store';
import { withCanary } from './apisix/canary';
import { type ApisixCutterOptions, createApisixCutter } from './apisix/cutter';
import type { SnapshotStore } from './apisix/rewrite';
import type { Cutter } from './cutter';
import { createLiteLLMCutters } from './litellm';
import type { Memory } from './memory';
import { createWebhookCutter } from './webhook';

export interface CuttersOptions extends Pick<ApisixCutterOptions, 'onRoutes' | 'onGuard' | 'onProbe'> {
  readonly config: Config;
  readonly store: Store;
  readonly snapshots: SnapshotStore;
  readonly logger: Logger;
  readonly now: Clock;
}

/** What cutters remember over a restart, in the ledger's store. */
export const memoryIn = (store: Store): Memory => ({
  get: (name) => store.recall(name),
  set: (name, value) => store.remember(name, value),
});

/** Every cutter that is configured: the gateways first, the others beside them. */
export function createCutters({ config, store, snapshots, logger, now, ...told }: CuttersOptions): Cutter[] {
  const all = withCanary(config.scopes);
  const scopes = [...new Set([...Object.keys(all), ...scopeNames(config)])];
  const routeless = scopes.filter((scope) => !Object.hasOwn(all, scope));
  const memory = memoryIn(store);
  // A drill is none of a receiver's business, not even of one that wants to hear of all scopes.
  const ofPeople = [...scopeNames(config)];
  return [
    ...Object.entries(config.gateways).map(([name, gateway]) =>
      sparing(createApisixCutter({ name, config: gateway, scopes: all, snapshots, logger, now, ...told }), routeless),
    ),
    ...createLiteLLMCutters({ config: config.cutters.litellm, scopes, memory }),
    ...config.cutters.webhooks.map((webhook) =>
      createWebhookCutter({ config: { ...webhook, scopes: webhook.scopes ?? ofPeople }, scopes, memory, now }),
    ),
  ];
}

/** A cutter that has nothing to do with these scopes, and says so. */
function sparing(cutter: Cutter, scopes: readonly string[]): Cutter {
  if (scopes.length === 0) return cutter;
  const none = scopes.map((scope) => [scope, 'none'] as const);
  return {
    ...cutter,
    enforce: async (goal, overtaken) => {
      const report = await cutter.enforce(goal, overtaken);
      return { ...report, sights: new Map([...report.sights, ...none]) };
    },
  };
}
