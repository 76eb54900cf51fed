import type { Logger } from 'pino';
import type { Clock } from '../clock';
import type { Config } from '../config/schema';
import type { Store } from '../ledger/store';
import { type ApisixCutterOptions, createApisixCutter } from './apisix/cutter';
import type { SnapshotStore } from './apisix/rewrite';
import type { Cutter } from './cutter';
import { createLiteLLMCutters } from './litellm';
import type { Memory } from './memory';
import { createWebhookCutter } from './webhook';

export interface CuttersOptions extends Pick<ApisixCutterOptions, 'onRoutes'> {
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
export function createCutters({ config, store, snapshots, logger, now, onRoutes }: CuttersOptions): Cutter[] {
  const scopes = Object.keys(config.scopes);
  const memory = memoryIn(store);
  return [
    ...Object.entries(config.gateways).map(([name, gateway]) =>
      createApisixCutter({ name, config: gateway, scopes: config.scopes, snapshots, logger, now, onRoutes }),
    ),
    ...createLiteLLMCutters({ config: config.cutters.litellm, scopes, memory }),
    ...config.cutters.webhooks.map((webhook) => createWebhookCutter({ config: webhook, scopes, memory, now })),
  ];
}
