import type { Logger } from 'pino';
import { type Jobs, TryAgain } from '../../queue/jobs';
import type { Channel, Notice } from '../channel';
import { Deliveries } from './deliveries';
import { Direct } from './direct';
import type { AboutOrder, EventBody, EventType } from './event';
import { eventOf, typeOf } from './from-notice';
import type { DeliveryIds, Owed } from './outbox';
import type { Poster } from './post';
import { LEASE_MS } from './schedule';
import { wants } from './subscription';
import { Subscriptions, type SubscriptionsOptions } from './subscriptions';
import { Upkeep, type UpkeepOptions } from './upkeep';

/** What comes of an order or a decision, each at most once. */
const ONCE: readonly EventType[] = ['severing', 'severed', 'restored', 'fallback'];

/** How long what is under way may go on at the end. Milliseconds. */
const GRACE_MS = 500;

export interface EventsOptions extends SubscriptionsOptions, Omit<UpkeepOptions, 'bring' | 'subscriptions'> {
  readonly poster: Poster;
  readonly jobs: Pick<Jobs, 'add'>;
  /** The name of what happens once to an order. */
  readonly idOf: (type: EventType, order: number) => string;
  /** What an earlier life of this process may have told nobody. @throws StoreUnavailable */
  readonly onPaper: () => Promise<readonly Notice[]>;
  /** What the ledger knows of an order. */
  readonly aboutOrder: (number: number) => Promise<AboutOrder | undefined>;
  readonly logger: Logger;
}

/** Events, and who is told of them. */
export interface Events {
  readonly subscriptions: Subscriptions;
  /** What is owed to them. @throws StoreUnavailable */
  backlog(): Promise<Owed>;
  /** Takes up what is owed, now and from then on. Never throws. */
  start(): Promise<void>;
  /** Keeps the event for those who want it, and sets its delivery off. Never throws; bounded in time. */
  tell(notice: Notice): Promise<void>;
  /** The queue's handler. @throws TryAgain, StoreUnavailable */
  deliver(ids: DeliveryIds): Promise<void>;
  /** Within a second and a half. What is still owed is taken up at the next start. */
  close(): Promise<void>;
}

/**
 * Tells programs what happens. Nothing waits for it, and no order depends on it. Fails towards telling: an event is kept
 * with what is owed of it before anybody is asked to deliver it; without the queue it is delivered from here, without
 * the database from memory, to those that were known last.
 */
export function createEvents(options: EventsOptions): Events {
  const { outbox, poster, jobs, logger, now, randomId } = options;
  const subscriptions = new Subscriptions(options);
  const direct = new Direct(logger);
  const bring = (ids: DeliveryIds): void => {
    jobs
      .add({ name: 'deliver', subscription: ids.subscription, event: ids.event })
      .catch(() => direct.bring(ids, () => deliveries.deliver(ids)));
  };
  const deliveries = new Deliveries({
    ...{ outbox, poster, bring, logger, now },
    onGone: async (subscription) => void (await subscriptions.remove(subscription, 'its receiver answered 410')),
  });
  const upkeep = new Upkeep({ ...options, subscriptions, bring });

  const eventFor = async (notice: Notice): Promise<EventBody | undefined> => {
    const type = typeOf(notice);
    if (type === undefined) return undefined;
    const { order = 0, fallback } = notice;
    const about = order > 0 ? await options.aboutOrder(order).catch(() => undefined) : undefined;
    const number = fallback?.order ?? order;
    const once = number > 0 && ONCE.includes(type);
    return eventOf(notice, type, once ? options.idOf(type, number) : randomId(), about);
  };

  /** Keeps what is on paper and isn't kept; the first look after what is owed takes it up. */
  const catchUp = async (): Promise<void> => {
    try {
      const { open } = await subscriptions.refresh();
      // Who asks the ledger about an order at the start holds up those who order then.
      const isWanted = (notice: Notice): boolean => {
        const type = typeOf(notice);
        if (type === undefined) return false;
        const about = { type, ...(notice.scope === undefined ? {} : { scope: notice.scope }) };
        return open.some((one) => one.createdAt <= notice.at && wants(one, about));
      };
      for (const notice of open.length > 0 ? await options.onPaper() : []) {
        const event = isWanted(notice) ? await eventFor(notice) : undefined;
        if (event) await outbox.put(event, JSON.stringify(event), now(), true);
      }
    } catch (error) {
      logger.warn({ err: error }, 'whether an earlier life of this process told all that happened is not known');
    }
  };

  /** @returns the ids of those who are owed it; undefined when it could not be kept. */
  const keep = async (event: EventBody, body: string): Promise<readonly string[] | undefined> => {
    try {
      return await outbox.put(event, body, now() + LEASE_MS);
    } catch (error) {
      logger.warn({ err: error, event: event.id, type: event.type }, 'an event is sent without being kept');
      return undefined;
    }
  };

  return {
    subscriptions,
    backlog: () => outbox.backlog(),
    async start() {
      await catchUp();
      await upkeep.start();
    },

    async tell(notice) {
      const event = await eventFor(notice);
      if (!event) return;
      const body = JSON.stringify(event);
      const owed = await keep(event, body);
      if (owed) {
        for (const subscription of owed) bring({ subscription, event: event.id });
        return;
      }
      for (const subscription of subscriptions.known().filter((one) => wants(one, event))) {
        const ids = { subscription: subscription.id, event: event.id };
        direct.bring(ids, () => deliveries.deliverUnkept({ subscription, event, body, attempts: 0 }));
      }
    },

    async deliver(ids) {
      if ((await deliveries.deliver(ids)) === 'again') throw new TryAgain('an event was not taken');
    },

    async close() {
      direct.close();
      await upkeep.close();
      await deliveries.close(GRACE_MS);
      poster.close();
    },
  };
}

/** As one of the channels over which everything is told; what is told before there are events waits. */
export const eventsChannel = (events: () => Events | undefined): Channel => ({
  name: 'events',
  async tell(notice) {
    const known = events();
    if (!known) return 'retry';
    await known.tell(notice);
    return 'told';
  },
});
