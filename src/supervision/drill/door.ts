import { randomBytes } from 'node:crypto';
import { getExpectedTwilioSignature } from 'twilio/lib/webhooks/webhooks';
import type { Config } from '../../config/schema';
import { signedUrl, type TwilioConfig } from '../../intake/sms/twilio-message';
import { DRILL_PHONE } from '../../orders/drill';
import { ask, type Came } from '../checks/ask';
import { reachable } from '../checks/service';

/** What came of a text. */
export interface Texted {
  /** By which way it went, in words. */
  readonly way: string;
  /** What a phone would have been answered. */
  readonly reply: string;
}

export interface DrillDoor {
  /**
   * Sends a signed text as Twilio does.
   * @param id MessageSid: the same one is the same message, by whichever way it comes.
   * @throws Error when Pullcord's own listener doesn't take it
   */
  text(body: string, id: string): Promise<Texted>;
}

export interface DrillDoorOptions {
  readonly config: Pick<Config, 'publicUrl' | 'sms'>;
  /** Pullcord's own public listener, `http://address:port`. */
  readonly listenerUrl: string;
  /** Milliseconds. */
  readonly publicMs?: number;
  readonly ownMs?: number;
}

/** Behind NAT the own public address is often a black hole: a STOP is not to wait for long before it goes the other way. */
const PUBLIC_MS = 3_000;
/** Beyond the longest time that the door takes for its answer. */
const OWN_MS = 15_000;

export const newMessageSid = (): string => `SM${randomBytes(16).toString('hex')}`;

/**
 * Takes the way from the internet where it can be gone from here, else straight to the own listener, and says which.
 * That the public address can't be reached from inside proves nothing about outside, so it fails no drill.
 * Undefined where no provider is configured.
 */
export function createDrillDoor(options: DrillDoorOptions): DrillDoor | undefined {
  const { config, listenerUrl, publicMs = PUBLIC_MS, ownMs = OWN_MS } = options;
  const { twilio } = config.sms;
  if (!twilio) return undefined;
  const url = signedUrl(config);
  const own = `http://${reachable(listenerUrl.replace(/^http:\/\//, ''))}/sms/twilio`;
  /** Why the public address is not tried again in this drill. */
  let detour: string | undefined;

  return {
    async text(body, id) {
      const message = signed(url, twilio, body, id);
      if (detour === undefined) {
        const came = await post(url, message, publicMs);
        const reply = replyIn(came);
        if (reply !== undefined) return { way: 'by publicUrl', reply };
        detour = `by the own listener, for from here publicUrl ${howItFailed(came)}`;
      }
      const came = await post(own, message, ownMs);
      const reply = replyIn(came);
      if (reply === undefined) throw new Error(`the own listener ${howItFailed(came)}: see the ledger for the refusal`);
      return { way: detour, reply };
    },
  };
}

interface Message {
  readonly signature: string;
  readonly form: string;
}

function signed(url: string, { accountSid, authTokens, numbers }: TwilioConfig, body: string, id: string): Message {
  const fields = {
    ...{ MessageSid: id, SmsMessageSid: id, SmsSid: id, AccountSid: accountSid, SmsStatus: 'received' },
    ...{ From: DRILL_PHONE, To: numbers[0] ?? '', Body: body, NumMedia: '0', NumSegments: '1' },
    ApiVersion: '2010-04-01',
  };
  const signature = getExpectedTwilioSignature(authTokens[0] ?? '', url, fields);
  return { signature, form: new URLSearchParams(fields).toString() };
}

const post = (url: string, { signature, form }: Message, ms: number): Promise<Came> =>
  ask(ms, {
    ...{ method: 'post', url, data: form, responseType: 'text' },
    headers: {
      'content-type': 'application/x-www-form-urlencoded; charset=UTF-8',
      'x-twilio-signature': signature,
      'user-agent': 'pullcord-drill',
    },
  });

/** Undefined when it isn't Pullcord that answered, or when it said nothing: the operator of a drill is known to its own instance alone. */
function replyIn(came: Came): string | undefined {
  if ('code' in came || came.status !== 200) return undefined;
  return /<Response><Message>([^<]+)<\/Message><\/Response>\s*$/.exec(String(came.data))?.[1];
}

function howItFailed(came: Came): string {
  if ('code' in came) return `can't be reached (${came.code})`;
  if (came.status !== 200) return `answers ${came.status}`;
  return /<Response><\/Response>\s*$/.test(String(came.data))
    ? 'led to another instance, which took the signature and knows of no drill'
    : 'is answered by somebody else';
}
