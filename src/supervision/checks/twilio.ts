import RequestClient from 'twilio/lib/base/RequestClient';
import TwilioClient from 'twilio/lib/rest/Twilio';
import { z } from 'zod';
import { relayedUrls, signedUrl } from '../../intake/sms/twilio-message';
import type { CheckContext } from './context';
import { about, type Finding } from './finding';

const { ok, warning, doubt, fault } = about('Twilio');
/** Some numbers, and room. */
const MOST_BYTES = 1024 * 1024;
const TIMEOUT_MS = 4_000;
const TWILIO = 'https://api.twilio.com';

/** twilio.com/docs/phone-numbers/api/incomingphonenumber-resource */
const listSchema = z.object({
  incoming_phone_numbers: z.array(
    z.object({
      phone_number: z.string(),
      sms_url: z.string().nullish(),
      sms_method: z.string().nullish(),
      sms_application_sid: z.string().nullish(),
      capabilities: z.object({ sms: z.boolean().optional() }).nullish(),
    }),
  ),
});
type NumberSettings = z.infer<typeof listSchema>['incoming_phone_numbers'][number];

/** Asks Twilio whether it would call us for each number. Reads alone. Twilio out of reach is a warning: replies need it. */
export const checkTwilio = async ({
  config,
  twilioApiUrl = TWILIO,
}: Pick<CheckContext, 'config' | 'twilioApiUrl'>): Promise<readonly Finding[]> => {
  const { twilio } = config.sms;
  if (!twilio) return [];
  const http = new RequestClient({ timeout: TIMEOUT_MS });
  // The client's own time-out is one of silence, and does not bound an answer that trickles.
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  http.axios.interceptors.request.use((request) =>
    Object.assign(request, { signal, maxRedirects: 0, maxContentLength: MOST_BYTES }),
  );
  const client = new TwilioClient(twilio.accountSid, twilio.authTokens[0], { httpClient: http });
  const uri = `${twilioApiUrl.replace(/\/+$/, '')}/2010-04-01/Accounts/${twilio.accountSid}/IncomingPhoneNumbers.json`;

  const lookUp = async (number: string): Promise<Finding[]> => {
    let answer: { readonly statusCode: number; readonly body: unknown };
    try {
      answer = await client.request({ method: 'get', uri, params: { PhoneNumber: number } });
    } catch {
      return [
        doubt(
          'cannot be asked from here: no result can be texted, but for what is seen within seconds',
          'Open the way out to api.twilio.com, port 443.',
        ),
      ];
    }
    const { statusCode, body } = answer;
    const list = listSchema.safeParse(body);
    if (statusCode === 200 && list.success)
      return numberFindings(number, list.data.incoming_phone_numbers, signedUrl(config), relayedUrls(twilio));
    return [accountFinding(statusCode)];
  };
  const found = (await Promise.all(twilio.numbers.map(lookUp))).flat();
  // What is wrong with the account is the same for every number.
  return found.filter((one, i) => found.findIndex(({ what }) => what === one.what) === i);
};

function accountFinding(status: number): Finding {
  if (status === 401 || status === 403)
    return fault(
      `refuses the first of sms.twilio.authTokens (${status})`,
      'Put the primary one of the Twilio Console first. Twilio signs with it, and texts are sent with it.',
    );
  if (status === 404) return fault('does not know the account', 'Correct sms.twilio.accountSid.');
  return doubt(`answered ${status} when it was asked for the numbers`, 'Check again later; see status.twilio.com.');
}

function numberFindings(
  number: string,
  found: readonly NumberSettings[],
  url: string,
  relays: readonly string[],
): Finding[] {
  // Twilio finds what contains the number, too.
  const settings = found.find(({ phone_number: one }) => one === number);
  if (!settings)
    return [
      fault(`${number} is none of the account's numbers`, 'Correct sms.twilio.numbers or sms.twilio.accountSid.'),
    ];
  const { sms_url: called, sms_method: method, sms_application_sid: app, capabilities } = settings;
  if (capabilities?.sms === false)
    return [fault(`${number} takes no text messages`, 'Take a number of Twilio that has the capability SMS.')];
  if (app)
    return [
      warning(
        `${number} belongs to the TwiML app ${app}, which decides what is called`,
        `Make sure that its messaging request URL is ${url}, by POST; or take the number out of it.`,
      ),
    ];
  const set = `Set it in the Twilio Console: Phone numbers, ${number}, "A message comes in": webhook, ${shown(url)}, HTTP POST.`;
  if (!called) return [fault(`${number} calls nothing when a message comes in`, set)];
  const relayed = relays.map(bare).includes(bare(called));
  if (!relayed && bare(called) !== bare(url))
    return [
      fault(
        `${number} calls ${shown(called)}, but signatures are checked against ${shown(url)}`,
        `${set} Or correct publicUrl.`,
      ),
    ];
  if (method && method !== 'POST') return [fault(`${number} calls by ${method}`, set)];
  if (relayed)
    return [
      warning(
        `${number} calls one of sms.twilio.relayUrls: while the relay is down, no text message gets here`,
        `Let it call ${shown(url)}, and the relay when that fails ("Primary handler fails"); or leave it if it is meant.`,
      ),
    ];
  return [ok(`${number} calls ${shown(url)}`)];
}

/** As it is signed: without what follows #; the default port may stand there or not. */
const bare = (url: string): string => url.replace(/#.*$/, '').replace(/^(https:\/\/[^/?]*?):443(?=[/?]|$)/i, '$1');

/** Without a password. */
const shown = (url: string): string => url.replace(/^(https?:\/\/)[^/?#]*@/i, '$1…@');
