import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { EventBody, EventType } from '../../src/notify/events/event';
import { type Received, type Receiver, startReceiver } from './receiver';

/** A program that subscribes, with a token of its own, and checks what it gets as docs/events.md says. */
export interface Subscriber {
  readonly receiver: Receiver;
  readonly id: string;
  readonly secret: string;
  /** What came, with a good signature, in the order in which it came; repetitions too. */
  events(): EventBody[];
  types(): EventType[];
  close(): Promise<void>;
}

export const EVENTS_TOKEN = 'a-token-for-events';
export const eventsToken = (name = 'n8n', token = EVENTS_TOKEN) => ({
  ...{ name, sha256: createHash('sha256').update(token).digest('hex'), rights: ['events' as const] },
});

export const bearing = (token = EVENTS_TOKEN) => ({
  ...{ authorization: `Bearer ${token}`, 'content-type': 'application/json' },
});

export async function subscribe(
  internalUrl: string,
  events: readonly EventType[],
  options: { readonly scopes?: readonly string[]; readonly receiver?: Receiver } = {},
): Promise<Subscriber> {
  const receiver = options.receiver ?? (await startReceiver());
  const answer = await fetch(`${internalUrl}/api/v1/subscriptions`, {
    method: 'POST',
    headers: bearing(),
    body: JSON.stringify({ url: receiver.url, events, ...(options.scopes ? { scopes: options.scopes } : {}) }),
  });
  const made = (await answer.json()) as { id: string; secret: string };
  if (answer.status !== 201) throw new Error(`not subscribed: ${answer.status} ${JSON.stringify(made)}`);
  const events_ = (): EventBody[] =>
    receiver.received.filter((one) => isSigned(one, made.secret)).map(({ body }) => body as unknown as EventBody);
  return {
    ...{ receiver, id: made.id, secret: made.secret, events: events_, close: () => receiver.close() },
    types: () => events_().map(({ type }) => type),
  };
}

/** The check of a receiver: over the raw body, in constant time. The age is left out: tests move the clock. */
export function isSigned({ headers, raw }: Received, secret: string): boolean {
  const [, t, v1 = ''] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers['x-pullcord-signature'])) ?? [];
  const mac = createHmac('sha256', secret).update(`${t}.${raw}`).digest();
  const sent = Buffer.from(v1, 'hex');
  return sent.length === mac.length && timingSafeEqual(sent, mac);
}
