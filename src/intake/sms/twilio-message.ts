import { validateRequest } from 'twilio/lib/webhooks/webhooks';
import { z } from 'zod';
import { e164 } from '../../config/parts';
import type { Config } from '../../config/schema';
import type { RefusalReason } from '../../orders/reasons';
import type { Form } from './form';
import type { TextMessage } from './text-message';

/**
 * Shows that a webhook is Twilio's, then that it is a text message for us. Fails towards "refused".
 *
 * The signature covers the URL and all pairs of the form (twilio.com/docs/usage/security), but neither a time nor the
 * borders between keys and values: `{A: 1, AB: 2}` signs like `{A: '1AB2'}`. So the shapes are checked as well, and a
 * message that is sent again is known by its MessageSid.
 */

export type TwilioConfig = NonNullable<Config['sms']['twilio']>;

/** The base64 of 20 bytes. Anything else is refused before anything is hashed. */
const SIGNATURE = /^[A-Za-z0-9+/]{27}=$/;

export const looksSigned = (signature: string | undefined): signature is string => SIGNATURE.test(signature ?? '');

/** The URL that Twilio signs: the configured one, never one from the request (twilio/twilio-node#321, #505). */
export function signedUrl({ publicUrl, sms }: Pick<Config, 'publicUrl' | 'sms'>): string {
  return withoutFragment(sms.twilio?.webhookUrl ?? `${withoutFragment(publicUrl).replace(/\/+$/, '')}/sms/twilio`);
}

/** Whether one of the account's tokens signed this form for this URL. Twilio signs with the primary one. */
export const isSigned = (authTokens: readonly string[], signature: string, url: string, form: Form): boolean =>
  authTokens.some((token) => validateRequest(token, signature, url, form));

/** The URLs that Twilio signs when it calls a program that relays; those of the configuration alone, too. */
export const relayedUrls = ({ relayUrls }: Pick<TwilioConfig, 'relayUrls'>): readonly string[] =>
  relayUrls.map(withoutFragment);

/** What follows # is for Twilio alone, and not signed. */
export const withoutFragment = (url: string): string => url.replace(/#.*$/, '');

const messageSchema = z.object({
  MessageSid: z.string().regex(/^(SM|MM)[0-9a-f]{32}$/),
  AccountSid: z.string(),
  From: e164,
  To: e164,
  Body: z.string().default(''),
  // With Advanced Opt-Out on a Messaging Service, which has its own words.
  OptOutType: z.string().optional(),
});

export type Read =
  | { readonly message: TextMessage }
  | { readonly refused: RefusalReason; readonly data: Readonly<Record<string, string>> };

/** @param form one whose signature was right. */
export function readMessage(form: Form, config: TwilioConfig, came: Pick<TextMessage, 'door' | 'arrivedAt'>): Read {
  const parsed = messageSchema.safeParse(form);
  if (!parsed.success) {
    const fields = parsed.error.issues.map(({ path }) => path[0]).join(', ');
    return { refused: 'bad-request', data: { fields } };
  }
  const { MessageSid: id, AccountSid, From: from, To: to, Body: body, OptOutType } = parsed.data;
  const data = { correlation: id };
  if (AccountSid.toLowerCase() !== config.accountSid.toLowerCase()) return { refused: 'wrong-account', data };
  if (!config.numbers.includes(to)) return { refused: 'wrong-number', data };
  return { message: { id, from, body, ...came, optOut: OptOutType === 'STOP' } };
}
