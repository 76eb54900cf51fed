import type { Subscription } from '../../notify/events/subscription';
import type { Subscriptions } from '../../notify/events/subscriptions';
import type { Handlers } from './router';
import type { SubscriptionAnswer } from './subscription-schema';

type Own = 'subscribe' | 'listSubscriptions' | 'getSubscription' | 'unsubscribe';

/** Who wants to be told of events. A token sees those that it made, and of others not even that they are there. */
export function subscriptionHandlers(subscriptions: Pick<Subscriptions, 'create' | 'of' | 'end'>): Pick<Handlers, Own> {
  return {
    subscribe: async ({ body: { url, events, scopes }, bearer }) => {
      const made = await subscriptions.create(bearer.name, {
        url,
        events,
        ...(scopes === undefined ? {} : { scopes }),
      });
      if ('refused' in made) return made;
      const headers = { location: `/api/v1/subscriptions/${made.id}` };
      return { status: 201, body: { ...subscriptionAnswer(made), secret: made.secret }, headers };
    },

    listSubscriptions: async ({ bearer }) => {
      const own = await subscriptions.of(bearer.name);
      return { status: 200, body: { subscriptions: own.map(subscriptionAnswer) } };
    },

    getSubscription: async ({ params: { id }, bearer }) => {
      const found = (await subscriptions.of(bearer.name)).find((one) => one.id === id);
      return found ? { status: 200, body: subscriptionAnswer(found) } : { refused: 'not-found' };
    },

    unsubscribe: async ({ params: { id }, bearer }) =>
      (await subscriptions.end(bearer.name, id)) ? { status: 204, body: undefined } : { refused: 'not-found' },
  };
}

const time = (at: number): string => new Date(at).toISOString();

/** Field by field, as in `views`: without the secret, which is given once. */
function subscriptionAnswer(subscription: Subscription): SubscriptionAnswer {
  const { id, url, events, scopes, createdAt, lastDelivery: last, failingSince } = subscription;
  return {
    ...{ id, url, events: [...events], scopes: scopes && [...scopes], createdAt: time(createdAt) },
    lastDelivery: last && { at: time(last.at), ok: last.ok, status: last.status },
    failingSince: failingSince === undefined ? undefined : time(failingSince),
  };
}
