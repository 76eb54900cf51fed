import type { RigOptions } from '../../src/sandbox/rig';
import type { Answered } from '../support/http';
import { secretOf, tokenOf } from '../support/http';
import { paramsOf, RELAY_URL } from '../support/relay';
import { until } from '../support/until';
import { startWhole, type Whole } from '../support/whole';

/** Text messages by way of n8n, from the phone to the gateway. */

const PATH = '/v1/embeddings';

let whole: Whole;
afterEach(() => whole.close());

async function start(options: Partial<RigOptions> = {}): Promise<void> {
  whole = await startWhole({
    twilio: { relayUrls: [RELAY_URL] },
    ...options,
    config: {
      scopes: { agent: { routes: [{ all: true }] } },
      enforcer: { periodSeconds: 1 },
      ...options.config,
      api: { tokens: [tokenOf('relayer', ['relay']), tokenOf('reader', ['status'])] },
    },
  });
}

type Signed = ReturnType<Whole['phone']['signed']>;
const signed = (from: string, body: string, fields?: Readonly<Record<string, string>>): Signed =>
  whole.phone.signed(RELAY_URL, from, body, fields);

async function call(method: string, path: string, token: string, body?: unknown, signal?: AbortSignal) {
  const response = await fetch(whole.pullcord.internalUrl + path, {
    method,
    headers: { authorization: `Bearer ${secretOf(token)}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(signal ? { signal } : {}),
  });
  return { status: response.status, json: (await response.json()) as Answered['json'] };
}

const relay = (
  { fields, signature }: Signed,
  { url = RELAY_URL, signal = undefined as AbortSignal | undefined } = {},
) =>
  call(
    'POST',
    '/api/v1/relay/twilio',
    'relayer',
    { url, signature, params: paramsOf(new URLSearchParams(fields).toString()) },
    signal,
  );

const texts = (phone: string): string[] => whole.phone.inbox(phone).all.map(({ body }) => body);
const about = (phone: string, pattern: RegExp): string[] => texts(phone).filter((text) => pattern.test(text));
const reply = (phone: string, pattern: RegExp): Promise<string> => whole.phone.expectReply(phone, pattern, 10_000);
const orders = async (): Promise<unknown[]> => (await call('GET', '/api/v1/orders', 'reader')).json.orders as unknown[];

it('a true signature severs, and the person gets one text, by Pullcord', async () => {
  await start();
  const { phone, code } = whole.alice;
  const message = signed(phone, `STOP ${code()}`);
  // What n8n says of its own address is not what counts.
  const url = 'http://localhost:5678/webhook/0f8a-sms';
  expect(await relay(message, { url })).toEqual({ status: 200, json: { understood: 'sever', order: 1 } });
  expect(await reply(phone, /^SEVERED agent/)).toContain('Order 1.');
  expect(await whole.status(PATH)).toBe(503);
  expect(whole.phone.inbox(phone).all.map(({ via }) => via)).toEqual(['rest']);
});

it('a bent byte in signature, body or sender refuses, and nothing is cut', async () => {
  await start();
  const { phone, code } = whole.alice;
  const { fields, signature } = signed(phone, `STOP ${code()}`);
  const bend: readonly Signed[] = [
    { fields, signature: signature.replace(/^./, (c) => (c === 'A' ? 'B' : 'A')) },
    { fields: { ...fields, Body: `${fields.Body} ` }, signature },
    { fields: { ...fields, From: whole.bob.phone }, signature },
    whole.phone.signed(`${RELAY_URL}/`, phone, `STOP ${code()}`),
  ];
  for (const message of bend)
    expect(await relay(message)).toMatchObject({ status: 403, json: { reason: 'bad-signature' } });
  expect(await whole.status(PATH)).not.toBe(503);
  expect(await orders()).toEqual([]);
  expect(texts(phone)).toEqual([]);
});

it('the same message directly and relayed, twice and over a restart, is one order and one text', async () => {
  await start();
  const { phone, code } = whole.alice;
  const body = `STOP ${code()}`;
  const { messageSid, reply: first } = await whole.phone.text(phone, body);
  expect(first).toMatch(/^SEVERED agent/);
  const same = signed(phone, body, { MessageSid: messageSid, SmsSid: messageSid, SmsMessageSid: messageSid });
  for (let i = 0; i < 2; i++) expect(await relay(same)).toMatchObject({ status: 200, json: { order: 1 } });

  whole.clock.advance(30);
  const status = signed(phone, 'STATUS');
  for (let i = 0; i < 2; i++)
    expect(await relay(status)).toMatchObject({ status: 200, json: { understood: 'status' } });
  await reply(phone, /^agent SEVERED/);

  await whole.restart();
  expect(await relay(same)).toMatchObject({ status: 200, json: { order: 1 } });
  // Texts go out in order: what had followed would be here by now.
  await relay(signed(phone, 'HELP ME'));
  await reply(phone, /CUT \+ code/);
  expect(about(phone, /^SEVERED/)).toHaveLength(1);
  expect(about(phone, /^agent SEVERED/)).toHaveLength(1);
  expect(await orders()).toHaveLength(1);
}, 40_000);

it('n8n dies in the middle: the person still gets how far it is, and the result, each once', async () => {
  await start({
    config: {
      scopes: { agent: { routes: [{ all: true }] } },
      bounds: { replyMs: 500 },
      enforcer: { periodSeconds: 1 },
    },
    gateway: { method: 'clamp' },
  });
  const { phone, code } = whole.alice;
  await whole.apisix.faults.gateway(0, 'deaf');
  const n8n = new AbortController();
  const message = signed(phone, `STOP ${code()}`);
  const lost = relay(message, { signal: n8n.signal }).catch((error: Error) => error.name);
  await until(async () => (await orders()).length === 1);
  n8n.abort();
  expect(await lost).toBe('AbortError');
  await reply(phone, /^SEVERING agent/);
  // n8n is back, and does it again.
  await relay(message);
  await whole.apisix.faults.clear();
  await reply(phone, /^SEVERED agent/);
  await relay(message);
  await relay(signed(phone, 'HELP ME'));
  await reply(phone, /CUT \+ code/);
  expect([about(phone, /^SEVERING/).length, about(phone, /^SEVERED/).length]).toEqual([1, 1]);
});

it('Pullcord itself is stopped in the middle: the result is texted after the next start, once', async () => {
  await start({
    config: {
      scopes: { agent: { routes: [{ all: true }] } },
      bounds: { replyMs: 500 },
      enforcer: { periodSeconds: 1 },
    },
    gateway: { method: 'clamp' },
  });
  const { phone, code } = whole.alice;
  await whole.apisix.faults.gateway(0, 'deaf');
  const message = signed(phone, `STOP ${code()}`);
  await relay(message);
  await reply(phone, /^SEVERING agent/);
  await whole.pullcord.close();
  await whole.apisix.faults.clear();
  await whole.restart();
  await reply(phone, /^SEVERED agent/);
  await relay(message);
  await relay(signed(phone, 'HELP ME'));
  await reply(phone, /CUT \+ code/);
  expect(about(phone, /^SEVERED/)).toHaveLength(1);
}, 40_000);

it('a stranger with a backup code stops through this door, too', async () => {
  await start();
  const [code] = whole.alice.backupCodes;
  const stranger = '+15550100099';
  expect(await relay(signed(stranger, `stop ${code}`))).toMatchObject({ status: 200, json: { order: 1 } });
  expect(await reply(stranger, /^SEVERED agent/)).toContain('Order 1.');
  expect(await relay(signed(stranger, 'STATUS'))).toEqual({
    status: 200,
    json: { understood: 'status', refused: 'unknown-sender' },
  });
  expect(await whole.status(PATH)).toBe(503);
  expect(texts(stranger)).toHaveLength(1);
});

it("law 3, only a person restores: a relay's token never restores by itself; a relayed RESTORE with the operator's phone and a fresh code does", async () => {
  await start();
  const { alice, bob } = whole;
  await relay(signed(alice.phone, `STOP ${alice.code()}`));
  await reply(alice.phone, /^SEVERED agent/);

  for (const body of [
    { action: 'restore' },
    { action: 'restore', operator: 'bob', code: bob.code() },
    { action: 'restore', scope: 'agent', operator: 'bob' },
  ])
    expect(await call('POST', '/api/v1/orders', 'relayer', body)).toMatchObject({ status: 403 });
  const refused: readonly (readonly [Signed, string])[] = [
    [signed(bob.phone, 'RESTORE'), 'code-missing'],
    [signed(bob.phone, 'RESTORE 000000'), 'code-wrong'],
    [signed(bob.phone, `RESTORE ${alice.code()}`), 'code-wrong'],
    [signed('+15550100099', `RESTORE ${bob.code()}`), 'unknown-sender'],
    [signed('+15550100099', `RESTORE ${bob.backupCodes[0]}`), 'unknown-sender'],
  ];
  for (const [message, reason] of refused)
    expect(await relay(message)).toMatchObject({ status: 200, json: { understood: 'restore', refused: reason } });
  const forged = signed(bob.phone, `RESTORE ${bob.code()}`);
  const bent = { ...forged, signature: forged.signature.replace(/^./, (c) => (c === 'A' ? 'B' : 'A')) };
  expect(await relay(bent)).toMatchObject({ status: 403, json: { reason: 'bad-signature' } });
  expect(await whole.status(PATH)).toBe(503);
  expect(await orders()).toHaveLength(1);

  expect(await relay(forged)).toMatchObject({ status: 200, json: { understood: 'restore', order: 2 } });
  expect(await reply(bob.phone, /^RESTORED agent/)).toContain('Order 2.');
  expect(await whole.status(PATH)).not.toBe(503);
});
