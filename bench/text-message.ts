import { getExpectedTwilioSignature } from 'twilio/lib/webhooks/webhooks';
import { newSid } from '../src/sandbox/twilio-rest';

export const twilio = {
  accountSid: `AC${'0'.repeat(31)}1`,
  authToken: 'bench-auth-token',
  number: '+15550100100',
  publicUrl: 'https://pullcord.example.org',
} as const;

export interface SignedForm {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A text message as Twilio's webhook brings it (twilio.com/docs/messaging/guides/webhook-request), really signed. */
export function textMessage(from: string, text: string, authToken: string = twilio.authToken): SignedForm {
  const sid = newSid('SM');
  const fields = {
    ...{ ToCountry: 'US', ToState: '', SmsMessageSid: sid, NumMedia: '0', ToCity: '', FromZip: '', SmsSid: sid },
    ...{ FromState: '', SmsStatus: 'received', FromCity: '', Body: text, FromCountry: 'US', To: twilio.number },
    ...{ ToZip: '', NumSegments: '1', MessageSid: sid, AccountSid: twilio.accountSid, From: from },
    ApiVersion: '2010-04-01',
  };
  return {
    headers: {
      'content-type': 'application/x-www-form-urlencoded; charset=UTF-8',
      'user-agent': 'TwilioProxy/1.1',
      'x-twilio-signature': getExpectedTwilioSignature(authToken, `${twilio.publicUrl}/sms/twilio`, fields),
    },
    body: new URLSearchParams(fields).toString(),
  };
}
