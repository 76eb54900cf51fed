import { createHash, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

/**
 * The part of Twilio's REST API that sends a text, `POST /2010-04-01/Accounts/{sid}/Messages.json`, and tells of the
 * account's numbers, `GET .../IncomingPhoneNumbers.json`, with the answers that the real one gives
 * (twilio.com/docs/messaging/api/message-resource, twilio.com/docs/phone-numbers/api/incomingphonenumber-resource).
 */
export interface RestOptions {
  readonly accountSid: string;
  /** E.164: the account's numbers. */
  readonly numbers: readonly string[];
  readonly settings: TwilioSettings;
  /** Whether this phone sent an opt-out word. */
  readonly optedOut: (to: string) => boolean;
  readonly deliver: (to: string, body: string) => void;
}

/** What somebody can change in the Twilio Console. */
export interface TwilioSettings {
  /** The primary token: what the API takes, and what is signed with. */
  authToken: string;
  /** What is called when a message comes in, and how. */
  smsUrl: string;
  smsMethod: 'POST' | 'GET';
}

/** How the next call is answered, for bad days: as Twilio's error, as other bytes, not at all, or by hanging up. */
export type Mishap = Refusal | { readonly status: number; readonly text: string } | 'silence' | 'hang-up';

export interface Rest {
  readonly server: Server;
  /** Used up one a call, in order. */
  readonly mishaps: Mishap[];
}

export function createRest(options: RestOptions): Rest {
  const mishaps: Mishap[] = [];
  const server = createServer((req, res) => {
    readForm(req)
      .then((form) => {
        const mishap = mishaps.shift();
        if (mishap === 'silence') return;
        if (mishap === 'hang-up') res.destroy();
        else if (mishap && 'text' in mishap) res.writeHead(mishap.status).end(mishap.text);
        else if (mishap) refuse(res, mishap);
        else if (req.method === 'GET') list(options, req, res);
        else create(options, req, res, form);
      })
      .catch(() => res.destroy());
  });
  return { server, mishaps };
}

const E164 = /^\+[1-9]\d{1,14}$/;

interface Refusal {
  readonly status: number;
  readonly code: number;
  readonly message?: string;
}

function create(options: RestOptions, req: IncomingMessage, res: ServerResponse, form: URLSearchParams): void {
  const [to = '', from = '', body = ''] = ['To', 'From', 'Body'].map((key) => form.get(key) ?? '');
  const refusal = refusalOf(options, req) ?? refusalOfMessage(options, to, from, body);
  if (refusal) {
    refuse(res, refusal);
    return;
  }
  const sid = newSid('SM');
  const uri = `/2010-04-01/Accounts/${options.accountSid}/Messages/${sid}`;
  const date = new Date().toUTCString().replace('GMT', '+0000');
  answer(res, 201, {
    ...{ account_sid: options.accountSid, api_version: '2010-04-01', body, sid, to, from, status: 'queued' },
    ...{ direction: 'outbound-api', date_created: date, date_updated: date, date_sent: null },
    ...{ error_code: null, error_message: null, messaging_service_sid: null, price: null, price_unit: 'USD' },
    ...{ num_media: '0', num_segments: String(Math.ceil(body.length / 160)), uri: `${uri}.json` },
    subresource_uris: { media: `${uri}/Media.json` },
  });
  options.deliver(to, body);
}

/** All of them fit on one page. */
function list(options: RestOptions, req: IncomingMessage, res: ServerResponse): void {
  const refusal = refusalOf(options, req);
  if (refusal) {
    refuse(res, refusal);
    return;
  }
  const { accountSid, numbers, settings } = options;
  const { pathname, searchParams } = new URL(req.url ?? '', 'http://twilio');
  const wanted = searchParams.get('PhoneNumber');
  const found = numbers.filter((number) => wanted === null || number.includes(wanted));
  answer(res, 200, {
    ...{ page: 0, page_size: 50, start: 0, end: Math.max(0, found.length - 1) },
    ...{ uri: `${pathname}?PageSize=50&Page=0`, first_page_uri: `${pathname}?PageSize=50&Page=0` },
    ...{ next_page_uri: null, previous_page_uri: null },
    incoming_phone_numbers: found.map((number) => {
      const sid = `PN${createHash('md5').update(number).digest('hex')}`;
      return {
        ...{ sid, account_sid: accountSid, api_version: '2010-04-01', phone_number: number, friendly_name: number },
        ...{
          sms_url: settings.smsUrl,
          sms_method: settings.smsMethod,
          sms_fallback_url: '',
          sms_fallback_method: 'POST',
        },
        ...{ sms_application_sid: '', voice_url: '', voice_method: 'POST', voice_application_sid: null },
        ...{ capabilities: { voice: true, sms: true, mms: true, fax: false }, status: 'in-use', beta: false },
        ...{ origin: 'twilio', address_requirements: 'none', trunk_sid: null, identity_sid: null, bundle_sid: null },
        uri: `/2010-04-01/Accounts/${accountSid}/IncomingPhoneNumbers/${sid}.json`,
      };
    }),
  });
}

function refusalOf({ accountSid, settings: { authToken } }: RestOptions, req: IncomingMessage): Refusal | undefined {
  const wanted = `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString('base64')}`;
  if (req.headers.authorization !== wanted) return { status: 401, code: 20003, message: 'Authenticate' };
  const resource = req.method === 'GET' ? 'IncomingPhoneNumbers' : 'Messages';
  const path = req.url?.replace(/\?.*$/, '');
  if (path === `/2010-04-01/Accounts/${accountSid}/${resource}.json`) return undefined;
  return { status: 404, code: 20404, message: `The requested resource ${path} was not found` };
}

function refusalOfMessage(options: RestOptions, to: string, from: string, body: string): Refusal | undefined {
  const refused = (code: number, message: string): Refusal => ({ status: 400, code, message });
  if (!to) return refused(21604, "A 'To' phone number is required.");
  if (!E164.test(to)) return refused(21211, `Invalid 'To' Phone Number: ${to}`);
  if (!from) return refused(21603, "A 'From' phone number is required.");
  if (!body) return refused(21602, 'Message body is required.');
  if (body.length > 1600) return refused(21617, 'The concatenated message body exceeds the 1600 character limit');
  if (!options.numbers.includes(from)) return refused(21659, `'From' ${from} is not a Twilio phone number`);
  return options.optedOut(to) ? refused(21610, 'Attempt to send to unsubscribed recipient') : undefined;
}

export const newSid = (prefix: 'SM' | 'MM'): string => prefix + randomBytes(16).toString('hex');

function refuse(res: ServerResponse, { status, code, message = 'As ordered' }: Refusal): void {
  answer(res, status, { code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status });
}

function answer(res: ServerResponse, status: number, body: unknown): void {
  res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

async function readForm(req: IncomingMessage): Promise<URLSearchParams> {
  const chunks: Buffer[] = [];
  for await (const chunk of req) chunks.push(chunk);
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
}
