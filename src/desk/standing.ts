import type { Enforcer } from '../latch/enforcer';
import { isCut, type Latch } from '../latch/latch';
import type { Spool } from '../ledger/spool';
import type { Store } from '../ledger/store';
import type { Order } from '../orders/order';

/** Who set a latch, and which gateways were seen to follow. */
export interface Standing {
  readonly by?: string;
  readonly reason?: string;
  /** Those that have something to do with the scope. */
  readonly gateways: readonly GatewaySight[];
}

export interface GatewaySight {
  readonly name: string;
  /** Whether it was seen to be in the latch's state. */
  readonly seen: boolean;
  readonly missing: readonly string[];
}

export interface StandingsOptions {
  readonly store: Pick<Store, 'mirror' | 'order'>;
  readonly spool: Pick<Spool, 'all'>;
  readonly enforcer: Pick<Enforcer, 'sightBy'>;
  /** The cutter of each gateway, by the gateway's name. */
  readonly gateways: ReadonlyMap<string, string>;
}

/**
 * What is told of a latch beyond itself, from memory: whoever asks how things stand must not have to wait for the
 * ledger. An order of another instance, or of an earlier life, is known a look of the ledger later.
 */
export class Standings {
  /** The order that set each scope's latch, by scope. */
  private readonly orders = new Map<string, Order>();

  constructor(private readonly options: StandingsOptions) {}

  of(latch: Latch): Standing {
    const { spool, enforcer, gateways } = this.options;
    const known = this.orders.get(latch.scope);
    const stop = spool.all().findLast(({ request, at }) => request.scope === latch.scope && at === latch.since);
    const set = stop ? { by: stop.by, reason: stop.request.reason } : known?.number === latch.order ? known : undefined;
    return {
      ...(set ? { by: set.by } : {}),
      ...(set?.reason === undefined ? {} : { reason: set.reason }),
      gateways: [...gateways].flatMap(([name, cutter]) => {
        const sight = enforcer.sightBy(cutter, latch.scope, isCut(latch), latch.order);
        return sight ? [{ name, ...sight }] : [];
      }),
    };
  }

  /** An order stands. */
  ordered(order: Order): void {
    // Without a number it is told from the spool, as long as it stands there.
    if (order.number > 0 && order.number >= (this.orders.get(order.scope)?.number ?? 0))
      this.orders.set(order.scope, order);
  }

  /** Looks up what others ordered. Called when the ledger answers. @throws StoreUnavailable */
  async refresh(): Promise<void> {
    const { store } = this.options;
    for (const { scope, order: number } of store.mirror()?.latches.values() ?? []) {
      if (number === 0 || this.orders.get(scope)?.number === number) continue;
      const order = await store.order(number);
      if (order) this.ordered(order);
    }
  }
}
