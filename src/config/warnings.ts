import type { Config } from './schema';

const LOOPBACK = /^(127\.|\[::1\]|localhost\b)/i;

/**
 * What is allowed and yet most often a mistake. Pure; without a secret in it.
 * @param unused options of the file that keep a variable of the environment from being used, with its name.
 */
export function warningsOf(config: Config, unused: readonly (readonly [string, string])[]): string[] {
  const { publicUrl, listen, sms, throttle, lastResort } = config;
  const warnings: readonly (readonly [boolean, string])[] = [
    ...unused.map(([option, name]) => [true, `${option}: stands in the file, so ${name} is not used.`] as const),
    [
      publicUrl.startsWith('http:') && !LOOPBACK.test(new URL(publicUrl).host),
      'publicUrl: http:// lets everybody on the way read the codes; put TLS in front.',
    ],
    [
      !LOOPBACK.test(listen.internal),
      'listen.internal: is not loopback; see to it that the agent and the internet cannot reach it.',
    ],
    ...consoleWarnings(config),
    [sms.twilio === undefined, 'sms.twilio: left out, so no text message can pull the cord.'],
    ...relayWarnings(config),
    [
      throttle.stopFailures < throttle.restoreFailures,
      'throttle.stopFailures: below restoreFailures, so wrong codes lock STOP before RESTORE would be.',
    ],
    [
      lastResort !== undefined && !lastResort.command && !lastResort.webhook,
      'lastResort: names neither a command nor a webhook, so nothing happens.',
    ],
  ];
  return warnings.filter(([when]) => when).map(([, message]) => message);
}

/** Of the console: what is signed in with must not be read on the way. */
function consoleWarnings({ console: { url, openid } }: Config): (readonly [boolean, string])[] {
  const plain = (address: string | undefined): boolean =>
    address?.startsWith('http:') === true && !LOOPBACK.test(new URL(address).host);
  return [
    [plain(url), 'console.url: http:// lets everybody on the way take a session over; put TLS in front.'],
    [plain(openid?.issuer), 'console.openid.issuer: http:// lets everybody on the way be anybody; use https.'],
  ];
}

/** Of text messages that a program hands on: the token and the addresses belong together. */
function relayWarnings({ publicUrl, sms, api }: Config): (readonly [boolean, string])[] {
  const names = api.tokens.filter(({ rights }) => rights.includes('relay')).map(({ name }) => name);
  const who = `token ${names.join(', ')}`;
  const { twilio } = sms;
  if (!twilio) return [[names.length > 0, `api.tokens: ${who} may relay, but without sms.twilio nothing is taken.`]];
  const { relayUrls, webhookUrl } = twilio;
  const own = (url: string): boolean => url.startsWith(publicUrl.replace(/\/*$/, '/sms/')) || url === webhookUrl;
  return [
    [
      names.length > 0 && relayUrls.length === 0,
      `sms.twilio.relayUrls: left out, so what ${who} relays is refused; write there what Twilio calls at n8n.`,
    ],
    [
      names.length === 0 && relayUrls.length > 0,
      'sms.twilio.relayUrls: no token has the right relay, so nobody can hand on what comes there.',
    ],
    [
      relayUrls.some((url) => url.startsWith('http:') && !LOOPBACK.test(new URL(url).host)),
      'sms.twilio.relayUrls: http:// lets everybody on the way read the codes; put TLS in front.',
    ],
    [relayUrls.some(own), "sms.twilio.relayUrls: has Pullcord's own address; write that of the webhook at n8n."],
  ];
}
