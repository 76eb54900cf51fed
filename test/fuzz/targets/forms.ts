import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { parseForm } from '../../../src/intake/sms/form';
import { isSigned, readMessage } from '../../../src/intake/sms/twilio-message';
import { ACCOUNT, ALICE, doorConfig, fieldsOf, formOf, NUMBER, TOKEN, WEBHOOK_URL } from '../../support/sms-door';
import { must, mutated, target } from '../target';

const twilio = doorConfig().sms.twilio;
if (!twilio) throw new Error('no Twilio');

const pieces = fc.constantFrom(
  ...[
    '&',
    '=',
    '%',
    '+',
    '%2B15550100001',
    '&From=%2B15550100001',
    '&Body=STOP',
    '&Body=RESTORE+492039',
    '%00',
    '%ff%fe',
  ],
  ...['&__proto__=x', '&constructor=x', '&MessageSid=SM', '&To=', '%F0%9F%9B%91', '&A=1&AB=2', '&=', ';'],
);
const bodies = mutated([formOf(fieldsOf()), formOf(fieldsOf({ Body: 'RESTORE 492039' }))], pieces);

/** twilio.com/docs/usage/security, by hand: the URL, then each key with its values, in order. */
function signatureOf(raw: string): string {
  const pairs = new Map<string, string[]>();
  for (const [key, value] of new URLSearchParams(raw)) pairs.set(key, [...(pairs.get(key) ?? []), value]);
  const text = [...pairs.keys()]
    .sort()
    .map((key) =>
      [...new Set(pairs.get(key))]
        .sort()
        .map((value) => key + value)
        .join(''),
    )
    .join('');
  return createHmac('sha1', TOKEN)
    .update(WEBHOOK_URL + text, 'utf8')
    .digest('base64');
}

export const forms = target(
  "Twilio's forms",
  150_000,
  fc.tuple(bodies, fc.oneof(bodies, fc.constant(undefined))),
  ([sent, signed = sent]) => {
    const form = parseForm(Buffer.from(sent));
    const pairs = [...new URLSearchParams(sent)].length;
    must((form === undefined) === pairs > 100, 'too many pairs were read, or too few refused');
    if (form === undefined) return;
    must(Object.getPrototypeOf(form) === null, 'a form with a prototype');
    const signature = signatureOf(signed);
    const taken = isSigned([TOKEN], signature, WEBHOOK_URL, form);
    must(taken === (signature === signatureOf(sent)), taken ? 'a forged signature was taken' : 'a right one was not');

    const read = readMessage(form, twilio, { door: 'twilio', arrivedAt: 0 } as never);
    if (!('message' in read)) return;
    const all = new URLSearchParams(sent);
    for (const field of ['MessageSid', 'AccountSid', 'From', 'To'])
      must(all.getAll(field).length === 1, `${field} came twice and was read`);
    must(all.get('To') === NUMBER && all.get('AccountSid')?.toLowerCase() === ACCOUNT.toLowerCase(), 'not for us');
    must(read.message.from === all.get('From') && /^\+[1-9]\d{1,14}$/.test(read.message.from), 'a sender that is none');
    must(read.message.body === (all.get('Body') ?? ''), 'a body that was not sent');
    must(read.message.from === ALICE || all.get('From') !== ALICE, 'a spoofed sender');
  },
);
