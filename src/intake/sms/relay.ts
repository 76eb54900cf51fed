import type { Logger } from 'pino';
import type { Clock } from '../../clock';
import type { Desk } from '../../orders/desk';
import type { Refusal, RefusalReason } from '../../orders/reasons';
import type { Form } from './form';
import type { Conversation, Heard, Results, TextMessage } from './text-message';
import { isSigned, looksSigned, readMessage, relayedUrls, type TwilioConfig, withoutFragment } from './twilio-message';
import type { Ways } from './ways';

/** A message of Twilio's, as a program hands it on that Twilio called. */
export interface Relayed {
  /** The address at which that program says it was called. Never believed: it is for a helpful refusal alone. */
  readonly url?: string | undefined;
  /** X-Twilio-Signature. */
  readonly signature: string;
  readonly form: Form;
  /** Name of the token that the program bears. */
  readonly token: string;
  /** Of the request that relays. */
  readonly correlation: string;
}

/** What the program that relays is told. The person is texted. */
export interface RelayReceipt {
  readonly understood: Heard['understood'];
  /** Number of the order that the message led to, if it is known yet. */
  readonly order?: number;
  /** Why it led to none. */
  readonly refused?: RefusalReason;
  /** What the sender is told. */
  readonly text?: string;
}

export type Relay = (relayed: Relayed) => Promise<{ readonly receipt: RelayReceipt } | Refusal>;

export interface RelayOptions {
  readonly twilio: TwilioConfig;
  readonly desk: Pick<Desk, 'refused'>;
  readonly converse: Conversation;
  readonly ways: Ways;
  readonly results: Results;
  /** Texts somebody by the provider's API. Must not throw. */
  readonly say: (to: string, text: string) => void;
  readonly logger: Logger;
  readonly now: Clock;
}

/**
 * The second door for text messages: a program, n8n for instance, hands on what Twilio sent to it. Fails towards
 * "refused": who relays is not believed, so that all that the first door checks is checked again, against addresses
 * of our own configuration. The sender is texted by us, so that the answer doesn't depend on the program.
 */
export function createRelay({ twilio, desk, converse, ways, results, say, logger, now }: RelayOptions): Relay {
  const urls = relayedUrls(twilio);

  return async ({ url, signature, form, token, correlation }) => {
    const arrivedAt = now();
    const refuse = (refusal: Refusal, data: Readonly<Record<string, string>> = {}): Refusal => {
      desk.refused(refusal.refused, { door: 'relay', token, correlation, ...data });
      return refusal;
    };
    if (!looksSigned(signature) || !urls.some((one) => isSigned(twilio.authTokens, signature, one, form)))
      return refuse({ refused: 'bad-signature', detail: signatureAdvice(url, urls) });
    const read = readMessage(form, twilio, { door: 'relay', arrivedAt });
    if ('refused' in read) {
      const { fields } = read.data;
      return refuse({ refused: read.refused, ...(fields ? { detail: `Of params: ${fields}.` } : {}) }, read.data);
    }
    logger.info({ correlation: read.message.id, token, request: correlation }, 'relayed');
    const heard = await converse(read.message);
    tellOnce(read.message, heard);
    const { understood, order, refused, text } = heard;
    return {
      receipt: {
        understood,
        // A stop that the ledger doesn't know yet has no number.
        ...(order && order.number > 0 ? { order: order.number } : {}),
        ...(refused ? { refused } : {}),
        ...(text === undefined ? {} : { text }),
      },
    };
  };

  function tellOnce({ id, from }: TextMessage, { text, tells }: Heard): void {
    if (!ways.take(id, 'api').first) return;
    if (text === undefined) {
      // An opt-out: the others were told what came of it.
      if (tells)
        results.told(tells).catch((error) => {
          logger.warn({ err: error, correlation: id }, 'a result may be told again: it could not be noted');
        });
    } else if (tells) results.follow(tells);
    else say(from, text);
  }
}

function signatureAdvice(url: string | undefined, urls: readonly string[]): string {
  if (urls.length === 0)
    return 'Nobody may relay yet: set sms.twilio.relayUrls to the address of the webhook that Twilio calls.';
  const configured = `the ${urls.length} in sms.twilio.relayUrls`;
  if (url !== undefined && !urls.map(bare).includes(bare(withoutFragment(url))))
    return `The url that was sent is none of ${configured}. Set there what Twilio calls, letter by letter.`;
  return `Twilio signed this for none of ${configured}. Hand on every parameter as it came, with its signature.`;
}

/** Twilio's signature holds with the default port and without. */
const bare = (url: string): string => url.replace(/^(https:\/\/[^/?]*?):443(?=[/?]|$)/i, '$1');
