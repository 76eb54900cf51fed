import type { Logger } from 'pino';
import type { Clock } from '../../clock';
import { type Jobs, TryAgain } from '../../queue/jobs';
import type { Channel, Notice } from '../channel';
import { Deliveries, type Result } from './deliveries';
import { Direct } from './direct';
import type { AboutOrder, EventBody } from './event';
import { eventOf, typeOf } from './from-notice';
import type { DeliveryIds, Outbox } from './outbox';
import type { Poster } from './post';
import { KEPT, KEPT_MS, LEASE_MS } from './schedule';
import { hostOf, type Subscription, wants } from './subscription';
import { Subscriptions, type SubscriptionsOptions } from './subscriptions';

/** How often it is looked for what nobody takes care of. Milliseconds. */
const LOOK_MS = 15_000;
/** Of one subscription in each look: one that was away for a day comes in by what follows upon each success. */
const PER_LOOK = 2;
/** A receiver that takes nothing for so long is told to people. Milliseconds. */
const FAILING_MS = 24 * 60 * 60_000;
/** How long what is under way may go on at the end. Milliseconds. */
const GRACE_MS = 500;

export interface EventsOptions extends Omit<SubscriptionsOptions, 'outbox'> {
  readonly outbox: Outbox;
  readonly poster: Poster;
  readonly jobs: Pick<Jobs, 'add'>;
  /** Names of the tokens that may have events sent to them. */
  readonly tokens: readonly string[];
  /** What the ledger knows of an order. */
  readonly aboutOrder: (number: number) => Promise<AboutOrder | undefined>;
  /** Whether the scope is the one that drills sever. */
  readonly isRehearsal: (scope: string) => boolean;
  readonly trouble: (key: string, text: string) => void;
  readonly cleared: (key: string, text: string) => void;
  readonly logger: Logger;
  readonly now: Clock;
  /** Milliseconds. */
  readonly lookMs?: number;
}

/** Events, and who is told of them. */
export interface Events {
  readonly subscriptions: Subscriptions;
  /** Takes up what is owed. Never throws. */
  start(): Promise<void>;
  /** Keeps the event for those who want it, and sets its delivery off. Never throws; bounded by the outbox and the queue. */
  tell(notice: Notice): Promise<void>;
  /** The queue's handler. @throws TryAgain, StoreUnavailable */
  deliver(ids: DeliveryIds): Promise<void>;
  close(): Promise<void>;
}

/**
 * Tells programs what happens. Nothing waits for it, and no order depends on it. Fails towards telling: an event is kept
 * with what is owed of it before anybody is asked to deliver it; without the queue it is delivered from here, without
 * the database from memory, to those that were known last.
 */
export function createEvents(options: EventsOptions): Events {
  const { outbox, poster, jobs, tokens, logger, now, randomId, isRehearsal, trouble, cleared } = options;
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
  const failing = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  let looking: Promise<void> | undefined;
  let closed = false;
  let away = false;

  const keep = async (event: EventBody, body: string): Promise<readonly string[] | undefined> => {
    try {
      return await outbox.put(event, body, now() + LEASE_MS);
    } catch (error) {
      logger.warn({ err: error, event: event.id }, 'an event could not be kept: it is sent to those who are known');
      return undefined;
    }
  };

  const watchFailing = (all: readonly Subscription[]): void => {
    const bad = all.filter(({ failingSince }) => failingSince !== undefined && now() - failingSince >= FAILING_MS);
    for (const one of bad)
      trouble(
        troubleOf(one.id),
        `${hostOf(one)} has taken no event for the token ${one.token} for a day. Look at its log, or end the subscription.`,
      );
    for (const id of failing)
      if (!bad.some((one) => one.id === id)) cleared(troubleOf(id), 'A subscriber takes events again, or has ended.');
    failing.clear();
    for (const { id } of bad) failing.add(id);
  };

  const lookOnce = async (): Promise<void> => {
    try {
      watchFailing(await subscriptions.refresh());
      const lost = await outbox.prune(now() - KEPT_MS, KEPT);
      if (lost > 0) logger.error({ deliveries: lost }, 'events were forgotten that nobody had taken');
      for (const ids of await outbox.claim(now(), now() + LEASE_MS, PER_LOOK)) bring(ids);
      away = false;
    } catch (error) {
      if (!away && !closed) logger.warn({ err: error }, 'what is owed to subscribers could not be looked up');
      away = true;
    }
  };
  const look = (): void => {
    looking ??= lookOnce().finally(() => {
      looking = undefined;
    });
  };

  /** Who took a name out of the configuration means it. */
  const endStrangers = async (): Promise<void> => {
    for (const one of await subscriptions.refresh())
      if (!tokens.includes(one.token)) await subscriptions.remove(one, 'no token of that name may have events');
  };

  return {
    subscriptions,
    async start() {
      try {
        await endStrangers();
        await outbox.wake(now());
      } catch (error) {
        logger.warn({ err: error }, 'what is owed to subscribers could not be taken up yet');
      }
      if (closed) return;
      look();
      timer = setInterval(look, options.lookMs ?? LOOK_MS).unref();
    },

    async tell(notice) {
      const type = typeOf(notice, isRehearsal);
      if (type === undefined) return;
      const { order = 0 } = notice;
      const about = order > 0 ? await options.aboutOrder(order).catch(() => undefined) : undefined;
      const event = eventOf(notice, type, randomId(), about);
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
      const result: Result = await deliveries.deliver(ids);
      if (result === 'again') throw new TryAgain('an event was not taken');
    },

    async close() {
      closed = true;
      clearInterval(timer);
      direct.close();
      await looking;
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

const troubleOf = (id: string): string => `subscription ${id}`;
