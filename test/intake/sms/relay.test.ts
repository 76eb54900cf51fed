import { operations } from '../../../src/intake/http/operations';
import type { Answered } from '../../support/http';
import { type Fields, OTHER_URL, RELAY_URL, type RelayDoor, type Sent, startRelayDoor } from '../../support/relay';
import {
  ACCOUNT,
  ALICE,
  type DoorSetup,
  fieldsOf,
  formOf,
  OLD_TOKEN,
  type Posted,
  post,
  STRANGER,
  sign,
  TOKEN,
  WEBHOOK_URL,
} from '../../support/sms-door';
import { until } from '../../support/until';

const doors: RelayDoor[] = [];
async function open(setup: DoorSetup = {}): Promise<RelayDoor> {
  const door = await startRelayDoor(setup);
  doors.push(door);
  return door;
}
afterEach(async () => {
  await Promise.all(doors.splice(0).map((door) => door.close()));
});

/** A promise that the test keeps when it wants to. */
function gate(): { readonly passed: Promise<void>; open(): void } {
  let keep = (): void => undefined;
  const passed = new Promise<void>((resolve) => {
    keep = resolve;
  });
  return { passed, open: () => keep() };
}

/** Refused: a problem, one line of paper, and nobody was asked for anything or told a word. */
function expectRefused(door: RelayDoor, answer: Answered, status: number, reason: string): void {
  expect(answer).toMatchObject({ status, json: { reason } });
  expect(door.desk.reasons).toEqual([reason]);
  expect(door.desk.asked).toEqual([]);
  expect(door.desk.timesLatchesWereRead).toBe(0);
  expect([...door.alarms, ...door.said, ...door.followed, ...door.told]).toEqual([]);
}

const direct = (door: RelayDoor, fields: Fields): Promise<Posted> =>
  post(door.url, formOf(fields), { 'x-twilio-signature': sign(fields) });

describe('a signed message that is handed on', () => {
  it('is put to the desk as if Twilio had called, and its result is sent by us: n8n gets a receipt', async () => {
    const door = await open();
    const fields = fieldsOf();
    const { status, json } = await door.relayed(fields);
    expect({ status, json }).toEqual({ status: 200, json: { understood: 'sever', order: 1 } });
    const key = `sms:${fields.MessageSid}`;
    expect(door.desk.asked).toEqual([
      {
        request: {
          ...{ key, action: 'sever', scope: 'agent', source: 'sms' },
          ...{ correlation: fields.MessageSid, replyTo: ALICE },
        },
        proof: { kind: 'phone', phone: ALICE, code: '492039' },
      },
    ]);
    expect(door.followed.map((order) => order.key)).toEqual([key]);
    expect([...door.told, ...door.said, ...door.alarms, ...door.desk.refusals]).toEqual([]);
  });

  it.each([
    ['STATUS', 'status', /llm SEVERED/],
    ['help me', 'help', /CUT \+ code/],
    ['STOP nowhere 492039', 'unknown-scope', /No scope is called/],
    ['good morning', 'not-understood', /Not understood/],
  ])('%s is texted once, however often it is handed on', async (Body, understood, text) => {
    const door = await open();
    const fields = fieldsOf({ Body });
    for (let i = 0; i < 3; i++) expect(await door.relayed(fields)).toMatchObject({ status: 200, json: { understood } });
    expect(door.said).toEqual([{ to: ALICE, text: expect.stringMatching(text) }]);
    expect(door.desk.asked).toEqual([]);
    expect(door.desk.timesLatchesWereRead).toBe(Body === 'STATUS' ? 1 : 0);
    for (const { data } of door.desk.refusals) expect(data.door).toBe('relay');
  });

  it('whose code is wrong is refused to the sender, once, and n8n hears the reason', async () => {
    const door = await open();
    door.desk.decide = async () => ({ kind: 'refused', refused: 'code-wrong' });
    const fields = fieldsOf({ Body: 'RESTORE 492039' });
    for (let i = 0; i < 2; i++) {
      const { json } = await door.relayed(fields);
      expect(json).toEqual({ understood: 'restore', refused: 'code-wrong' });
    }
    expect(door.said).toEqual([{ to: ALICE, text: expect.stringMatching(/^Wrong code/) }]);
    expect(door.followed).toEqual([]);
  });

  it('that is not seen everywhere in time is told so far, once, and the result follows', async () => {
    const door = await open({ replyMs: 500 });
    door.desk.see = async () => ({ state: 'severing', ms: 9, cut: 0, gateways: 1, missing: ['main is away'] });
    const fields = fieldsOf();
    await Promise.all([door.relayed(fields), door.relayed(fields)]);
    await door.relayed(fields);
    expect(door.said).toEqual([{ to: ALICE, text: expect.stringMatching(/^SEVERING agent, order 1.*main is away/) }]);
    expect(new Set(door.followed.map(({ number }) => number))).toEqual(new Set([1]));
  });

  it('whose refusal comes late gets one word at first, and one then', async () => {
    const door = await open({ replyMs: 500 });
    const late = gate();
    door.desk.decide = () => late.passed.then(() => ({ kind: 'refused', refused: 'code-wrong' }));
    const fields = fieldsOf();
    expect((await Promise.all([door.relayed(fields), door.relayed(fields)])).map(({ json }) => json)).toEqual([
      { understood: 'sever' },
      { understood: 'sever' },
    ]);
    late.open();
    await until(() => door.said.length > 1);
    await door.call('GET', '/api/v1/scopes', {});
    expect(door.said.map(({ text }) => text)).toEqual([
      expect.stringMatching(/being worked on/),
      expect.stringMatching(/^Wrong code/),
    ]);
  });

  it('is answered though n8n hangs up in the middle', async () => {
    const door = await open();
    const seen = gate();
    const { see } = door.desk;
    door.desk.see = (order, ms) => seen.passed.then(() => see(order, ms));
    const n8n = new AbortController();
    const lost = door.relayed(fieldsOf(), { signal: n8n.signal }).catch((error: Error) => error.name);
    await until(() => door.desk.asked.length > 0);
    n8n.abort();
    expect(await lost).toBe('AbortError');
    seen.open();
    await until(() => door.followed.length > 0);
    expect(door.said).toEqual([]);
  });
});

describe('who sends it', () => {
  it('a stranger gets silence, and n8n is told', async () => {
    const door = await open();
    const { status, json } = await door.relayed(fieldsOf({ From: STRANGER }));
    expect({ status, json }).toEqual({ status: 200, json: { understood: 'sever', refused: 'unknown-sender' } });
    expect(door.desk.refusals).toMatchObject([{ reason: 'unknown-sender', data: { door: 'relay' } }]);
    expect([...door.desk.asked, ...door.said, ...door.followed]).toEqual([]);
  });

  it('a stranger with a backup code stops', async () => {
    const door = await open();
    expect(await door.relayed(fieldsOf({ From: STRANGER, Body: 'stop 123456789012' }))).toMatchObject({
      json: { understood: 'sever', order: 1 },
    });
    expect(door.desk.asked).toMatchObject([
      { request: { action: 'sever' }, proof: { kind: 'phone', phone: STRANGER, code: '123456789012' } },
    ]);
    expect(door.followed).toHaveLength(1);
  });

  it('a bare STOP is not answered by a text: the sender has opted out, the others hear of it', async () => {
    const door = await open({ sms: { bareStop: 'sever' }, twilio: {} });
    const fields = fieldsOf({ Body: 'STOP' });
    await door.relayed(fields);
    await door.relayed(fields);
    expect(door.desk.asked[0]?.proof).toEqual({ kind: 'phone', phone: ALICE, bare: true });
    expect([...door.said, ...door.followed]).toEqual([]);
    expect(door.told.map(({ number }) => number)).toEqual([1]);
    expect(door.alarms).toEqual([{ key: expect.any(String), text: expect.stringMatching(/Opted out/) }]);
  });
});

describe('the same message by both doors is one order and one answer', () => {
  it.each(['STOP 492039', 'STATUS'])('%s: Twilio first', async (Body) => {
    const door = await open();
    const fields = fieldsOf({ Body });
    expect((await direct(door, fields)).body).toContain('<Message>');
    expect(await door.relayed(fields)).toMatchObject({ status: 200 });
    expect([...door.said, ...door.followed]).toEqual([]);
    expect(door.desk.orders.size).toBe(Body === 'STATUS' ? 0 : 1);
    // Twilio asks again when it got no answer: then it gets the same.
    expect((await direct(door, fields)).body).toContain('<Message>');
  });

  it.each(['STOP 492039', 'STATUS'])('%s: the relay first', async (Body) => {
    const door = await open();
    const fields = fieldsOf({ Body });
    await door.relayed(fields);
    const { status, body } = await direct(door, fields);
    expect({ status, says: body.includes('<Message>') }).toEqual({ status: 200, says: false });
    expect([...door.said, ...door.followed]).toHaveLength(1);
    expect(door.told).toEqual([]);
    expect(door.desk.orders.size).toBe(Body === 'STATUS' ? 0 : 1);
  });

  it('at the same time', async () => {
    const door = await open();
    const seen = gate();
    const { see } = door.desk;
    door.desk.see = (order, ms) => seen.passed.then(() => see(order, ms));
    const fields = fieldsOf();
    const both = Promise.all([door.relayed(fields), direct(door, fields)]);
    await until(() => door.desk.asked.length === 2);
    seen.open();
    const [, { body }] = await both;
    const byTwilio = body.includes('<Message>') ? 1 : 0;
    expect(byTwilio + door.followed.length).toBe(1);
    expect(door.desk.orders.size).toBe(1);
  });
});

describe('the signature', () => {
  const FRAGMENT = `${RELAY_URL}#rc=2&rp=all`;
  const accepted: readonly (readonly [string, string, string[], string])[] = [
    ['the configured address', RELAY_URL, [RELAY_URL], TOKEN],
    ['any of several', RELAY_URL, [OTHER_URL, RELAY_URL], TOKEN],
    ['the token that is rotated out', RELAY_URL, [RELAY_URL], OLD_TOKEN],
    ['with a fragment in the configuration', RELAY_URL, [FRAGMENT], TOKEN],
    ['with the port that goes without saying', RELAY_URL.replace('.org', '.org:443'), [RELAY_URL], TOKEN],
  ];
  it.each(accepted)('accepted: %s', async (_, signed, relayUrls, token) => {
    const door = await open({ twilio: { relayUrls } });
    const fields = fieldsOf();
    expect(await door.relayed(fields, { signature: sign(fields, signed, token) })).toMatchObject({ status: 200 });
    expect(door.desk.asked).toHaveLength(1);
  });

  const rejected: readonly (readonly [string, string, string])[] = [
    ["for Pullcord's own address", WEBHOOK_URL, TOKEN],
    ['for the address that is sent along', 'https://evil.example.org/webhook/sms', TOKEN],
    ['with a slash more', `${RELAY_URL}/`, TOKEN],
    ['for http', RELAY_URL.replace('https', 'http'), TOKEN],
    ['with another token', RELAY_URL, 'guess'],
    ['with the fragment', FRAGMENT, TOKEN],
  ];
  it.each(rejected)('refused: %s', async (_, signed, token) => {
    const door = await open();
    const fields = fieldsOf();
    const sent: Sent = { url: signed, signature: sign(fields, signed, token) };
    expectRefused(door, await door.relayed(fields, sent), 403, 'bad-signature');
    expect(door.desk.refusals[0]?.data).toMatchObject({ door: 'relay', token: 'relayer' });
  });

  it.each(['', 'x', `${'A'.repeat(27)}=`, 'A'.repeat(200)])('refused: %j', async (signature) => {
    const door = await open();
    expectRefused(door, await door.relayed(fieldsOf(), { signature }), 403, 'bad-signature');
  });

  it("for the relay does not open Twilio's own door", async () => {
    const door = await open();
    const fields = fieldsOf();
    const { status } = await post(door.url, formOf(fields), { 'x-twilio-signature': sign(fields, RELAY_URL) });
    expect([status, door.desk.asked]).toEqual([403, []]);
  });

  it.each([RELAY_URL, 'http://localhost:5678/webhook/0f8a-sms', '', undefined])(
    'is what counts: the url that is sent along is not believed: %s',
    async (url) => {
      const door = await open();
      const fields = fieldsOf();
      const body = { ...(url === undefined ? {} : { url }), signature: sign(fields, RELAY_URL), params: fields };
      expect(await door.call('POST', '/api/v1/relay/twilio', { token: 'relayer', body })).toMatchObject({
        status: 200,
      });
      expect(door.desk.asked).toHaveLength(1);
    },
  );

  it.each<[string, string[], string, RegExp]>([
    ['nothing is configured', [], RELAY_URL, /Nobody may relay yet: set sms\.twilio\.relayUrls/],
    ['n8n was called elsewhere', [OTHER_URL, WEBHOOK_URL], RELAY_URL, /none of the 2 in sms\.twilio\.relayUrls\. Set/],
    ['the address is right', [RELAY_URL], `${RELAY_URL}#rc=2`, /signed this for none of the 1 .*every parameter/],
  ])('%s: the refusal says what to do, and names no address', async (_, relayUrls, url, says) => {
    const door = await open({ twilio: { relayUrls } });
    const answer = await door.relayed(fieldsOf(), { url, signature: `${'A'.repeat(27)}=` });
    expectRefused(door, answer, 403, 'bad-signature');
    expect(answer.json.detail).toMatch(says);
    expect(answer.text).not.toMatch(/https?:\/\//);
  });
});

describe('what a signed message has to be', () => {
  it.each<[string, Readonly<Record<string, string>>, number, string]>([
    ['of our account', { AccountSid: ACCOUNT.replace('0', '1') }, 403, 'wrong-account'],
    ['to our number', { To: '+15550100501' }, 403, 'wrong-number'],
    ['a text message', { MessageSid: 'CA00000000000000000000000000000001' }, 400, 'bad-request'],
    ['from a phone', { From: `whatsapp:${ALICE}` }, 400, 'bad-request'],
  ])('%s', async (_, more, status, reason) => {
    const door = await open();
    const answer = await door.relayed(fieldsOf(more));
    expectRefused(door, answer, status, reason);
    expect(door.desk.refusals[0]?.data).toMatchObject({ door: 'relay', token: 'relayer' });
    if (status === 400) expect(answer.json.detail).toContain(`Of params: ${Object.keys(more)[0]}.`);
  });

  it('with a Body that came twice is refused, though it is signed', async () => {
    const door = await open();
    expectRefused(door, await door.relayed({ ...fieldsOf(), Body: ['STOP 492039', 'x'] }), 400, 'bad-request');
  });

  it.each<[string, unknown]>([
    ['a number', { Body: 1 }],
    ['a list with a number', { Body: ['x', 1] }],
    ['a list in a list', { Body: [['x']] }],
    ['an object', { __proto__: null, Body: { toString: 'x' } }],
    ['a list', [['Body', 'x']]],
    ['a text', 'Body=x'],
    ['nothing', null],
    ['too many pairs', { Body: Array(101).fill('x') }],
  ])('not %s', async (_, params) => {
    const door = await open();
    expectRefused(door, await door.relayed(fieldsOf(), { params }), 400, 'bad-request');
  });

  it('with a key like __proto__ is one like others: it is signed, or refused, and changes nothing else', async () => {
    const door = await open();
    const fields = fieldsOf();
    const json = JSON.stringify(fields).replace('{', '{"__proto__":"x","constructor":"y","toString":["z"],');
    const odd = JSON.parse(json) as Fields;
    const relay = (signature: string) =>
      door.call('POST', '/api/v1/relay/twilio', {
        token: 'relayer',
        body: `{"signature":"${signature}","params":${json}}`,
      });
    expectRefused(door, await relay(sign(fields, RELAY_URL)), 403, 'bad-signature');
    expect(await relay(sign(odd, RELAY_URL))).toMatchObject({ status: 200, json: { understood: 'sever', order: 1 } });
    expect(({} as Record<string, unknown>).x).toBeUndefined();
    const inside = `{"signature":"x","params":{"__proto__":{"Body":"STOP 492039"}}}`;
    expect(await door.call('POST', '/api/v1/relay/twilio', { token: 'relayer', body: inside })).toMatchObject({
      status: 400,
    });
  });
});

describe('the token', () => {
  it('that only relays is not told how things stand; one that may look is told the text', async () => {
    const door = await open();
    const fields = fieldsOf({ Body: 'STATUS' });
    expect((await door.relayed(fields)).json).toEqual({ understood: 'status' });
    expect((await door.relayed(fields, { token: 'relaying-reader' })).json).toEqual({
      understood: 'status',
      text: door.said[0]?.text,
    });
  });

  it.each(['n8n', 'stopper', 'reader', ''])('without the right does not relay: %s', async (token) => {
    const door = await open();
    const { status } = await door.relayed(fieldsOf(), { token });
    expect(status).toBe(token === '' ? 401 : 403);
    expect(door.desk.asked).toEqual([]);
  });

  // Who it is, it may ask.
  const own = ['relayTwilio', 'whoAmI'];
  // A page's own take a person's code: no token is looked at there.
  const tokenless: readonly unknown[] = ['open', 'page'];
  const others = Object.entries(operations).filter(
    ([id, { access }]) => !tokenless.includes(access) && !own.includes(id),
  );
  it.each(others)('that only relays can do nothing else: %s', async (_, { method, path }) => {
    const door = await open();
    const bodies = [
      { action: 'sever' },
      { action: 'restore' },
      { action: 'sever', operator: 'alice', code: '492039' },
      { action: 'restore', operator: 'alice', code: '492039' },
    ];
    for (const body of method === 'get' ? [undefined] : bodies) {
      const address = path.replace(/\{\w+\}/g, '1');
      const answer = await door.call(method.toUpperCase(), address, {
        token: 'relayer',
        ...(body ? { body } : {}),
      });
      expect(answer).toMatchObject({ status: 403, json: { reason: 'no-right' } });
    }
    expect(door.desk.asked).toEqual([]);
    expect(door.desk.timesLatchesWereRead).toBe(0);
  });

  it('is named in the log with the message; codes, bodies and signatures are in none', async () => {
    const door = await open();
    const fields = fieldsOf();
    await door.relayed(fields);
    await door.relayed(fields, { signature: `${'A'.repeat(27)}=` });
    const all = JSON.stringify([door.log, door.logged, door.desk.refusals]);
    expect(all).toContain(`"token":"relayer"`);
    for (const secret of ['492039', sign(fields, RELAY_URL), TOKEN, 'relayer-secret', '0f8a-sms'])
      expect(all).not.toContain(secret);
  });
});
