import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { getExpectedTwilioSignature } from 'twilio/lib/webhooks/webhooks';
import { isOptIn, optOutWords } from '../orders/words';
import { Inbox } from './inbox';
import { createRest, type Mishap, newSid, type TwilioSettings } from './twilio-rest';

/**
 * Twilio and the phones behind it, for the demo and the tests: texts go out as really signed webhooks with the fields
 * that Twilio sends, answers come in as TwiML or through the REST API. An opt-out word blocks a phone as it does at
 * Twilio: its webhook arrives, and every text to it fails with 21610 until START.
 */
export interface PhoneOptions {
  readonly accountSid: string;
  /** The primary token: Twilio signs with this one alone. */
  readonly authToken: string;
  /** E.164: the number that is texted. */
  readonly number: string;
  /** What is signed, as it is configured at Twilio; what follows # is Twilio's own. */
  readonly webhookUrl: string;
  /** Where it is sent, when that isn't the same: the address behind the proxy. */
  readonly deliverTo?: string | (() => string);
}

export interface TextResult {
  readonly messageSid: string;
  /** 0 when the webhook did not answer. */
  readonly status: number;
  /** What came back on the phone by the webhook's own answer. */
  readonly reply?: string;
  /** Why what was to come back didn't: Twilio's error code, as its debugger shows it. */
  readonly error?: 21610 | 11200 | 12100 | 12300;
}

/** A message as Twilio signs it for one address. */
export interface SignedMessage {
  readonly fields: Readonly<Record<string, string>>;
  readonly signature: string;
}

export interface Phone {
  /** For the sender: `createTwilioSender({ baseUrl })`. */
  readonly restUrl: string;
  /** As in the Twilio Console: what is changed there holds from the next message and call on. */
  readonly settings: TwilioSettings;
  /** How the next calls of the REST API go wrong. */
  readonly mishaps: Mishap[];
  /** @param fields replace or add to those that Twilio sends. */
  text(from: string, body: string, fields?: Readonly<Record<string, string>>): Promise<TextResult>;
  /** What Twilio would send to another address, a program's that relays: signed for that one, and not delivered. */
  signed(url: string, from: string, body: string, fields?: Readonly<Record<string, string>>): SignedMessage;
  /** Delivers a message again, as Twilio does when it got no answer: the same MessageSid, the same signature. */
  again(messageSid: string): Promise<TextResult>;
  inbox(phone: string): Inbox;
  /**
   * The next text on this phone that matches; those before it count as read.
   * @throws Error when none comes within `ms` milliseconds.
   */
  expectReply(phone: string, pattern: RegExp, ms?: number): Promise<string>;
  close(): Promise<void>;
}

/** Twilio's own answers (help.twilio.com/articles/223134027). */
const keywordReplies = {
  out: 'You have successfully been unsubscribed. You will not receive any more messages from this number. Reply START to resubscribe.',
  in: 'You have successfully been re-subscribed to messages from this number. Reply HELP for help. Reply STOP to unsubscribe. Msg&Data Rates May Apply.',
  help: 'Reply STOP to unsubscribe. Msg&Data Rates May Apply.',
} as const;

export async function startPhone(options: PhoneOptions): Promise<Phone> {
  const { accountSid, number, webhookUrl, deliverTo = webhookUrl } = options;
  const settings: TwilioSettings = { authToken: options.authToken, smsUrl: webhookUrl, smsMethod: 'POST' };
  const target = typeof deliverTo === 'function' ? deliverTo : (): string => deliverTo;
  const optedOut = new Set<string>();
  const inboxes = new Map<string, Inbox>();
  const sent = new Map<string, { readonly from: string; readonly form: string; readonly signature: string }>();
  const inbox = (phone: string): Inbox => {
    const known = inboxes.get(phone) ?? new Inbox();
    inboxes.set(phone, known);
    return known;
  };
  const rest = createRest({
    ...{ accountSid, numbers: [number], settings },
    optedOut: (to) => optedOut.has(to),
    deliver: (to, body) => inbox(to).put({ body, via: 'rest' }),
  });
  rest.server.listen(0, '127.0.0.1');
  await once(rest.server, 'listening');

  function keyword(from: string, body: string): void {
    const word = body.trim().toUpperCase();
    const reply = optOutWords.has(word)
      ? 'out'
      : isOptIn(word)
        ? 'in'
        : /^(HELP|INFO)$/.test(word)
          ? 'help'
          : undefined;
    if (reply === 'out') optedOut.add(from);
    if (reply === 'in') optedOut.delete(from);
    if (reply === 'out' || (reply && !optedOut.has(from)))
      inbox(from).put({ body: keywordReplies[reply], via: 'keyword' });
  }

  async function again(messageSid: string): Promise<TextResult> {
    const message = sent.get(messageSid);
    if (!message) throw new Error(`No message ${messageSid} was sent.`);
    const { from, form, signature } = message;
    const response = await fetch(target().replace(/#.*$/, ''), {
      method: 'POST',
      headers: {
        'content-type': 'application/x-www-form-urlencoded; charset=UTF-8',
        'user-agent': 'TwilioProxy/1.1',
        'x-twilio-signature': signature,
        'i-twilio-idempotency-token': randomUUID(),
      },
      body: form,
    }).catch(() => undefined);
    // Nobody there, or gone in the middle: Twilio calls both an HTTP retrieval failure.
    if (!response) return { messageSid, status: 0, error: 11200 };
    const result = { messageSid, status: response.status };
    const twiml = await response.text();
    if (!response.ok) return { ...result, error: 11200 };
    if (!/^(text|application)\/xml/.test(response.headers.get('content-type') ?? ''))
      return { ...result, error: 12300 };
    const reply = messageOf(twiml);
    if (reply === null) return { ...result, error: 12100 };
    if (reply === undefined) return result;
    if (optedOut.has(from)) return { ...result, error: 21610 };
    inbox(from).put({ body: reply, via: 'twiml' });
    return { ...result, reply };
  }

  const signed: Phone['signed'] = (url, from, body, fields = {}) => {
    const all = { ...usualFields(newSid('SM'), accountSid, from, number, body), ...fields };
    return { fields: all, signature: getExpectedTwilioSignature(settings.authToken, url.replace(/#.*$/, ''), all) };
  };

  return {
    restUrl: `http://127.0.0.1:${(rest.server.address() as AddressInfo).port}`,
    settings,
    mishaps: rest.mishaps,
    inbox,
    again,
    signed,
    expectReply: async (phone, pattern, ms) => (await inbox(phone).next(pattern, ms)).body,
    async text(from, body, fields = {}) {
      const { fields: all, signature } = signed(webhookUrl, from, body, fields);
      const messageSid = all.MessageSid ?? '';
      sent.set(messageSid, { from, form: new URLSearchParams(all).toString(), signature });
      keyword(from, body);
      return again(messageSid);
    },
    async close() {
      rest.server.closeAllConnections();
      rest.server.close();
      await once(rest.server, 'close');
    },
  };
}

/** What Twilio sends for a text (twilio.com/docs/messaging/guides/webhook-request). */
function usualFields(sid: string, accountSid: string, from: string, to: string, body: string): Record<string, string> {
  return {
    ...{ ToCountry: 'US', ToState: '', ToCity: '', ToZip: '' },
    ...{ SmsMessageSid: sid, SmsSid: sid, MessageSid: sid, AccountSid: accountSid, SmsStatus: 'received' },
    ...{ FromCountry: 'US', FromState: '', FromCity: '', FromZip: '' },
    ...{ From: from, To: to, Body: body, NumMedia: '0', NumSegments: '1', ApiVersion: '2010-04-01' },
  };
}

/** The text in a TwiML answer; undefined when it says nothing, null when it is no such document. */
function messageOf(twiml: string): string | undefined | null {
  const match = /^(?:<\?xml[^>]*\?>)?<Response(?:\/>|>(?:<Message>([^<]*)<\/Message>)?<\/Response>)$/.exec(
    twiml.trim(),
  );
  if (!match) return null;
  return match[1]?.replace(/&(lt|gt|amp);/g, (_, name) => (name === 'lt' ? '<' : name === 'gt' ? '>' : '&'));
}
