import { parse } from 'node:querystring';
import { credentialOf, run, STARTS_MS, startTokenWhole } from '../support/n8n/pullcord';
import { RELAY_URL } from '../support/relay';
import type { Whole } from '../support/whole';

/** A text message from a really signed webhook, by way of the node, to the gateway. */

const AGENT = '/v1/embeddings';
let whole: Whole;
beforeAll(async () => {
  whole = await startTokenWhole({}, { twilio: { relayUrls: [RELAY_URL] } });
}, STARTS_MS);
afterAll(() => whole.close());

const relay = (parameters: Readonly<Record<string, unknown>>, token = 'relay') =>
  run(credentialOf(whole, token), { operation: 'relayTwilio', webhookUrl: RELAY_URL, ...parameters });
/** What n8n's Webhook node makes of the form. */
const received = (text: string) => {
  const { fields, signature } = whole.phone.signed(RELAY_URL, whole.alice.phone, text);
  return { signature, body: parse(new URLSearchParams(fields).toString()) };
};

it.each([
  ['nothing', { signature: undefined }],
  ['an empty text', { signature: '' }],
])('with %s for a signature nothing is sent', async (_, change) => {
  const { error, sent } = await relay({ parameters: '{}', ...change });
  expect(error?.message).toBe("Twilio's signature is missing: nothing was sent");
  expect(sent).toEqual([]);
});

it.each([['{'], ['[]'], ['"a"'], ['null'], [''], [undefined], [{ a: 1 }], [{ a: { b: 'c' } }], [{ a: ['b', 1] }]])(
  'with %j for parameters nothing is sent',
  async (parameters) => {
    const { error, sent } = await relay({ signature: 'x', parameters });
    expect(error?.message).toBe("The parameters are not the pairs of Twilio's form: nothing was sent");
    expect(sent).toEqual([]);
  },
);

it('a bent byte is refused, and nothing is cut', async () => {
  const { signature, body } = received(`STOP ${whole.alice.code()}`);
  const bent = [
    { signature: signature.replace(/^./, (first) => (first === 'A' ? 'B' : 'A')), parameters: JSON.stringify(body) },
    { signature, parameters: JSON.stringify({ ...body, Body: `${String(body.Body)} ` }) },
    { signature, parameters: JSON.stringify({ ...body, From: whole.bob.phone }) },
  ];
  for (const parameters of bent) {
    const { error } = await relay(parameters);
    expect(error?.message).toBe("The message does not bear Twilio's signature");
    expect(error?.description).toContain('sms.twilio.relayUrls');
    expect(error?.context.data).toEqual({ reason: 'bad-signature', status: 403 });
  }
  expect(await whole.status(AGENT)).not.toBe(503);
});

it('a token that may not relay is told so', async () => {
  const { signature, body } = received('STATUS');
  const { error } = await relay({ signature, parameters: JSON.stringify(body) }, 'stop');
  expect(error?.message).toBe('The token of this credential lacks the right "relay"');
});

it.each([
  ['as JSON', (body: object) => JSON.stringify(body)],
  ['as n8n hands a JSON parameter on when it has read it', (body: object) => ({ ...body })],
])('a true one severs (%s), the person is texted, and twice is once', async (_, written) => {
  whole.clock.advance(30);
  const { signature, body } = received(`STOP ${whole.alice.code()}`);
  const first = await relay({ signature, parameters: written(body) });
  expect(first.error).toBeUndefined();
  expect(first.json).toEqual([expect.objectContaining({ understood: 'sever', order: expect.any(Number) })]);
  expect(await whole.phone.expectReply(whole.alice.phone, /^SEVERED agent/)).toContain('Order');
  expect(await whole.status(AGENT)).toBe(503);
  expect((await relay({ signature, parameters: written(body) })).json[0]?.order).toBe(first.json[0]?.order);
});
