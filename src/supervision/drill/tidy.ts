import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Latch } from '../../latch/latch';
import type { Order } from '../../orders/order';
import type { DrillGateway } from './gateway';
import type { DrillOrders } from './orders';

export interface TidyOptions {
  readonly gateways: readonly DrillGateway[];
  readonly orders: DrillOrders;
  readonly latches: () => readonly Latch[];
  /** Of the drill's scope, newest first. @throws StoreUnavailable */
  readonly newest: () => Promise<readonly Order[]>;
  readonly rehearsal: (scope: string) => boolean;
}

/** People's orders are mostly seen within seconds; then what a drill left is cleaned up. Milliseconds. */
export const CALM_MS = 60_000;
const LOOK_EVERY_MS = 50;
const AGAIN_MS = 30_000;

/** What a drill may leave behind: the latch of its scope, and the canary routes. */
export interface Tidy {
  /** Whether there is anything of it. @throws Error when a gateway can't be asked */
  isNeeded(): Promise<boolean>;
  /**
   * Waits as long as a scope of people is being cut or given back: nothing of a drill gets in between.
   * @throws Error after `ms` milliseconds
   */
  awaitCalm(ms: number, signal: AbortSignal): Promise<void>;
  /**
   * Gives the canary back, if it is cut. Without a door: what cleans up needs none.
   * @returns the wait for a fresh code, in milliseconds
   * @throws Error when it isn't seen
   */
  restore(id: string, ms: number, signal: AbortSignal): Promise<number>;
}

export function createTidy({ gateways, orders, latches, newest, rehearsal }: TidyOptions): Tidy {
  const ownLatch = (): Latch | undefined => latches().find(({ scope, state }) => rehearsal(scope) && state !== 'live');
  const isBusy = (): boolean =>
    latches().some(({ scope, state }) => !rehearsal(scope) && (state === 'severing' || state === 'restoring'));

  const give = (id: string, signal: AbortSignal) => orders.give('restore', undefined, id, signal);

  return {
    async isNeeded() {
      if (ownLatch()) return true;
      const found = await Promise.all(gateways.map((gateway) => gateway.hasCanary()));
      return found.includes(true);
    },
    async awaitCalm(ms, signal) {
      const end = performance.now() + ms;
      while (isBusy()) {
        if (performance.now() >= end) throw new Error('a scope is still being cut or given back: that comes first');
        await pause(LOOK_EVERY_MS, undefined, { signal });
      }
    },
    async restore(id, ms, signal) {
      const latch = ownLatch();
      if (!latch) return 0;
      const [last] = latch.state === 'restoring' ? await newest() : [];
      const given = last?.action === 'restore' ? { order: last, waitedMs: 0 } : await give(id, signal);
      await orders.settled(given.order, ms, signal);
      return given.waitedMs;
    },
  };
}

export interface TidyUpOptions {
  readonly tidy: Tidy;
  readonly gateways: readonly DrillGateway[];
  /** Ends the reports that nobody ended. */
  readonly bury: () => Promise<void>;
  readonly id: () => string;
  readonly logger: Logger;
  readonly stepMs: number;
}

/** Cleans up after a drill that died, again and again until that is done, or the signal comes. Never throws. */
export async function tidyUp(options: TidyUpOptions, signal: AbortSignal): Promise<void> {
  const { tidy, gateways, bury, id, logger, stepMs } = options;
  while (!signal.aborted) {
    try {
      await bury();
      if (!(await tidy.isNeeded())) return;
      await tidy.awaitCalm(CALM_MS, signal);
      await tidy.restore(id(), stepMs, signal);
      await Promise.all(gateways.map((gateway) => gateway.remove()));
      logger.info('what a drill left behind is cleaned up');
      return;
    } catch (error) {
      if (signal.aborted) return;
      logger.warn({ err: error }, 'what a drill may have left behind could not be cleaned up yet');
    }
    await pause(AGAIN_MS, undefined, { signal }).catch(() => undefined);
  }
}
