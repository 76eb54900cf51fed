import type { Logger } from 'pino';
import type { Clock } from '../../clock';
import { Lanes } from './lanes';
import type { Delivery, DeliveryIds, Outbox } from './outbox';
import type { Poster } from './post';
import { dueAfter, isQuick, LEASE_MS } from './schedule';
import { hostOf, type Subscription } from './subscription';

/** Events that were taken while the outbox could not be told. */
const REMEMBERED = 1_000;

export interface DeliveriesOptions {
  readonly outbox: Outbox;
  readonly poster: Poster;
  /** Somebody takes this one up: it is due. Must not throw. */
  readonly bring: (ids: DeliveryIds) => void;
  /** The receiver wants nothing any more. */
  readonly onGone: (subscription: Subscription) => Promise<void>;
  readonly logger: Logger;
  readonly now: Clock;
}

/** `again`: whoever tried it tries it again after a while. `over`: that is not theirs to do, whether it was taken or not. */
export type Result = 'over' | 'again';

/**
 * Carries out deliveries. Fails towards "once more": what isn't known to have been taken stays owed.
 * An event that this instance saw taken is not sent by it again, even when the outbox could not be told.
 */
export class Deliveries {
  private readonly lanes = new Lanes();
  private readonly underWay = new Map<string, Promise<unknown>>();
  private readonly taken = new Map<string, number>();
  private readonly closing = new AbortController();

  constructor(private readonly options: DeliveriesOptions) {}

  /** Tries once what is owed. @throws StoreUnavailable when it can't be known whether it is, or whether it was noted. */
  async deliver(ids: DeliveryIds): Promise<Result> {
    const { outbox } = this.options;
    const status = this.taken.get(keyOf(ids));
    if (status !== undefined) {
      await this.note(ids, status);
      return 'over';
    }
    if (this.underWay.has(keyOf(ids))) return 'over';
    if (this.lanes.isFull(ids.subscription)) return 'again';
    return this.once(ids, async () => {
      const delivery = await outbox.owed(ids);
      if (!delivery) return 'over';
      const result = await this.send(delivery, ids);
      await this.bringNext(ids.subscription);
      return result;
    });
  }

  /** Tries once what could not be kept. Never throws. */
  async deliverUnkept(delivery: Delivery): Promise<Result> {
    const ids = { subscription: delivery.subscription.id, event: delivery.event.id };
    if (this.taken.has(keyOf(ids)) || this.underWay.has(keyOf(ids))) return 'over';
    if (this.lanes.isFull(ids.subscription)) return 'again';
    return this.once(ids, async () => {
      const answer = await this.options.poster.post(delivery, this.closing.signal);
      if (answer.verdict === 'again') return 'again';
      // The outbox may have taken it late, and would have it sent once more.
      if (answer.verdict === 'taken') this.remember(ids, answer.status);
      return 'over';
    });
  }

  /** Ends what is under way; what was not taken stays owed. */
  async close(graceMs: number): Promise<void> {
    const end = setTimeout(() => this.closing.abort(), graceMs);
    while (this.underWay.size > 0) await Promise.allSettled(this.underWay.values());
    this.closing.abort();
    clearTimeout(end);
  }

  private async once(ids: DeliveryIds, work: () => Promise<Result>): Promise<Result> {
    const { aborted } = this.closing.signal;
    if (aborted) return 'again';
    const running = this.lanes.run(ids.subscription, work);
    this.underWay.set(keyOf(ids), running);
    try {
      return await running;
    } finally {
      this.underWay.delete(keyOf(ids));
    }
  }

  private async send(delivery: Delivery, ids: DeliveryIds): Promise<Result> {
    const { outbox, poster, onGone, logger, now } = this.options;
    const { subscription, attempts } = delivery;
    const answer = await poster.post(delivery, this.closing.signal);
    const about = { ...ids, host: hostOf(subscription), status: answer.status };
    if (answer.verdict === 'taken') {
      this.remember(ids, answer.status);
      if (subscription.failingSince !== undefined) logger.info(about, 'a subscriber takes events again');
      await this.note(ids, answer.status);
      return 'over';
    }
    if (answer.verdict === 'gone') {
      await onGone(subscription);
      return 'over';
    }
    // Nobody's fault but ours.
    if (this.closing.signal.aborted) return 'again';
    const tries = attempts + 1;
    const level = subscription.failingSince === undefined ? 'warn' : 'debug';
    const why = 'error' in answer ? { why: answer.error } : {};
    logger[level]({ ...about, ...why, tries }, 'an event was not taken; it is sent again');
    await outbox.failed(ids, now(), answer.status, dueAfter(tries, now()));
    return isQuick(tries) ? 'again' : 'over';
  }

  /** While the outbox is away it stays remembered that this was taken: then it is noted at the next try. */
  private async note(ids: DeliveryIds, status: number): Promise<void> {
    await this.options.outbox.taken(ids, this.options.now(), status);
    this.taken.delete(keyOf(ids));
  }

  private remember(ids: DeliveryIds, status: number): void {
    this.taken.set(keyOf(ids), status);
    const [oldest] = this.taken.keys();
    if (this.taken.size > REMEMBERED && oldest !== undefined) this.taken.delete(oldest);
  }

  private async bringNext(subscription: string): Promise<void> {
    const { outbox, bring, now } = this.options;
    if (this.closing.signal.aborted) return;
    const next = await outbox.claim(now(), now() + LEASE_MS, 1, subscription);
    for (const ids of next) bring(ids);
  }
}

const keyOf = ({ subscription, event }: DeliveryIds): string => `${subscription} ${event}`;
