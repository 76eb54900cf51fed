import { createTwilioSender, type Sent } from '../../../src/intake/sms/sender';
import { type Phone, startPhone } from '../../../src/sandbox/phone';
import type { Mishap } from '../../../src/sandbox/twilio-rest';
import { ACCOUNT, ALICE, NUMBER, TOKEN, WEBHOOK_URL } from '../../support/sms-door';

let phone: Phone;
beforeEach(async () => {
  phone = await startPhone({ accountSid: ACCOUNT, authToken: TOKEN, number: NUMBER, webhookUrl: WEBHOOK_URL });
});
afterEach(() => phone.close());

const usual = { accountSid: ACCOUNT, authToken: TOKEN, from: NUMBER, timeoutMs: 2_000 };
const send = (more: Partial<typeof usual> = {}, to = ALICE, body = 'SEVERED agent & <llm>'): Promise<Sent> =>
  createTwilioSender({ ...usual, baseUrl: phone.restUrl, ...more }).send(to, body);

test('texts', async () => {
  expect(await send()).toEqual({ ok: true, sid: expect.stringMatching(/^SM[0-9a-f]{32}$/) });
  expect(await phone.expectReply(ALICE, /agent & <llm>/)).toBe('SEVERED agent & <llm>');
  expect(phone.inbox(ALICE).all).toHaveLength(1);
});

test.each<readonly [string, Partial<typeof usual>, string, string, number, boolean]>([
  ['a wrong token', { authToken: 'wrong' }, ALICE, 'x', 20003, false],
  ['an unknown account', { accountSid: `AC${'f'.repeat(32)}` }, ALICE, 'x', 20003, false],
  ['a number that is not ours', { from: '+15550100599' }, ALICE, 'x', 21659, false],
  ['a recipient that is none', {}, 'alice', 'x', 21211, true],
])('%s', async (_, more, to, body, code, recipientOnly) => {
  const sent = await send(more, to, body);
  expect(sent).toMatchObject({ ok: false, code, retry: false, recipientOnly });
  expect(phone.inbox(ALICE).all).toEqual([]);
});

test.each<readonly [string, Mishap, number | string, boolean]>([
  ['opted out', { status: 400, code: 21610 }, 21610, false],
  ['not registered', { status: 400, code: 30034 }, 30034, false],
  ['too many requests', { status: 429, code: 20429 }, 20429, true],
  ['too many requests, without a code', { status: 429, text: 'slow down' }, 429, true],
  ['unauthorized, without a code', { status: 401, text: '' }, 401, false],
  ['a failure', { status: 503, text: '<html>' }, 503, true],
  ['a failure with a code', { status: 500, code: 20500 }, 20500, true],
  ['an unlisted refusal', { status: 400, code: 29999 }, 29999, false],
  ['a captive portal', { status: 200, text: '<html>Please log in</html>' }, 'nonsense', true],
  ['a redirect', { status: 302, text: '' }, 'nonsense', true],
  ['a connection that breaks', 'hang-up', 'network', true],
])('%s is told as data', async (_, mishap, code, retry) => {
  phone.mishaps.push(mishap);
  const sent = await send();
  expect(sent).toMatchObject({ ok: false, code, retry, advice: expect.stringMatching(/.{10}/) });
  expect(JSON.stringify(sent)).not.toContain(TOKEN);
  expect(phone.inbox(ALICE).all).toEqual([]);
  expect((await send()).ok).toBe(true);
});

test('what never answers is bounded', async () => {
  phone.mishaps.push('silence');
  const began = performance.now();
  expect(await send({ timeoutMs: 200 })).toMatchObject({ ok: false, code: 'timeout', retry: true });
  expect(performance.now() - began).toBeLessThan(1_500);
});

test('nobody there', async () => {
  const away = createTwilioSender({ ...usual, baseUrl: 'http://127.0.0.1:9' });
  expect(await away.send(ALICE, 'x')).toMatchObject({ ok: false, code: 'network', retry: true });
});

test('a number that sent STOP is out of reach until START', async () => {
  // Nobody listens at the webhook: the block is Twilio's own.
  await phone.text(ALICE, 'Stop').catch(() => undefined);
  expect(await send()).toMatchObject({ ok: false, code: 21610, retry: false, recipientOnly: true });
  await phone.text(ALICE, 'START').catch(() => undefined);
  expect((await send()).ok).toBe(true);
  await phone.text(ALICE, 'STOP 492039').catch(() => undefined);
  expect((await send()).ok).toBe(true);
  expect(phone.inbox(ALICE).all.map(({ via }) => via)).toEqual(['keyword', 'keyword', 'rest', 'rest']);
});

test('a reply that does not come is an error that says what came', async () => {
  await send({}, ALICE, 'something else');
  await expect(phone.expectReply(ALICE, /SEVERED/, 50)).rejects.toThrow(
    'No text like /SEVERED/ within 50 ms. Came instead: "something else".',
  );
});
