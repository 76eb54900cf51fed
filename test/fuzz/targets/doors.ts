import fc from 'fast-check';
import { operations } from '../../../src/intake/http/operations';
import { FakeDesk as ApiDesk, type Door as ApiDoor, openDoor, secretOf, tokens } from '../../support/http';
import {
  ACCOUNT,
  type Door,
  fieldsOf,
  formOf,
  newMessageSid,
  post,
  sign,
  startDoor,
  TOKEN,
} from '../../support/sms-door';
import { must, mutated, target } from '../target';
import { bodies } from './json';

/** Both listeners on real sockets, opened by the first input. */
const api = { desk: new ApiDesk(), door: undefined as ApiDoor | undefined };
let phone: Door | undefined;

const INSIDE = /\n\s+at |node_modules|\/src\/|\/dist\//;
const tokensSecrets = tokens.map(({ name }) => secretOf(name));
const names = tokens.map(({ name }) => name);

const strange = fc.oneof(
  fc.constantFrom('1', '0', '-1', '1e9', '%00', '..%2f..', '%ff', '__proto__', 'a'.repeat(300), '%F0%9F%9B%91'),
  fc.string({ maxLength: 8 }).map(encodeURIComponent),
);
const calls = fc.record({
  operation: fc.constantFrom(...Object.values(operations)),
  token: fc.constantFrom(...names, ''),
  part: strange,
  query: fc.array(fc.tuple(fc.constantFrom('limit', 'wait', 'scope', 'after', 'kinds', 'x', '__proto__'), strange), {
    maxLength: 3,
  }),
  body: bodies.map((body) => {
    try {
      return JSON.stringify(body) ?? '';
    } catch {
      return '{';
    }
  }),
  type: fc.constantFrom(
    'application/json',
    'application/json; charset=utf-7',
    'text/plain',
    'application/x-www-form-urlencoded',
    '',
  ),
  key: fc.option(fc.constantFrom('k1', 'k 2', 'x'.repeat(300), '\u00e9'), { nil: undefined }),
});

export const apiDoor = target(
  "the API's operations, over a socket",
  5_000,
  calls,
  async ({ operation, token, part, query, body, type, key }) => {
    api.door ??= await openDoor({ desk: api.desk });
    api.desk.asked.length = 0;
    const path = operation.path.replace(/\{\w+\}/g, part);
    const asked = query.map(([name, value]) => `${name}=${value}`).join('&');
    const bearing = operation.method === 'post' ? { body } : {};
    const { status, headers, text } = await api.door.call(operation.method.toUpperCase(), `${path}?${asked}`, {
      token,
      ...bearing,
      headers: { 'content-type': type, ...(key === undefined ? {} : { 'idempotency-key': key }) },
    });
    must(status < 500 || status === 503, `${status}: ${text}`);
    if (status >= 400) {
      must(
        (headers.get('content-type') ?? '').startsWith('application/problem+json'),
        `${status} is no problem document`,
      );
      must((JSON.parse(text) as { status: number }).status === status, 'another status');
    }
    must(!INSIDE.test(text), `tells what is inside: ${text}`);
    for (const secret of tokensSecrets) must(!text.includes(secret), 'a secret was told');
    if (api.desk.asked.length === 0) return;
    // An order: upon the one operation, of a token that may, with a body that says so.
    must(operation.path === '/api/v1/orders' && operation.method === 'post', `an order by ${operation.path}`);
    must(['n8n', 'stopper', 'all'].includes(token), `an order by the token ${token}`);
    const said = JSON.parse(body) as Record<string, unknown>;
    for (const { request, proof } of api.desk.asked) {
      must(request.action === said.action, 'another action');
      must(
        request.action === 'sever' || (proof.kind === 'operator' && proof.code === said.code),
        'a restore without a code',
      );
    }
  },
  async () => void (await api.door?.listener.close()),
);

const pieces = fc.constantFrom(
  '&From=%2B15550100001',
  '&Body=STOP',
  '%00',
  '&',
  '=',
  '%',
  '&A=1',
  '\u00e9',
  'x'.repeat(500),
);
const goodForms = [formOf(fieldsOf()), formOf(fieldsOf({ Body: 'RESTORE 492039' }))];
export const smsDoor = target(
  "Twilio's door, over a socket",
  5_000,
  fc.record({
    body: fc.oneof(fc.constantFrom(...goodForms), mutated(goodForms, pieces)),
    how: fc.constantFrom('right', 'wrong', 'of another body', 'missing'),
    type: fc.constantFrom('application/x-www-form-urlencoded', 'application/json', 'multipart/form-data'),
  }),
  async ({ body: sent, how, type }) => {
    // Else it is the first message sent again.
    const body = sent.replace(/(?<=MessageSid=)SM[0-9a-f]{32}/, newMessageSid);
    phone ??= await startDoor();
    phone.desk.asked.length = 0;
    const fields = (text: string): Record<string, string[]> => {
      const all = new URLSearchParams(text);
      return Object.fromEntries([...all.keys()].map((key) => [key, all.getAll(key)]));
    };
    const signature = { right: sign(fields(body)), wrong: 'x'.repeat(27).concat('='), missing: '' }[how as 'right'];
    const header = signature ?? sign(fields(`${body}&Z=1`));
    const { status, body: text } = await post(phone.url, body, { 'content-type': type, 'x-twilio-signature': header });
    must(status < 500, `${status}: ${text}`);
    must(!INSIDE.test(text) && !text.includes(TOKEN), `tells what is inside: ${text}`);
    if (phone.desk.asked.length === 0) return;
    must(how === 'right', `an order upon a signature that is ${how}`);
    const all = new URLSearchParams(body);
    must(all.get('AccountSid')?.toLowerCase() === ACCOUNT.toLowerCase(), 'of another account');
    const action = phone.desk.asked[0]?.request.action;
    must(action === 'sever' || /RESTORE/i.test(all.get('Body') ?? ''), 'a restore that nobody wrote');
  },
  async () => void (await phone?.close()),
);
