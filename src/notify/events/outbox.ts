import type { EventBody } from './event';
import type { Subscription } from './subscription';

/** One event that is owed to one subscription. */
export interface DeliveryIds {
  readonly subscription: string;
  readonly event: string;
}

export interface Delivery {
  readonly subscription: Subscription;
  readonly event: Pick<EventBody, 'id' | 'type'>;
  /** What is sent, byte for byte. */
  readonly body: string;
  /** How often it was tried and not taken. */
  readonly attempts: number;
}

export interface Owed {
  readonly deliveries: number;
  /** Of the oldest event that is owed to anybody. Epoch, in milliseconds. */
  readonly oldestAt: number | undefined;
}

/** All subscriptions, oldest first. */
export interface Kept {
  readonly open: readonly Subscription[];
  /** Those that this key does not open. */
  readonly sealed: readonly Pick<Subscription, 'id' | 'token'>[];
}

/**
 * Subscriptions, events, and what is owed to whom: kept beside the ledger. An event and what is owed of it are written
 * at once or not at all. Times are epochs in milliseconds. Every call is bounded in time and throws `StoreUnavailable`.
 */
export interface Outbox {
  subscriptions(): Promise<Kept>;
  /**
   * Compare-and-set: adds it, and ends those that it replaces, which leave it what they are owed.
   * @param seen the ids of all subscriptions upon which that was decided, sealed ones too.
   * @returns false when there are others by now.
   */
  subscribe(added: Subscription, replaced: readonly string[], seen: readonly string[]): Promise<boolean>;
  /** @returns false when it was not there any more. */
  end(subscription: string): Promise<boolean>;
  /**
   * Keeps the event if anybody wants it and it isn't kept yet. @returns the ids of those who are owed it by that.
   * @param past it happened before now: it is owed to those alone who had asked for it by then.
   */
  put(event: EventBody, body: string, dueAt: number, past?: boolean): Promise<readonly string[]>;
  /** Undefined when it is not owed, or not any more. */
  owed(ids: DeliveryIds): Promise<Delivery | undefined>;
  /** It was taken: owed no more. When the subscription had been failing, what waits for it is due now. */
  taken(ids: DeliveryIds, at: number, status: number): Promise<void>;
  /** One more try was in vain. */
  failed(ids: DeliveryIds, at: number, status: number | undefined, dueAt: number): Promise<void>;
  /** What is due, oldest first, at most so many of each subscription; due again at `leaseUntil` unless it is dealt with. */
  claim(now: number, leaseUntil: number, perSubscription: number, only?: string): Promise<readonly DeliveryIds[]>;
  /** What is owed, and since when. */
  backlog(): Promise<Owed>;
  /** Makes all that is owed due now. */
  wake(now: number): Promise<void>;
  /** Forgets events from before `before`, and all but the newest `newest`. @returns deliveries that were still owed. */
  prune(before: number, newest: number): Promise<number>;
}
