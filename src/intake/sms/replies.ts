import { replyEntries } from '../../desk/reply-entry';
import type { Entry } from '../../ledger/store';
import { outcomeText } from '../../notify/outcome-text';
import type { Desk } from '../../orders/desk';
import { DRILL_PHONE } from '../../orders/drill';
import type { Order } from '../../orders/order';
import type { Sender } from './sender';

/** Orders whose sender was told. */
const REMEMBERED = 1_000;

export interface RepliesOptions {
  /** Undefined when no provider is configured. */
  readonly sender: Sender | undefined;
  readonly desk: Pick<Desk, 'outcome'>;
  readonly alarm: (key: string, text: string) => void;
  /** Puts a line on paper. Must not throw. */
  readonly note: (entry: Entry) => void;
}

export interface Replies {
  /** Texts how the order stands now. @throws Error when it may get through later. */
  tell(order: Order): Promise<void>;
  /**
   * The same, once for an order: the queue hands the same job over again when it doubts, and whoever can write to it
   * whenever they like. @throws Error when it may get through later.
   */
  tellOnce(order: Order): Promise<void>;
  /** Texts somebody, once. Never throws. */
  say(to: string, text: string): Promise<void>;
}

/**
 * Texts by the provider's API, and never a drill, which has no phone. What can't be texted is an alarm: over the other
 * channels somebody hears of it.
 */
export function createReplies({ sender, desk, alarm, note }: RepliesOptions): Replies {
  const told = new Set<string>();

  async function tell(order: Order): Promise<void> {
    if (!sender || order.replyTo === undefined || order.replyTo === DRILL_PHONE) return;
    const text = outcomeText(order, await desk.outcome(order, 0));
    const sent = await sender.send(order.replyTo, text);
    if (sent.ok) {
      for (const entry of replyEntries(order, text)) note(entry);
      return;
    }
    if (sent.retry) throw new Error(`the reply to order ${order.number} was not taken: ${sent.advice}`);
    alarm(`reply ${order.key}`, `${sent.advice} Not sent: ${text}`);
  }

  return {
    tell,
    async tellOnce(order) {
      if (told.has(order.key)) return;
      told.add(order.key);
      const [oldest] = told;
      if (told.size > REMEMBERED && oldest !== undefined) told.delete(oldest);
      try {
        await tell(order);
      } catch (error) {
        told.delete(order.key);
        throw error;
      }
    },
    async say(to, text) {
      if (to === DRILL_PHONE) return;
      const sent = await sender?.send(to, text);
      if (sent && !sent.ok) alarm(`text ${to}`, `${sent.advice} Not sent: ${text}`);
    },
  };
}
