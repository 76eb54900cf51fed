import { randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import { getExpectedTwilioSignature } from 'twilio/lib/webhooks/webhooks';
import { signedUrl, type TwilioConfig } from '../../intake/sms/twilio-message';
import { ask, type Came } from './ask';
import type { Check, CheckContext } from './context';
import { about, type Finding } from './finding';
import { reachable } from './service';

const { ok, warning, fault } = about('public URL');
const TIMEOUT_MS = 3_000;
/** No such number is ever assigned: it is no operator's, so that the message is answered with silence. */
const STRANGER = '+15550100000';

/** Sends a really signed, harmless message the way that Twilio's take, and sees whether it comes through. */
export const checkPublicUrl: Check = async (context) => {
  const { config } = context;
  const { twilio } = config.sms;
  if (!twilio) return [];
  const url = signedUrl(config);
  const wrong = spellingFindings(url);
  const message = signedMessage(url, twilio);
  const came = await post(url, message);
  return [judge(url, came, await circumstances(context, message, came)), ...wrong];
};

/** What can be seen without asking anybody; of http:// the configuration's reader warns. */
export function spellingFindings(url: string): Finding[] {
  const { hostname, pathname, search } = new URL(url);
  const findings: Finding[] = [];
  if (/\/sms\/twilio\/.*sms\/twilio$/.test(pathname) || search.includes('/sms/twilio'))
    findings.push(
      fault(`${url} is what Twilio would call`, 'Take /sms/twilio, and any query, out of publicUrl: it is added.'),
    );
  if (isPrivate(hostname))
    findings.push(warning(`${hostname} cannot be reached from the internet`, 'Name the address that Twilio calls.'));
  return findings;
}

/** RFC 1918, RFC 6890 and RFC 6762: addresses and names that end at this machine or network. */
export function isPrivate(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) === 4) return /^(0|10|127|169\.254|192\.168|172\.(1[6-9]|2\d|3[01]))\./.test(host);
  if (isIP(host) === 6) return /^(::1?$|f[cde])/i.test(host);
  return /(^|\.)(localhost|local|internal|home\.arpa)$|^[^.]+$/i.test(host);
}

interface Message {
  readonly signature: string;
  readonly form: string;
}

function signedMessage(url: string, { accountSid, authTokens, numbers }: TwilioConfig): Message {
  const fields = {
    MessageSid: `SM${randomBytes(16).toString('hex')}`,
    AccountSid: accountSid,
    From: STRANGER,
    To: numbers[0] ?? '',
    Body: 'A test by pullcord check. It orders nothing.',
    NumMedia: '0',
  };
  const signature = getExpectedTwilioSignature(authTokens[0] ?? '', url, fields);
  return { signature, form: new URLSearchParams(fields).toString() };
}

const post = (url: string, { signature, form }: Message): Promise<Came> =>
  ask(TIMEOUT_MS, {
    ...{ method: 'post', url, data: form, responseType: 'text' },
    headers: {
      'content-type': 'application/x-www-form-urlencoded; charset=UTF-8',
      'x-twilio-signature': signature,
      'user-agent': 'pullcord-check',
    },
  });

/** TwiML that says nothing. */
const SILENT = /^(<\?xml[^>]*\?>)?<Response(\/>|><\/Response>)\s*$/;

interface Circumstances {
  readonly serves: boolean;
  /** How Pullcord answers the same message when nothing stands between. */
  readonly straight?: Came;
}

async function circumstances({ config, service }: CheckContext, message: Message, came: Came): Promise<Circumstances> {
  const serves = (await service()).kind === 'serves';
  if (!serves || 'code' in came || came.status === 200) return { serves };
  return { serves, straight: await post(`http://${reachable(config.listen.public)}/sms/twilio`, message) };
}

const START = 'Start Pullcord, then check again: pullcord serve';

function judge(url: string, came: Came, { serves, straight }: Circumstances): Finding {
  if ('code' in came) return unreachable(url, came.code, serves);
  const { status, data, headers } = came;
  const accepted = straight !== undefined && 'status' in straight && straight.status === 200;
  if (status === 200 && SILENT.test(String(data))) return ok(`a signed message comes through ${url}`);
  if (status >= 200 && status < 300)
    return fault(
      `what answers at ${url} is not Pullcord`,
      'Correct publicUrl, or let the proxy pass it on to listen.public.',
    );
  if (status >= 300 && status < 400)
    return fault(
      `${url} leads on to ${String(headers.location ?? 'another address')}`,
      'Write the last address as publicUrl, and the same at Twilio: the signature holds for one address.',
    );
  if (status === 403 && !serves)
    return fault(
      `${url} refuses a signed message (403), and Pullcord does not serve here`,
      'See who answers there; another Pullcord has to have the same publicUrl, auth token, account and number.',
    );
  if (status === 403 && accepted)
    return fault(
      `${url} refuses a signed message (403), which Pullcord itself takes: something between changes or filters it`,
      'Let the proxy pass the body and X-Twilio-Signature on as they are; look for a firewall, or for another Pullcord behind that address.',
    );
  if (status === 403)
    return fault(
      `${url} refuses a message that is signed with the first of sms.twilio.authTokens (403)`,
      'Restart Pullcord if the configuration has changed since; else see whether another one answers there.',
    );
  if (status === 404 || status === 405)
    return fault(
      `${url} is not there (${status})`,
      accepted
        ? 'Let the proxy pass this path on to listen.public as POST /sms/twilio.'
        : 'Let the proxy lead to listen.public; restart Pullcord if sms.twilio was added since.',
    );
  if (status >= 500 && !serves) return warning(`${url} answers ${status}: Pullcord does not serve`, START);
  return fault(`${url} answers a signed message with ${status}`, 'Look at the log of the proxy in front of Pullcord.');
}

function unreachable(url: string, code: string, serves: boolean): Finding {
  if (/CERT|SELF_SIGNED|UNABLE_TO_|ALTNAME|SSL|TLS/.test(code))
    return fault(
      `${url} has a certificate that Twilio will refuse (${code})`,
      'Mend it: whole chain, right name, not expired.',
    );
  return warning(
    `${url} cannot be reached from here (${code}), so nothing is known of it`,
    serves
      ? 'Behind NAT that may be as it should. Try it from outside: text HELP from an operator, or open /healthz there.'
      : START,
  );
}
