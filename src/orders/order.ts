/** What an order does to a scope. */
export type Action = 'sever' | 'restore';

/** The door through which an order came. */
export type Source = 'sms' | 'api' | 'console' | 'tripwire' | 'drill';

/** Who orders when nobody does. No operator is called so. */
export const TRIPWIRE = 'tripwire' as const satisfies Source;

/** One instruction as a door hands it in: not yet authorised, not yet numbered. */
export interface OrderRequest {
  /** Names this request for ever: a MessageSid, an idempotency key. The same key is the same order. */
  readonly key: string;
  readonly action: Action;
  readonly scope: string;
  readonly source: Source;
  readonly reason?: string;
  /** Ties together the log lines from the message to the write. */
  readonly correlation: string;
  /** Where the result goes when it isn't there in time for the door's own answer (an E.164 number). */
  readonly replyTo?: string;
}

/** One accepted instruction. */
export interface Order {
  /** Only grows. A later order overtakes an earlier one. */
  readonly number: number;
  readonly key: string;
  readonly action: Action;
  readonly scope: string;
  readonly source: Source;
  /** Who ordered: an operator's name, or `token:<name>`, `openid:<name>`, `backup:<operator>`, or `tripwire`. */
  readonly by: string;
  readonly reason?: string;
  readonly correlation: string;
  readonly replyTo?: string;
  /** Epoch, in milliseconds. */
  readonly at: number;
}
