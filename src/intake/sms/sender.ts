import RequestClient from 'twilio/lib/base/RequestClient';
import TwilioClient from 'twilio/lib/rest/Twilio';
import { z } from 'zod';

/**
 * Texts somebody by Twilio's REST API. Fails towards "not sent, and here is why": it never throws, and what can't be
 * sent now, or can't be sent at all, is told apart as data.
 */

const TIMEOUT_MS = 5_000;
const MOST_BYTES = 64 * 1024;

export type Sent =
  | { readonly ok: true; readonly sid: string }
  | ({ readonly ok: false; readonly code: SendErrorCode } & SendError);

/** Twilio's error code (twilio.com/docs/api/errors), or what happened on the way there. */
export type SendErrorCode = number | 'network' | 'timeout' | 'nonsense';

export interface SendError {
  /** Whether the same text may get through a little later. At worst it arrives twice. */
  readonly retry: boolean;
  /** Whether only this number is out of reach; otherwise the account or the way is, and no number can be texted. */
  readonly recipientOnly: boolean;
  /** What to do now. */
  readonly advice: string;
}

export interface Sender {
  /** @param to E.164. */
  send(to: string, body: string): Promise<Sent>;
}

const again = (advice: string): SendError => ({ retry: true, recipientOnly: false, advice });
const broken = (advice: string): SendError => ({ retry: false, recipientOnly: false, advice });
const deaf = (advice: string): SendError => ({ retry: false, recipientOnly: true, advice });

/**
 * What Twilio refuses at once. What it accepts may still not be delivered: that, and 30034 above all, is seen in its
 * Console or by a status callback.
 */
const errors: Readonly<Record<string, SendError>> = {
  20003: broken('Twilio refuses the auth token. Put the primary one first in sms.twilio.authTokens.'),
  20005: broken('The Twilio account is suspended. See the Twilio Console.'),
  20404: broken('Twilio does not know the account. Check sms.twilio.accountSid.'),
  20429: again('Twilio has too many requests from this account.'),
  21211: deaf('This is no valid number. Correct it: pullcord operator.'),
  21408: deaf('Sending to this country is not permitted. Allow it in the Twilio Console: Messaging, Geo permissions.'),
  21606: broken('Twilio cannot send from this number. Check the first of sms.twilio.numbers.'),
  21608: deaf('A trial account texts verified numbers alone. Verify it, or upgrade the account.'),
  21610: deaf('The number sent an opt-out word. Its owner has to text START; use another channel until then.'),
  21611: again('Twilio has too many texts waiting from this number.'),
  21612: deaf('Twilio has no route to this number. Use another channel.'),
  21614: deaf('This number takes no texts. Give the operator a mobile number.'),
  21659: broken('The number is not one of this account. Check the first of sms.twilio.numbers.'),
  21660: broken('The number belongs to another account. Check the first of sms.twilio.numbers.'),
  30001: again('Twilio has too many texts waiting.'),
  30034: broken('The number is not registered for A2P 10DLC: US carriers drop its texts. Register it in the Console.'),
  network: again('Twilio cannot be reached. Check the way out of this network to api.twilio.com.'),
  timeout: again('Twilio did not answer in time.'),
  nonsense: again('What answered was not Twilio. Check the way out of this network, and proxies on it.'),
};

/** By HTTP status, for codes that the table doesn't have. */
function unlisted(status: number, code: SendErrorCode): SendError {
  if (status === 401) return errors[20003] as SendError;
  if (status === 429) return errors[20429] as SendError;
  if (status >= 500) return again(`Twilio failed (${status}).`);
  return broken(`Twilio refused the text: https://www.twilio.com/docs/api/errors/${code}`);
}

const createdSchema = z.object({ sid: z.string() });
const refusedSchema = z.object({ code: z.number() });

export interface TwilioSenderOptions {
  readonly accountSid: string;
  readonly authToken: string;
  /** E.164: one of the account's numbers. */
  readonly from: string;
  /** For a stand-in. */
  readonly baseUrl?: string;
  readonly timeoutMs?: number;
}

export function createTwilioSender(options: TwilioSenderOptions): Sender {
  const { accountSid, authToken, from, baseUrl = 'https://api.twilio.com', timeoutMs = TIMEOUT_MS } = options;
  const http = new RequestClient({ timeout: timeoutMs });
  // The client's own time-out is one of silence: an answer that trickles would last.
  // And it would read an answer of any length, and take the auth token along to where it is led.
  http.axios.interceptors.request.use((config) =>
    Object.assign(config, {
      ...{ signal: AbortSignal.timeout(timeoutMs), maxContentLength: MOST_BYTES, maxRedirects: 0 },
    }),
  );
  const client = new TwilioClient(accountSid, authToken, { httpClient: http });
  // client.messages would do the same, and load a hundred modules (6 MiB) for it.
  const uri = `${baseUrl.replace(/\/+$/, '')}/2010-04-01/Accounts/${accountSid}/Messages.json`;

  return {
    async send(to, body) {
      let answer: { readonly statusCode: number; readonly body: unknown };
      try {
        answer = await client.request({ method: 'post', uri, data: { To: to, From: from, Body: body } });
      } catch (error) {
        return failed(isTimeout(error) ? 'timeout' : 'network');
      }
      const { statusCode } = answer;
      const created = createdSchema.safeParse(answer.body);
      if (statusCode >= 200 && statusCode < 300 && created.success) return { ok: true, sid: created.data.sid };
      const refused = refusedSchema.safeParse(answer.body);
      if (refused.success) return failed(refused.data.code, statusCode);
      return statusCode >= 400
        ? { ok: false, code: statusCode, ...unlisted(statusCode, statusCode) }
        : failed('nonsense');
    },
  };
}

const failed = (code: SendErrorCode, status = 0): Sent => ({
  ok: false,
  code,
  ...(errors[code] ?? unlisted(status, code)),
});

/** The client's errors are axios's; an aborted request is one that took too long. */
const isTimeout = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && ['ERR_CANCELED', 'ECONNABORTED', 'ETIMEDOUT'].includes(`${error.code}`);
