import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Latch } from '../../latch/latch';
import { StoreUnavailable } from '../../ledger/store';
import type { Order } from '../../orders/order';
import type { DrillGateway } from './gateway';
import type { Hold } from './hold';
import type { DrillOperator } from './operator';
import type { DrillOrders } from './orders';
import type { Paper } from './paper';

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
/** How often the ledger is asked whether a drill died. Milliseconds. */
const LOOK_AROUND_MS = 5_000;

/** What a drill may leave behind: the latch of its scope, and the canary routes. */
export interface Tidy {
  /** Whether the drill's scope is cut, or about to be, as far as is known here. */
  isCut(): boolean;
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
    isCut: () => ownLatch() !== undefined,
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
  readonly hold: Hold;
  readonly paper: Pick<Paper, 'look' | 'bury'>;
  readonly operator: Pick<DrillOperator, 'takeOffice'>;
  readonly gateways: readonly DrillGateway[];
  readonly id: () => string;
  readonly logger: Logger;
  readonly stepMs: number;
}

/**
 * Cleans up after drills that died, here or at another instance, until the signal comes. The gateways are asked at the
 * beginning, and until that went well once; after that the ledger alone is, which knows of every drill. Never throws.
 */
export async function tidyUp(options: TidyUpOptions, signal: AbortSignal): Promise<void> {
  const { tidy, paper, logger } = options;
  let thorough = true;
  while (!signal.aborted) {
    let waitMs = LOOK_AROUND_MS;
    try {
      const left = await paper.look();
      if (left || thorough || tidy.isCut()) thorough = !(await tidyOnce(options, signal));
    } catch (error) {
      if (signal.aborted) return;
      thorough = true;
      if (!(error instanceof StoreUnavailable)) {
        waitMs = AGAIN_MS;
        logger.warn({ err: error }, 'what a drill may have left behind could not be cleaned up yet');
      }
    }
    await pause(waitMs, undefined, { signal }).catch(() => undefined);
  }
}

/** @returns false while another instance drills: it is looked at again when its lease has run out. */
async function tidyOnce(options: TidyUpOptions, signal: AbortSignal): Promise<boolean> {
  const { tidy, hold, paper, operator, gateways, id, logger, stepMs } = options;
  if (!(await hold.take())) return false;
  const over = new AbortController();
  const either = AbortSignal.any([signal, over.signal]);
  const kept = hold.keep(either, (why) => over.abort(new Error(why)));
  const leaveOffice = operator.takeOffice();
  try {
    await paper.bury();
    if (!(await tidy.isNeeded())) return true;
    await tidy.awaitCalm(CALM_MS, either);
    await tidy.restore(id(), stepMs, either);
    await Promise.all(gateways.map((gateway) => gateway.remove()));
    logger.info('what a drill left behind is cleaned up');
    return true;
  } finally {
    leaveOffice();
    over.abort();
    await kept;
    await hold.release();
  }
}
