import type { Logger } from 'pino';
import type { Clock } from '../clock';
import { type Config, defaultScope } from '../config/schema';
import { scopeNames } from '../config/scope-names';
import { createAdminApi } from '../cutters/apisix/client';
import type { Memory } from '../cutters/memory';
import type { OrderDesk } from '../desk/desk';
import type { Enforcer } from '../latch/enforcer';
import type { Store } from '../ledger/store';
import type { Alarms } from '../notify/alarms';
import type { Proof } from '../orders/desk';
import { DRILL_SCOPE } from '../orders/drill';
import type { Increment } from '../tripwire/reading';
import type { Ceiling } from '../tripwire/settings';
import { toCeilings } from '../tripwire/settings-of';
import { controlUrlsOf, createControlApi } from './control';
import { createFallbackCutter, type FallbackCutter } from './cutter';
import { createDeployments } from './deployments';
import { type FallbackNow, type FallbackReceipt, Fallbacks, type FallbackWish } from './fallbacks';
import { createHealthApi, type HealthApi } from './health';
import { holdersOf, standingIn } from './holders';
import { askGateway, askPrimary, together } from './look';
import type { Permit, Standing } from './permit';
import { Purse } from './purse';
import { decidedText } from './texts';
import { Watcher } from './watcher';
import type { Health } from './window';

export type { FallbackNow, FallbackReceipt, FallbackWish } from './fallbacks';
export type { FallbackState } from './permit';

/** One cutter for each fallback that is configured. */
export function createFallbackCutters(
  config: Pick<Config, 'fallbacks' | 'scopes' | 'gateways'>,
  store: Pick<Store, 'mirror'>,
  memory: Memory,
  now: Clock,
): ReadonlyMap<string, FallbackCutter> {
  const scopes = [...scopeNames(config), DRILL_SCOPE];
  return new Map(
    Object.entries(config.fallbacks).map(([name, fallback]) => {
      const gateway = gatewayOf(config, fallback.gateway);
      const { adminUrl: url, adminKey: key, timeoutMs, caFile } = gateway;
      const holders = holdersOf(config, name);
      const permitted = (): boolean => standingIn(store.mirror(), config, name, now()).state === 'fallback';
      const cutter = createFallbackCutter({
        ...{ name, config: fallback, holders, scopes, permitted, memory },
        api: createAdminApi({ url, key, timeoutMs, caFile }),
        control: createControlApi(gateway),
      });
      return [name, cutter] as const;
    }),
  );
}

export interface FallbacksServiceOptions {
  readonly config: Config;
  readonly cutters: ReadonlyMap<string, FallbackCutter>;
  readonly store: Store;
  readonly enforcer: Enforcer;
  readonly desk: OrderDesk;
  readonly alarms: Pick<Alarms, 'tell'>;
  readonly memory: Memory;
  /** Whether all that is spent is seen now. */
  readonly seesSpend: () => boolean;
  readonly now: Clock;
  readonly monotonic?: (() => number) | undefined;
  readonly logger: Logger;
}

/** Fallbacks, as the rest of the program sees them. */
export interface FallbacksService {
  order(wish: FallbackWish, proof: Proof): Promise<FallbackReceipt>;
  all(): readonly FallbackNow[];
  /** Of its primary; `unseen`: nothing was seen of it for the whole period. */
  primary(name: string): Health | 'unseen';
  /** Waits until what was decided is seen at the gateways. @param waitMs milliseconds */
  seen(name: string, order: number, waitMs: number): Promise<boolean>;
  /** Something was spent, as the tripwire sees it. */
  spent(increment: Increment): void;
  /** Ceilings that hold for everybody while a fallback is used. */
  ceilings(): readonly Ceiling[];
  close(): Promise<void>;
}

export function startFallbacks(options: FallbacksServiceOptions): FallbacksService {
  const { config, cutters, store, enforcer, desk, alarms, logger, now } = options;
  const { seesSpend, memory, monotonic = () => performance.now() } = options;
  const watchers = new Map<string, Watcher>();
  const fallbacks = new Fallbacks({
    ...{ config, store, enforcer, desk, now, logger },
    view: (name) => cutters.get(name)?.view(),
    health: (name) => watchers.get(name)?.health(),
    decided: (permit, before) => tellDecided(alarms, config, permit, before),
  });
  const healths: HealthApi[] = [];
  const purses: Purse[] = [];
  for (const [name, fallback] of Object.entries(config.fallbacks)) {
    const gateway = gatewayOf(config, fallback.gateway);
    const { timeoutMs, caFile } = gateway;
    const health = createHealthApi({ controlUrls: controlUrlsOf(gateway), timeoutMs, caFile });
    healths.push(health);
    const { probe, models, severs = defaultScope(config) } = fallback;
    const permitted = (): number | undefined => {
      const { permit } = fallbacks.standing(name);
      return permit?.state === 'fallback' ? permit.order : undefined;
    };
    const sources = fallback.deployments.length === 0 ? [] : (config.tripwire?.litellm ?? []);
    const counted = sources.map((source) => createDeployments({ source, deployments: fallback.deployments, now }));
    const purse = new Purse({ name, models, permitted, memory });
    purses.push(purse);
    watchers.set(
      name,
      new Watcher({
        ...{ name, config: fallback, fallbacks, now, monotonic, logger },
        look: async (closing) =>
          together(
            await Promise.all([
              ...(probe ? [askPrimary(probe, closing)] : []),
              askGateway(fallback, cutters.get(name)?.view().object, health, closing),
              ...counted.map((look) => look(closing)),
            ]),
          ),
        spentUsd: (order) => (seesSpend() ? purse.spent(order) : undefined),
        keepSpent: () => purse.keep(),
        refuse: async (_name, order, why) => {
          const key = `fallback:${name}:${order}`;
          const about = { reason: `Fallback ${name}: ${why}.`, correlation: key, source: 'tripwire' } as const;
          await desk.order({ key, action: 'sever', scope: severs, ...about }, { kind: 'tripwire' });
        },
      }),
    );
  }
  for (const watcher of watchers.values()) watcher.start();
  return {
    order: (wish, proof) => fallbacks.order(wish, proof),
    all: () => fallbacks.all(),
    primary: (name) => {
      const watcher = watchers.get(name);
      return !watcher || watcher.isBlind() ? 'unseen' : watcher.health();
    },
    seen: (name, order, waitMs) => fallbacks.seen(name, order, waitMs),
    spent: (increment) => {
      for (const purse of purses) purse.take(increment);
    },
    ceilings: () =>
      Object.entries(config.fallbacks).flatMap(([name, { ceilings }]) =>
        ceilings && fallbacks.standing(name).state === 'fallback' ? toCeilings('usd', ceilings) : [],
      ),
    close: async () => {
      await Promise.all([...watchers.values()].map((watcher) => watcher.close()));
      await Promise.all(purses.map((purse) => purse.keep()));
      for (const health of healths) health.close();
    },
  };
}

/** Every decision is an event of its own, whoever decided; which of them phones are texted for is for the phones. */
function tellDecided(
  alarms: FallbacksServiceOptions['alarms'],
  config: Pick<Config, 'fallbacks'>,
  permit: Permit,
  standing: Standing,
): void {
  const { fallback: name, state, order, by, why, until, since: at } = permit;
  const fallback = config.fallbacks[name];
  if (!fallback) return;
  // A permit whose time is up permits nothing any more; what ends by this decision is the permit.
  const before = standing.permit?.state ?? standing.state;
  const decision = { name, state, before, order, by, why };
  alarms.tell({
    ...{ kind: 'fallback', text: decidedText(decision, fallback), at },
    fallback: until === undefined ? decision : { ...decision, until: new Date(until).toISOString() },
  });
}

function gatewayOf(config: Pick<Config, 'gateways'>, name: string): Config['gateways'][string] {
  const gateway = config.gateways[name];
  if (!gateway) throw new Error(`there is no gateway ${name}: the configuration was not checked`);
  return gateway;
}
