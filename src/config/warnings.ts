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
    [sms.twilio === undefined, 'sms.twilio: left out, so no text message can pull the cord.'],
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
