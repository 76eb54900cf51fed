import type { Logger } from 'pino';
import type { Clock } from '../clock';
import type { Config } from '../config/schema';
import type { Store } from '../ledger/store';
import { withCanary } from './apisix/canary';
import { type ApisixCutterOptions, createApisixCutter } from './apisix/cutter';
import type { SnapshotStore } from './apisix/rewrite';
import type { Cutter } from './cutter';
import { createLiteLLMCutters } from './litellm';
import type { Memory } from './memory';
import { createWebhookCutter } from './webhook';

export interface CuttersOptions extends Pick<ApisixCutterOptions, 'onRoutes' | 'onGuard'> {
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
export function createCutters({ config, store, snapshots, logger, now, onRoutes, onGuard }: CuttersOptions): Cutter[] {
  const all = withCanary(config.scopes);
  const scopes = Object.keys(all);
  const memory = memoryIn(store);
  // A drill is none of a receiver's business, not even of one that wants to hear of all scopes.
  const ofPeople = Object.keys(config.scopes);
  return [
    ...Object.entries(config.gateways).map(([name, gateway]) =>
      createApisixCutter({ name, config: gateway, scopes: all, snapshots, logger, now, onRoutes, onGuard }),
    ),
    ...createLiteLLMCutters({ config: config.cutters.litellm, scopes, memory }),
    ...config.cutters.webhooks.map((webhook) =>
      createWebhookCutter({ config: { ...webhook, scopes: webhook.scopes ?? ofPeople }, scopes, memory, now }),
    ),
  ];
}
