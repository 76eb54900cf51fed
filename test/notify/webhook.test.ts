import { createHmac, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Notice } from '../../src/notify/channel';
import { createWebhook } from '../../src/notify/webhook';
import { signature } from '../../src/signature';

const SECRET = 'a shared secret';
const AT = Date.parse('2026-01-02T03:04:05.678Z');
const notice: Notice = { kind: 'severed', text: 'agent is severed.', scope: 'agent', order: 7, at: AT };

let server: Server;
let url: string;
let answer: { status: number; headers?: Record<string, string> } | 'silence';
const requests: { readonly request: IncomingMessage; readonly body: string }[] = [];

beforeAll(async () => {
  server = createServer(async (request, response) => {
    requests.push({ request, body: await text(request) });
    if (answer !== 'silence') response.writeHead(answer.status, { connection: 'close', ...answer.headers }).end('{}');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook/of-a-secret-name`;
});

beforeEach(() => {
  requests.length = 0;
  answer = { status: 204 };
});

afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

const webhook = (options: { secret?: string; timeoutMs?: number; url?: string } = {}) =>
  createWebhook({ url, now: () => AT, ...options });

it('gives programs the figures, and not what phones are texted', async () => {
  const figures = { rule: 'ceiling', observed: 4.1 };
  const trip = { kind: 'tripped', text: 'why', scope: 'agent', order: 3, at: 0, figures, sms: 'TRIPPED' } as const;
  expect(await webhook().tell(trip)).toBe('told');
  expect(JSON.parse(requests[0]?.body ?? '')).toEqual({
    ...{ kind: 'tripped', text: 'why', scope: 'agent', order: 3, figures, at: new Date(0).toISOString() },
  });
});

it('posts the notice as JSON, signed over the time and the bytes', async () => {
  expect(await webhook({ secret: SECRET }).tell(notice)).toBe('told');
  expect(requests).toHaveLength(1);
  const { request, body } = requests[0] as (typeof requests)[0];
  expect(request.method).toBe('POST');
  expect(request.headers['content-type']).toBe('application/json');
  expect(JSON.parse(body)).toEqual({ ...notice, at: '2026-01-02T03:04:05.678Z' });

  const [, t, v1] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(request.headers['x-pullcord-signature'])) ?? [];
  expect(t).toBe(String(Math.floor(AT / 1000)));
  const expected = createHmac('sha256', SECRET).update(`${t}.${body}`).digest();
  expect(timingSafeEqual(Buffer.from(String(v1), 'hex'), expected)).toBe(true);
});

it('sends no signature without a secret', async () => {
  expect(await webhook().tell(notice)).toBe('told');
  expect(requests[0]?.request.headers['x-pullcord-signature']).toBeUndefined();
});

it('signs every time and every body differently', () => {
  const signatures = [
    signature(SECRET, 'a', 1),
    signature(SECRET, 'a', 2),
    signature(SECRET, 'b', 1),
    signature('x', 'a', 1),
  ];
  expect(new Set(signatures).size).toBe(4);
  expect(signature(SECRET, 'a', 1)).toBe(signatures[0]);
});

it.each([
  [200, 'told'],
  [204, 'told'],
  [400, 'failed'],
  [404, 'failed'],
  [408, 'retry'],
  [429, 'retry'],
  [500, 'retry'],
  [503, 'retry'],
])('takes the answer %d for %s', async (status, told) => {
  answer = { status };
  expect(await webhook().tell(notice)).toBe(told);
});

it('follows no redirect', async () => {
  answer = { status: 307, headers: { location: url } };
  expect(await webhook().tell(notice)).toBe('failed');
  expect(requests).toHaveLength(1);
});

it('gives up in time on a receiver that is silent', async () => {
  answer = 'silence';
  const began = Date.now();
  expect(await webhook({ timeoutMs: 100 }).tell(notice)).toBe('retry');
  expect(Date.now() - began).toBeLessThan(1_000);
  expect(requests).toHaveLength(1);
});

it('tries again later when nobody listens', async () => {
  expect(await webhook({ url: 'http://127.0.0.1:1/' }).tell(notice)).toBe('retry');
});

it('is called by its host alone: the path may be a secret', () => {
  expect(webhook().name).toMatch(/^webhook 127\.0\.0\.1:\d+$/);
});
