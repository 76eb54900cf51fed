import type { Router } from 'express';
import type { Logger } from 'pino';
import { Registry } from 'prom-client';
import type { Clock } from '../clock';
import type { Config } from '../config/schema';
import { scopeNames } from '../config/scope-names';
import type { Sender } from '../intake/sms/sender';
import type { Latch } from '../latch/latch';
import type { Leases } from '../ledger/leases';
import { DRILL_SCOPE } from '../orders/drill';
import type { DrillReport } from '../supervision/drill/report';
import type { Readiness } from '../supervision/readiness';
import { sourceName } from '../tripwire';
import { countDrills, type DrillsSeen, showDrills } from './drills';
import { countEnforcement, type Enforcement } from './enforcement';
import { type FallbacksSeen, showFallbacks } from './fallbacks';
import { families } from './family';
import { countLedger, type LedgerCounts, showLedger, watchedLeases } from './ledger';
import { showLine } from './line';
import { countOrders, type OrderCounts, type OrdersSeen, showLatches } from './orders';
import { type QueueSeen, showQueue } from './queue';
import { metricsRouter } from './router';
import { countedSender } from './texts';
import { countTripwire, showTripwire, type TripwireCounts, type TripwireSeen } from './tripwire';

export interface MetricsOptions {
  readonly config: Config;
  readonly version: string;
  readonly logger: Logger;
  readonly now: Clock;
}

/** What is shown of the parts, from their memory. */
export interface Shown extends OrdersSeen, QueueSeen {
  readonly ready: () => Readiness;
  readonly drills: DrillsSeen;
  /** Undefined where none is configured. */
  readonly tripwire: TripwireSeen | undefined;
  /** Undefined where none is configured. */
  readonly fallbacks: FallbacksSeen | undefined;
}

/** What Pullcord counts of itself, and shows. Nothing here throws, and nothing waits but for its own answer. */
export interface Metrics {
  readonly orders: OrderCounts;
  /** @param latches as last seen, without any I/O. */
  enforcement(latches: () => Iterable<Latch>): Enforcement;
  readonly tripwire: TripwireCounts;
  readonly ledger: LedgerCounts;
  drilled(report: DrillReport): void;
  leases(leases: Leases): Leases;
  sender(sender: Sender | undefined): Sender | undefined;
  show(parts: Shown): void;
  readonly registry: Registry;
  /** `GET /metrics`. */
  readonly router: Router;
}

/** In a registry of its own: two Pullcords in one process count apart. */
export function createMetrics({ config, version, logger, now }: MetricsOptions): Metrics {
  const registry = new Registry();
  const made = families(registry, (name, error) => {
    failures({});
    logger.error({ err: error, metric: name }, 'a metric could not be told');
  });
  const failures = made.counter('pullcord_metrics_failures_total', 'Metrics that could not be told, and are absent.');
  made.gauge(
    'pullcord_build_info',
    'Always 1: which Pullcord this is, and on which Node.js.',
    ['version', 'node'],
    (put) => put(1, { version, node: process.version }),
  );
  const litellm = config.tripwire?.litellm ?? [];
  return {
    orders: countOrders(made),
    enforcement: (latches) =>
      countEnforcement(made, {
        ...{ scopes: [...scopeNames(config), DRILL_SCOPE], gateways: Object.keys(config.gateways), now, latches },
      }),
    tripwire: countTripwire(
      made,
      litellm.map((_, i) => sourceName(litellm, i)),
    ),
    ledger: countLedger(made),
    drilled: countDrills(made),
    leases: (leases) => watchedLeases(made, leases),
    sender: (sender) => sender && countedSender(made, sender),
    show({ tripwire, fallbacks, ...parts }) {
      showLatches(made, parts);
      showLine(made, parts.ready);
      showDrills(made, parts.drills);
      showLedger(made, parts.state);
      showQueue(made, parts);
      if (tripwire) showTripwire(made, tripwire);
      if (fallbacks) showFallbacks(made, fallbacks, () => parts.state() !== undefined);
    },
    registry,
    router: metricsRouter(registry),
  };
}
