import type { Logger } from 'pino';
import type { Clock } from '../../clock';
import type { Config } from '../../config/schema';
import { outcomeText } from '../../notify/outcome-text';
import { type Desk, isFinal, type Outcome, type Proof, type Receipt } from '../../orders/desk';
import { DRILL_PHONE } from '../../orders/drill';
import type { Action, Order } from '../../orders/order';
import { Recent } from './recent';
import type { Answer, Results, TextMessage } from './text-message';
import { acceptedText, failedText, malformedCodeText, pendingText, refusalText, workingText } from './texts';

export interface OrderingOptions {
  readonly config: Pick<Config, 'bounds'>;
  readonly desk: Desk;
  readonly results: Results;
  /** Texts somebody by the provider's API: for what the answer to the webhook came too early. Must not throw. */
  readonly say: (to: string, text: string) => void;
  /** Tells all operators over the other channels. The same key is the same thing said again. Must not throw. */
  readonly alarm: (key: string, text: string) => void;
  /** Aborted when Pullcord goes down: what isn't seen by then is told after the next start. */
  readonly closing: AbortSignal;
  readonly logger: Logger;
  readonly now: Clock;
}

/** What a text message orders. */
export interface Wish {
  readonly action: Action;
  readonly scope: string;
  readonly proof: Proof;
  /** How many digits stood in the message, for a word about those that are no code. */
  readonly digits: number;
  /** Whether the sender is no operator: then mistakes are answered with silence. */
  readonly stranger: boolean;
}

/** What is kept back of the time for an answer, so that an outcome which says what is missing comes before the end. */
const OUTCOME_SLACK_MS = 100;

/** Of how many messages it is remembered that a late word was said. */
const REMEMBERED = 500;

const LATE = Symbol('late');

/**
 * Puts an order to the desk and answers within `bounds.replyMs` of the message's arrival: with the result when it was
 * seen by then, else with how far it is, and the result follows. The order itself is never given up for being late.
 */
export function createOrdering(options: OrderingOptions): (message: TextMessage, wish: Wish) => Promise<Answer> {
  const { config, desk, results, say, alarm, closing, logger, now } = options;
  const { replyMs } = config.bounds;
  // A message that is delivered again, by whichever door, waits for the same word.
  const saidLate = new Recent<true>(REMEMBERED);

  return async (message, wish) => {
    const { action, scope } = wish;
    const { id: correlation, from: replyTo, arrivedAt } = message;
    const left = (): number => Math.min(replyMs, Math.max(0, arrivedAt + replyMs - now()));
    const receipt = desk.order(
      {
        ...{ key: `sms:${correlation}`, action, scope, source: 'sms', correlation },
        ...(replyTo === DRILL_PHONE ? {} : { replyTo }),
      },
      wish.proof,
    );
    const failed = (error: unknown): string => {
      logger.error({ err: error, correlation }, 'the desk failed');
      alarm('sms desk', failedText(action, scope));
      return failedText(action, scope);
    };
    try {
      const inTime = await before(left(), receipt);
      if (inTime !== LATE) return await answer(inTime);
    } catch (error) {
      return toSender(failed(error));
    }
    receipt.then(answerLate).catch((error) => sayLate(failed(error)));
    return toSender(workingText(action, scope));

    function toSender(text: string): Answer {
      return wish.stranger ? {} : { text };
    }
    function sayLate(text: string): void {
      if (wish.stranger) return;
      saidLate.take(correlation, () => {
        say(replyTo, text);
        return true;
      });
    }
    function answerLate(late: Receipt): void {
      if (late.kind === 'accepted' || late.kind === 'repeated') results.follow(late.order);
      else sayLate(late.kind === 'pending' ? pendingText(late) : refusedText(late, wish));
    }
    async function answer(inTime: Receipt): Promise<Answer> {
      if (inTime.kind === 'pending') return toSender(pendingText(inTime));
      if (inTime.kind === 'refused') return { ...toSender(refusedText(inTime, wish)), refused: inTime.refused };
      const { order } = inTime;
      const outcome = await outcomeOf(order);
      if (outcome !== undefined && isFinal(outcome)) return { text: outcomeText(order, outcome), tells: order, order };
      results.follow(order);
      return { text: outcome === undefined ? acceptedText(order) : outcomeText(order, outcome), order };
    }
    /** From here on the order stands, whatever happens: the answer says so. */
    async function outcomeOf(order: Order): Promise<Outcome | undefined> {
      try {
        const seen = await before(left(), desk.outcome(order, Math.max(0, left() - OUTCOME_SLACK_MS)), closing);
        return seen === LATE ? undefined : seen;
      } catch (error) {
        logger.error({ err: error, correlation, order: order.number }, 'an outcome could not be told');
        return undefined;
      }
    }
  };
}

const refusedText = (refusal: Extract<Receipt, { kind: 'refused' }>, { digits }: Wish): string =>
  refusal.refused === 'code-missing' && digits > 0 ? malformedCodeText(digits) : refusalText(refusal);

/** What comes within `ms` milliseconds and before the signal. What comes later is left to others. */
async function before<T>(ms: number, wanted: Promise<T>, signal?: AbortSignal): Promise<T | typeof LATE> {
  let giveUp = (): void => undefined;
  const late = new Promise<typeof LATE>((resolve) => {
    giveUp = () => resolve(LATE);
  });
  const timer = setTimeout(giveUp, ms);
  if (signal?.aborted) giveUp();
  signal?.addEventListener('abort', giveUp);
  try {
    return await Promise.race([wanted, late]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', giveUp);
  }
}
