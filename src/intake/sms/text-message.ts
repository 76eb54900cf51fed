import type { ParsedMessage } from '../../orders/grammar';
import type { Order } from '../../orders/order';
import type { RefusalReason } from '../../orders/reasons';

/** One text message, proven to come from the provider. Who sent it is not proven: a number can be forged. */
export interface TextMessage {
  /** The door that it came through, for the record: the provider's webhook, or a program that relays. */
  readonly door: 'sms' | 'relay';
  /** The provider's id: the same message has the same id, however often it is delivered. */
  readonly id: string;
  /** E.164. */
  readonly from: string;
  readonly body: string;
  /** When its request began to arrive. Epoch, in milliseconds. */
  readonly arrivedAt: number;
  /** The provider says that it took the message for an opt-out: nothing can be texted back. */
  readonly optOut: boolean;
}

/** What a door says back. */
export interface Answer {
  /** Nothing is said when there is none. */
  readonly text?: string;
  /** The order whose final result the text tells. */
  readonly tells?: Order;
  /** The order that the message led to, as soon as it is known. */
  readonly order?: Order;
  /** Why the message led to none. */
  readonly refused?: RefusalReason;
}

/** An answer, and what the message was taken for. */
export interface Heard extends Answer {
  readonly understood: ParsedMessage['kind'];
}

/** What all doors for text messages share: the same message is the same, whichever it comes through. */
export type Conversation = (message: TextMessage) => Promise<Heard>;

/** What becomes of results, when the door's answer is there too early to tell them. None of these throws. */
export interface Results {
  /** Send the result when it is there. Called again for the same order, it is sent once. */
  follow(order: Order): void;
  /** The result was told. @param text in these words, by the door itself. */
  told(order: Order, text?: string): Promise<void>;
}
