import type { Config } from '../../config/schema';
import { createTwilioSender, type Sender } from './sender';

/** Who texts, as it is configured. @returns undefined when no provider is. @param baseUrl in place of Twilio's own */
export function senderOf({ sms: { twilio } }: Pick<Config, 'sms'>, baseUrl: string | undefined): Sender | undefined {
  const [authToken] = twilio?.authTokens ?? [];
  const [from] = twilio?.numbers ?? [];
  if (!twilio || authToken === undefined || from === undefined) return undefined;
  return createTwilioSender({
    ...{ accountSid: twilio.accountSid, authToken, from },
    ...(baseUrl === undefined ? {} : { baseUrl }),
  });
}
