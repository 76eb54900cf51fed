import type { Logger } from 'pino';
import type { Clock } from '../../clock';
import type { Config } from '../../config/schema';
import type { FallbackNow, FallbackReceipt, FallbackWish } from '../../fallback';
import { plain, segment } from '../../notify/segment';
import type { Proof } from '../../orders/desk';
import type { Refusal } from '../../orders/reasons';
import type { Wish } from '../../orders/words';
import type { Answer, TextMessage } from './text-message';
import { failedText, malformedCodeText, refusalText } from './texts';

/** What text messages need of fallbacks. */
export interface FallbackDoor {
  order(wish: FallbackWish, proof: Proof): Promise<FallbackReceipt>;
  all(): readonly FallbackNow[];
  seen(name: string, order: number, waitMs: number): Promise<boolean>;
}

export interface FallbackWishesOptions {
  readonly config: Pick<Config, 'bounds'>;
  readonly fallbacks?: FallbackDoor | undefined;
  readonly logger: Logger;
  readonly now: Clock;
}

export interface TextedWish {
  readonly wish: Wish;
  /** Left out: the only one. */
  readonly fallback?: string;
  readonly code?: string;
  /** How many digits stood in the message. */
  readonly digits: number;
}

/** What is kept back of the time for an answer. Milliseconds. */
const SLACK_MS = 200;

/** FALLBACK and PRIMARY by text: answers within `bounds.replyMs` with what was decided, and whether it is seen. */
export function createFallbackWishes({ config, fallbacks, logger, now }: FallbackWishesOptions) {
  return async (message: TextMessage, { wish, fallback, code, digits }: TextedWish): Promise<Answer> => {
    const names = fallbacks?.all().map(({ name }) => name) ?? [];
    const name = fallback ?? (names.length === 1 ? names[0] : undefined);
    if (!fallbacks || name === undefined)
      return refusal({
        refused: 'no-fallback',
        ...(names.length > 1 ? { detail: `There are: ${names.join(', ')}.` } : {}),
      });
    const { id: correlation, from: phone, arrivedAt } = message;
    const proof = { kind: 'phone', phone, ...(code === undefined ? {} : { code }) } as const;
    let receipt: FallbackReceipt;
    try {
      receipt = await fallbacks.order(
        { key: `sms:${correlation}`, fallback: name, wish, source: 'sms', correlation },
        proof,
      );
    } catch (error) {
      logger.error({ err: error, correlation }, 'a wish about a fallback failed');
      return { text: failedText(wish, name) };
    }
    if (receipt.kind === 'refused')
      return receipt.refused === 'code-missing' && digits > 0
        ? { text: malformedCodeText(digits), refused: receipt.refused }
        : refusal(receipt);
    const order = receipt.kind === 'decided' ? receipt.permit.order : receipt.order;
    const left = Math.max(0, arrivedAt + config.bounds.replyMs - now() - SLACK_MS);
    const seen = await fallbacks.seen(name, order, left);
    const until = receipt.kind === 'decided' ? receipt.permit.until : undefined;
    return { text: wishText(name, wish, seen, until === undefined ? undefined : until - now()) };
  };
}

const refusal = (refused: Refusal): Answer => ({ text: refusalText(refused), refused: refused.refused });

function wishText(name: string, wish: Wish, seen: boolean, leftMs: number | undefined): string {
  const where = wish === 'fallback' ? 'ON FALLBACK' : 'PRIMARY alone';
  const minutes = leftMs === undefined ? undefined : Math.round(leftMs / 60_000);
  return segment([
    `${plain(name)}: ${where}${seen ? ', seen at every gateway.' : ', not seen at every gateway yet.'}`,
    ...(minutes === undefined ? [] : [`For ${minutes} min.`]),
    ...(wish === 'fallback' ? ['PRIMARY + code goes back.'] : []),
    ...(seen ? [] : ['STATUS shows how it stands.']),
  ]);
}
