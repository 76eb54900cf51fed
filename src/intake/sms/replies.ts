import { outcomeText } from '../../notify/outcome-text';
import type { Desk } from '../../orders/desk';
import { DRILL_PHONE } from '../../orders/drill';
import type { Order } from '../../orders/order';
import type { Sender } from './sender';

export interface RepliesOptions {
  /** Undefined when no provider is configured. */
  readonly sender: Sender | undefined;
  readonly desk: Pick<Desk, 'outcome'>;
  readonly alarm: (key: string, text: string) => void;
}

export interface Replies {
  /** Texts how the order stands now. @throws Error when it may get through later. */
  tell(order: Order): Promise<void>;
  /** Texts somebody, once. Never throws. */
  say(to: string, text: string): Promise<void>;
}

/**
 * Texts by the provider's API, and never a drill, which has no phone. What can't be texted is an alarm: over the other
 * channels somebody hears of it.
 */
export function createReplies({ sender, desk, alarm }: RepliesOptions): Replies {
  return {
    async tell(order) {
      if (!sender || order.replyTo === undefined || order.replyTo === DRILL_PHONE) return;
      const text = outcomeText(order, await desk.outcome(order, 0));
      const sent = await sender.send(order.replyTo, text);
      if (sent.ok) return;
      if (sent.retry) throw new Error(`the reply to order ${order.number} was not taken: ${sent.advice}`);
      alarm(`reply ${order.key}`, `${sent.advice} Not sent: ${text}`);
    },
    async say(to, text) {
      if (to === DRILL_PHONE) return;
      const sent = await sender?.send(to, text);
      if (sent && !sent.ok) alarm(`text ${to}`, `${sent.advice} Not sent: ${text}`);
    },
  };
}
