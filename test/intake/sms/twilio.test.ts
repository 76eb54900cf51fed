import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { twilioDoor } from '../../../src/intake/sms/twilio';
import { Ways } from '../../../src/intake/sms/ways';
import {
  ACCOUNT,
  ALICE,
  type Door,
  doorConfig,
  FakeDesk,
  fieldsOf,
  formOf,
  newMessageSid,
  OLD_TOKEN,
  type Posted,
  PUBLIC_URL,
  post,
  sign,
  startDoor,
  TOKEN,
  WEBHOOK_URL,
} from '../../support/sms-door';
import { until } from '../../support/until';

const SILENCE = '<?xml version="1.0" encoding="UTF-8"?><Response></Response>';

const doors: Door[] = [];
async function open(setup: Parameters<typeof startDoor>[0] = {}): Promise<Door> {
  const door = await startDoor(setup);
  doors.push(door);
  return door;
}
afterEach(async () => {
  await Promise.all(doors.splice(0).map((door) => door.close()));
});

type Fields = Readonly<Record<string, string | string[]>>;
const send = (door: Door, fields: Fields, signature = sign(fields)): Promise<Posted> =>
  post(door.url, formOf(fields), { 'x-twilio-signature': signature });

/** Refused: an empty answer, one line of paper, and nobody was asked for anything. */
function expectRefused(door: Door, posted: Posted, status: number, reason: string): void {
  expect({ status: posted.status, body: posted.body }).toEqual({ status, body: '' });
  expect(door.desk.reasons).toEqual([reason]);
  expect(door.desk.asked).toEqual([]);
  expect(door.desk.timesLatchesWereRead).toBe(0);
  expect([...door.alarms, ...door.said, ...door.followed, ...door.told]).toEqual([]);
}

test('a signed STOP is put to the desk, and the answer carries the result', async () => {
  const door = await open();
  const fields = fieldsOf();
  const posted = await send(door, fields);
  expect(posted).toEqual({
    status: 200,
    type: 'text/xml; charset=utf-8',
    body: '<?xml version="1.0" encoding="UTF-8"?><Response><Message>SEVERED agent: 3 routes refused on 2 gateways, seen after 0.4 s. Order 1. RESTORE agent + code puts it back.</Message></Response>',
  });
  expect(door.desk.asked).toEqual([
    {
      request: {
        key: `sms:${fields.MessageSid}`,
        action: 'sever',
        scope: 'agent',
        source: 'sms',
        correlation: fields.MessageSid,
        replyTo: ALICE,
      },
      proof: { kind: 'phone', phone: ALICE, code: '492039' },
    },
  ]);
  expect(door.desk.refusals).toEqual([]);
  await until(() => door.told.length === 1);
  expect(door.followed).toEqual([]);
});

test('an MMS is a text message too', async () => {
  const door = await open();
  const fields = fieldsOf({ MessageSid: newMessageSid().replace('SM', 'MM'), NumMedia: '1' });
  expect((await send(door, fields)).status).toBe(200);
  expect(door.desk.asked).toHaveLength(1);
});

describe('the signature', () => {
  const accepted: readonly (readonly [string, { configured?: string; signed: string }])[] = [
    ['the public URL', { signed: WEBHOOK_URL }],
    ['signed with :443', { signed: 'https://pullcord.example.org:443/sms/twilio' }],
    [
      'configured with :443',
      { configured: 'https://pullcord.example.org:443/sms/twilio', signed: 'https://pullcord.example.org/sms/twilio' },
    ],
    [
      'configured with :8443 as it is signed',
      { configured: 'https://pullcord.example.org:8443/in', signed: 'https://pullcord.example.org:8443/in' },
    ],
    ['configured with a fragment', { configured: `${WEBHOOK_URL}#rc=2&rp=all`, signed: WEBHOOK_URL }],
    [
      'configured with its userinfo',
      { configured: 'https://u:p@pullcord.example.org/in', signed: 'https://u:p@pullcord.example.org/in' },
    ],
    ['configured with a query', { configured: `${WEBHOOK_URL}?a=1&b='x'`, signed: `${WEBHOOK_URL}?a=1&b='x'` }],
  ];
  test.each(accepted)('accepted: %s', async (_, { configured, signed }) => {
    const door = await open({ twilio: configured === undefined ? {} : { webhookUrl: configured } });
    const fields = fieldsOf();
    expect((await send(door, fields, sign(fields, signed))).status).toBe(200);
    expect(door.desk.asked).toHaveLength(1);
    expect(door.desk.refusals).toEqual([]);
  });

  const rejected: readonly (readonly [string, { configured?: string; signed: string }])[] = [
    ['another host', { signed: 'https://other.example.org/sms/twilio' }],
    ['signed with :8443, which a proxy hides', { signed: 'https://pullcord.example.org:8443/sms/twilio' }],
    ['signed for http', { signed: 'http://pullcord.example.org/sms/twilio' }],
    ['a trailing slash more', { signed: `${WEBHOOK_URL}/` }],
    ['a trailing slash less', { configured: `${WEBHOOK_URL}/`, signed: WEBHOOK_URL }],
    ['signed with the fragment', { configured: `${WEBHOOK_URL}#rc=2`, signed: `${WEBHOOK_URL}#rc=2` }],
    ['signed with a userinfo that is not configured', { signed: 'https://u:p@pullcord.example.org/sms/twilio' }],
    ['signed for the local address', { signed: 'http://127.0.0.1/sms/twilio' }],
  ];
  test.each(rejected)('refused: %s', async (_, { configured, signed }) => {
    const door = await open({ twilio: configured === undefined ? {} : { webhookUrl: configured } });
    const fields = fieldsOf();
    expectRefused(door, await send(door, fields, sign(fields, signed)), 403, 'bad-signature');
  });

  test('the Host header says nothing', async () => {
    const door = await open();
    const fields = fieldsOf();
    const forged = { host: 'evil.example.net', 'x-forwarded-host': 'evil.example.net', 'x-forwarded-proto': 'https' };
    const posted = await post(door.url, formOf(fields), {
      ...forged,
      'x-twilio-signature': sign(fields, 'https://evil.example.net/sms/twilio'),
    });
    expectRefused(door, posted, 403, 'bad-signature');
  });

  test('a publicUrl with a path and a trailing slash', async () => {
    const door = await open({ publicUrl: `${PUBLIC_URL}/pull/` });
    const fields = fieldsOf();
    expect((await send(door, fields, sign(fields, `${PUBLIC_URL}/pull/sms/twilio`))).status).toBe(200);
  });

  test.each([
    ['the first token', TOKEN, true],
    ['the second token', OLD_TOKEN, true],
    ['no token of ours', 'third-token', false],
    ['an empty token', '', false],
  ])('%s', async (_, token, good) => {
    const door = await open();
    const fields = fieldsOf();
    const posted = await send(door, fields, sign(fields, WEBHOOK_URL, token));
    if (!good) return expectRefused(door, posted, 403, 'bad-signature');
    expect(posted.status).toBe(200);
    expect(door.desk.asked).toHaveLength(1);
  });

  test.each([
    ['empty', ''],
    ['short', 'abc='],
    ['hexadecimal', 'a'.repeat(40)],
    ['of SHA-256', `${'A'.repeat(43)}=`],
    ['well-formed and wrong', `${'A'.repeat(27)}=`],
    ['two of them', `${'A'.repeat(27)}=, ${'B'.repeat(27)}=`],
    ['very long', 'A'.repeat(4_000)],
  ])('refused: a signature that is %s', async (_, signature) => {
    const door = await open();
    expectRefused(door, await send(door, fieldsOf(), signature), 403, 'bad-signature');
  });

  test('refused: no signature', async () => {
    const door = await open();
    expectRefused(door, await post(door.url, formOf(fieldsOf()), {}), 403, 'bad-signature');
  });

  test('the raw form is what is signed: spaces and unknown fields stay', async () => {
    const door = await open();
    const fields = fieldsOf({ Body: '  STOP 492039 \n', SomethingNew: 'x & y=z+%', Empty: '', Ünïcode: 'é \u{1F6D1}' });
    expect((await send(door, fields)).status).toBe(200);
    expect(door.desk.asked).toHaveLength(1);
  });

  const original = fieldsOf({ Body: ' hello ' });
  test.each<readonly [string, Fields]>([
    ['another Body', { ...original, Body: 'RESTORE 492039' }],
    ['a trimmed Body', { ...original, Body: 'hello' }],
    ['another From', { ...original, From: '+15550100002' }],
    ['a field more', { ...original, Extra: '1' }],
    ['a field less', Object.fromEntries(Object.entries(original).filter(([key]) => key !== 'NumMedia'))],
    ['a second Body', { ...original, Body: [' hello ', 'STOP 492039'] }],
  ])('refused: %s under a captured signature', async (_, fields) => {
    const door = await open();
    expectRefused(door, await send(door, fields, sign(original)), 403, 'bad-signature');
  });
});

describe('the shapes, under a right signature', () => {
  test('a key that slid into the value before it signs alike, and is refused', async () => {
    const door = await open();
    const fields = fieldsOf();
    const { NumMedia, ...rest } = fields;
    const slid = { ...rest, MessageSid: `${fields.MessageSid}NumMedia${NumMedia}` };
    expect(sign(slid)).toBe(sign(fields));
    expectRefused(door, await send(door, slid, sign(fields)), 400, 'bad-request');
  });

  test('a key that came twice signs alike when the values are the same, and is refused', async () => {
    const door = await open();
    const fields = fieldsOf();
    const twice = { ...fields, MessageSid: [fields.MessageSid ?? '', fields.MessageSid ?? ''] };
    expect(sign(twice)).toBe(sign(fields));
    expectRefused(door, await send(door, twice, sign(fields)), 400, 'bad-request');
  });

  test('two values of a field that matters are refused, of another are not', async () => {
    const door = await open();
    const other = { ...fieldsOf(), Extra: ['2', '1'] };
    expect((await send(door, other)).status).toBe(200);
    const bodies = { ...fieldsOf(), Body: ['STOP 492039', 'hello'] };
    expect((await send(door, bodies)).status).toBe(400);
    expect(door.desk.asked).toHaveLength(1);
  });

  test.each<readonly [string, Readonly<Record<string, string>>, number, string]>([
    ['another account', { AccountSid: `AC${'f'.repeat(32)}` }, 403, 'wrong-account'],
    ['no account', { AccountSid: '' }, 403, 'wrong-account'],
    ['a number that is not ours', { To: '+15550100501' }, 403, 'wrong-number'],
    ['a MessageSid in capitals', { MessageSid: `SM${'A'.repeat(32)}` }, 400, 'bad-request'],
    ['a MessageSid that is too long', { MessageSid: `SM${'a'.repeat(33)}` }, 400, 'bad-request'],
    ['the sid of a call', { MessageSid: `CA${'a'.repeat(32)}` }, 400, 'bad-request'],
    ['WhatsApp', { From: `whatsapp:${ALICE}` }, 400, 'bad-request'],
    ['RCS', { From: `rcs:${ALICE}` }, 400, 'bad-request'],
    ['a short code', { From: '12345' }, 400, 'bad-request'],
    ['a From with spaces', { From: '+1 555 010 0001' }, 400, 'bad-request'],
    ['a From with a newline', { From: `${ALICE}\n` }, 400, 'bad-request'],
    ['no From', { From: '' }, 400, 'bad-request'],
    ['To over WhatsApp', { To: 'whatsapp:+15550100500' }, 400, 'bad-request'],
  ])('refused: %s', async (_, more, status, reason) => {
    const door = await open();
    expectRefused(door, await send(door, fieldsOf(more)), status, reason);
  });

  test('foreign keys do no harm', async () => {
    const door = await open();
    const form = `${formOf(fieldsOf())}&__proto__=x&constructor=y&hasOwnProperty=z`;
    const fields = Object.assign(Object.create(null), Object.fromEntries(new URLSearchParams(form)));
    const posted = await post(door.url, form, { 'x-twilio-signature': sign(fields) });
    expect(posted.status).toBe(200);
    expect(door.desk.asked).toHaveLength(1);
  });

  test('an account that is configured in capitals is the same', async () => {
    const door = await open({ twilio: { accountSid: ACCOUNT.toUpperCase() } });
    expect((await send(door, fieldsOf())).status).toBe(200);
  });
});

describe('the request', () => {
  const signed = { 'x-twilio-signature': `${'A'.repeat(27)}=` };

  test.each([
    ['JSON', 'application/json'],
    ['plain text', 'text/plain'],
    ['multipart', 'multipart/form-data; boundary=x'],
    ['a type that begins alike', 'application/x-www-form-urlencodedx'],
  ])('refused: %s', async (_, type) => {
    const door = await open();
    const fields = fieldsOf();
    const headers = { 'x-twilio-signature': sign(fields), 'content-type': type };
    expectRefused(door, await post(door.url, formOf(fields), headers), 400, 'bad-request');
  });

  test.each(['application/x-www-form-urlencoded; charset=UTF-8', 'Application/X-WWW-Form-URLencoded'])(
    'accepted: %s',
    async (type) => {
      const door = await open();
      const fields = fieldsOf();
      const headers = { 'x-twilio-signature': sign(fields), 'content-type': type };
      expect((await post(door.url, formOf(fields), headers)).status).toBe(200);
    },
  );

  test('refused: a compressed body', async () => {
    const door = await open();
    const headers = { ...signed, 'content-encoding': 'gzip' };
    expectRefused(door, await post(door.url, 'x', headers), 400, 'bad-request');
  });

  test('refused: an empty body', async () => {
    const door = await open();
    expectRefused(door, await post(door.url, '', { 'x-twilio-signature': sign({}) }), 400, 'bad-request');
  });

  test('16 KiB are read, a byte more is not', async () => {
    const door = await open();
    const fields = fieldsOf({ Pad: '' });
    const full = { ...fields, Pad: 'x'.repeat(16 * 1024 - formOf(fields).length) };
    expect((await send(door, full)).status).toBe(200);
    expect(door.desk.asked).toHaveLength(1);

    const other = await open();
    const over = { ...full, Pad: `${full.Pad}x` };
    expectRefused(other, await send(other, over), 413, 'too-large');
  });

  test('refused: an endless body of undeclared length, without reading on', async () => {
    const door = await open();
    const req = request(door.url, {
      method: 'POST',
      headers: { ...signed, 'content-type': 'application/x-www-form-urlencoded', 'transfer-encoding': 'chunked' },
    });
    req.on('error', () => undefined);
    const feed = setInterval(() => req.write('x'.repeat(4_096)), 1);
    try {
      const [res] = await once(req, 'response');
      expect(res.statusCode).toBe(413);
      expect(res.headers.connection).toBe('close');
    } finally {
      clearInterval(feed);
      req.destroy();
    }
    expect(door.desk.reasons).toEqual(['too-large']);
    expect(door.desk.asked).toEqual([]);
  });

  test('refused: a body that trickles', async () => {
    const door = await open({ bodyMs: 100 });
    const { port } = new URL(door.url);
    const socket = connect(Number(port), '127.0.0.1');
    const head = ['POST /sms/twilio HTTP/1.1', 'Host: x', `X-Twilio-Signature: ${signed['x-twilio-signature']}`];
    head.push('Content-Type: application/x-www-form-urlencoded', 'Content-Length: 1000', '', 'Body=ST');
    socket.write(head.join('\r\n'));
    const feed = setInterval(() => socket.write('x'), 20);
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk;
    });
    socket.on('error', () => undefined);
    await once(socket, 'close');
    clearInterval(feed);
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(door.desk.reasons).toEqual(['bad-request']);
    expect(door.desk.asked).toEqual([]);
  });

  test('refused: a request that breaks off', async () => {
    const door = await open();
    const req = request(door.url, {
      method: 'POST',
      headers: { ...signed, 'content-type': 'application/x-www-form-urlencoded', 'content-length': '1000' },
    });
    req.on('error', () => undefined);
    req.write('Body=STOP');
    setTimeout(() => req.destroy(), 20);
    await until(() => door.desk.reasons.length === 1);
    expect(door.desk.reasons).toEqual(['bad-request']);
    expect(door.desk.asked).toEqual([]);
  });

  test('refused: more fields than any webhook has, before they are hashed', async () => {
    const door = await open();
    const many = Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`k${i}`, '']));
    expectRefused(door, await send(door, many), 400, 'bad-request');
  });

  test('GET finds nothing', async () => {
    const door = await open();
    expect((await fetch(door.url)).status).toBe(404);
    expect(door.desk.asked).toEqual([]);
  });

  test('a flood of forged requests leaves nothing in the log, and a real one gets through', async () => {
    const door = await open();
    const forged = Array.from({ length: 200 }, (_, i) =>
      i % 2 === 0 ? send(door, fieldsOf(), `${'A'.repeat(27)}=`) : post(door.url, formOf(fieldsOf()), {}),
    );
    const real = door.phone.text(ALICE, 'STOP 492039');
    for (const posted of await Promise.all(forged)) expect(posted.status).toBe(403);
    expect((await real).reply).toMatch(/^SEVERED agent/);
    expect(door.desk.asked).toHaveLength(1);
    const loud = door.log.filter(({ level }) => level >= 30).map(({ msg }) => msg);
    expect(loud).toEqual(['text message', 'answered']);
  });

  test('no code, no token and no text gets into the log or on paper', async () => {
    const door = await open();
    for (const body of ['STOP 492039', 'STOP 1234 5678 9012', 'hello 492039', 'RESTORE nowhere 492039'])
      await door.phone.text(ALICE, body);
    await send(door, fieldsOf(), `${'A'.repeat(27)}=`);
    const paper = JSON.stringify([door.log, door.desk.refusals]);
    for (const secret of ['492039', '123456789012', '1234 5678', 'hello', TOKEN, OLD_TOKEN, 'AAAAAAA'])
      expect(paper).not.toContain(secret);
  });
});

test('a sender who hangs up still gets the result', async () => {
  const door = await open();
  let seen = (): void => undefined;
  const waiting = new Promise<void>((resolve) => {
    seen = resolve;
  });
  const { see } = door.desk;
  door.desk.see = async (order, ms) => {
    await waiting;
    return see(order, ms);
  };
  const fields = fieldsOf();
  const req = request(door.url, {
    method: 'POST',
    headers: { 'x-twilio-signature': sign(fields), 'content-type': 'application/x-www-form-urlencoded' },
  });
  req.on('error', () => undefined);
  req.end(formOf(fields));
  await until(() => door.desk.asked.length === 1);
  req.destroy();
  await until(() => door.log.some(({ msg }) => msg === 'answered'));
  seen();
  await until(() => door.followed.length === 1);
  expect(door.told).toEqual([]);
});

test('fails at construction when Twilio is not configured', () => {
  const config = { ...doorConfig(), sms: { bareStop: 'refuse' as const } };
  const nothing = (): void => undefined;
  expect(() =>
    twilioDoor({
      ...{ config, desk: new FakeDesk(), now: Date.now, ways: new Ways() },
      converse: async () => ({ understood: 'help' }),
      results: { follow: nothing, told: async () => undefined },
      logger: { info: nothing } as never,
    }),
  ).toThrow(/sms\.twilio is not configured/);
});

test('silence is an empty response', async () => {
  const door = await open();
  const posted = await send(door, fieldsOf({ From: '+15550100099', Body: 'hi' }));
  expect(posted).toMatchObject({ status: 200, body: SILENCE });
});
