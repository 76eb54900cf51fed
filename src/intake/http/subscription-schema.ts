import { z } from 'zod';
import { EVENT_TYPES } from '../../notify/events/event';
import { isNoReceiver } from '../../notify/events/receiver-address';
import { reasons } from '../../orders/reasons';
import { drill } from './drill-schema';
import { figures } from './spend-schema';

/** What programs ask for when they want to be told of events, and what they are sent then. See docs/events.md. */

const time = z.iso.datetime();
const scopeName = z.string().min(1).max(32);
const eventType = z.enum(EVENT_TYPES);
const MAX_URL = 2_000;

export const subscriptionBody = z.strictObject({
  url: z
    .url({ protocol: /^https?$/, error: 'write an http:// or https:// address' })
    .max(MAX_URL)
    .refine((url) => !URL.canParse(url) || !isNoReceiver(new URL(url).hostname), {
      error: "no receiver's address: link-local, a cloud's metadata, multicast or unspecified",
    })
    .describe('Where events are posted. One subscription for each token and address: the same one again replaces it.'),
  events: z.array(eventType).min(1).max(EVENT_TYPES.length).describe('Which ones.'),
  scopes: z
    .array(scopeName)
    .min(1)
    .max(100)
    .optional()
    .describe('Only events of these scopes, and those that are of none. Left out: all.'),
});

export const subscriptionPath = z.strictObject({ id: z.uuid() });

const subscription = z.object({
  id: z.string(),
  url: z.string(),
  events: z.array(eventType),
  scopes: z.array(z.string()).optional(),
  createdAt: time,
  lastDelivery: z
    .object({ at: time, ok: z.boolean(), status: z.int().optional().describe('Missing when nobody answered.') })
    .optional()
    .describe('The newest try.'),
  failingSince: time.optional().describe('Nothing was taken since then.'),
});

const newSubscription = subscription
  .extend({ secret: z.string().describe('Signs what is sent. Given this once.') })
  .describe('A subscription that was just made.');

const subscriptionList = z.object({ subscriptions: z.array(subscription) });

const fallbackDecision = z
  .object({
    name: z.string(),
    state: z
      .enum(['primary', 'asked', 'fallback'])
      .describe(
        'primary: the fallback is out of the gateway. asked: a person may permit it. fallback: it is permitted.',
      ),
    before: z.enum(['primary', 'asked', 'fallback', 'forbidden']).optional().describe('What it was until then.'),
    order: z.int().min(1).describe('Number of the decision, of the same count as the orders.'),
    until: time.optional().describe('When the time of the permit is up.'),
    by: z.string().describe('Who decided: an operator, `token:<name>`, or `watcher`.'),
    why: z.string(),
  })
  .describe('What was decided about a fallback (type fallback).');

const event = z
  .object({
    id: z.uuid().describe('The same in each try: what came before is known by it.'),
    type: eventType,
    at: time,
    text: z.string().describe('One line for a person.'),
    scope: z.string().optional(),
    order: z.int().min(1).optional().describe('Number of the order.'),
    incident: z.int().min(1).optional().describe('Number of the sever that opened the incident.'),
    source: z.enum(['sms', 'api', 'console', 'tripwire']).optional().describe('Through which door the order came.'),
    by: z.string().optional().describe('Who ordered; of a refusal: who it was said to be.'),
    reason: z.string().optional().describe('Why it was ordered, where somebody said so.'),
    refusal: z.enum(Object.keys(reasons)).optional().describe('Why it was refused (type refused).'),
    state: z.enum(['raised', 'cleared']).optional().describe('Whether it begins or is over (type trouble).'),
    figures: figures.optional(),
    observed: z.literal(true).optional().describe('The tripwire only observes: nothing was cut (type tripped).'),
    drill: drill.optional(),
    fallback: fallbackDecision.optional(),
  })
  .describe('One event, as it is posted to a subscriber.');

export const subscriptionComponents = {
  Subscription: subscription,
  NewSubscription: newSubscription,
  SubscriptionList: subscriptionList,
  Event: event,
};

export type SubscriptionAnswer = z.input<typeof subscription>;
