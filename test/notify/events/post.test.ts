import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { createPoster, type Poster, verdictOf } from '../../../src/notify/events/post';
import { isSigned } from '../../support/subscriber';

const AT = Date.parse('2026-01-02T03:04:05.678Z');
let server: Server;
let url: string;
let answer: (response: ServerResponse) => void;
let poster: Poster;
const requests: { request: IncomingMessage; raw: string; socket: Socket }[] = [];

beforeAll(async () => {
  server = createServer(async (request, response) => {
    requests.push({ request, raw: await text(request), socket: request.socket });
    answer(response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhook/a-secret`;
});
beforeEach(() => {
  requests.length = 0;
  poster = createPoster({ version: '1.2.3', now: () => AT });
});
afterEach(() => poster.close());
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

const post = (to = url, signal = new AbortController().signal) => {
  const subscription = { id: 's', token: 'n8n', url: to, secret: 'shh', events: ['severed'], createdAt: 0 } as const;
  return poster.post({ subscription, event: { id: 'e-1', type: 'severed' }, body: '{"text":"ü"}' }, signal);
};

it.each([
  [200, 'taken'],
  [204, 'taken'],
  [299, 'taken'],
  [301, 'again'],
  [307, 'again'],
  [400, 'again'],
  [401, 'again'],
  [404, 'again'],
  [410, 'gone'],
  [429, 'again'],
  [500, 'again'],
  [503, 'again'],
])('takes %d for %s', async (status, verdict) => {
  answer = (response) => response.writeHead(status, { location: url }).end('what it says');
  expect(verdictOf(status)).toBe(verdict);
  expect(await post()).toEqual({ verdict, status });
  // No redirect was followed either.
  expect(requests).toHaveLength(1);
});

it('sends the very bytes, signed', async () => {
  answer = (response) => response.writeHead(200).end();
  await post();
  const [{ request, raw } = { request: undefined, raw: '' }] = requests;
  expect(request?.method).toBe('POST');
  expect(request?.url).toBe('/webhook/a-secret');
  expect(raw).toBe('{"text":"ü"}');
  expect(request?.headers).toMatchObject({
    ...{ 'content-type': 'application/json', 'user-agent': 'Pullcord/1.2.3' },
    ...{ 'x-pullcord-event': 'severed', 'x-pullcord-delivery': 'e-1' },
  });
  const received = { headers: request?.headers ?? {}, raw, body: {} };
  expect(isSigned(received, 'shh')).toBe(true);
  expect(isSigned(received, 'shh!')).toBe(false);
  expect(request?.headers['x-pullcord-signature']).toContain(`t=${Math.floor(AT / 1000)},`);
});

it('does not wait for ever, and says so without the address', async () => {
  answer = () => undefined;
  poster.close();
  poster = createPoster({ version: '1.2.3', now: () => AT, timeoutMs: 300 });
  const began = performance.now();
  expect(await post()).toEqual({ verdict: 'again', error: 'no answer in time' });
  expect(performance.now() - began).toBeLessThan(2_000);
  const nobody = await post('http://127.0.0.1:1/webhook/a-secret');
  expect(nobody).toEqual({ verdict: 'again', error: 'ECONNREFUSED' });
});

it('ends when it is told to', async () => {
  answer = () => undefined;
  const closing = new AbortController();
  const posted = post(url, closing.signal);
  closing.abort();
  expect(await posted).toMatchObject({ verdict: 'again' });
});

it.each<[string, (response: ServerResponse) => void]>([
  ['endless', (response) => void response.writeHead(200).write('x'.repeat(200_000))],
  [
    'cut off',
    (response) => void response.writeHead(200, { 'content-length': '100' }).write('x', () => response.destroy()),
  ],
  ['never ending', (response) => void response.writeHead(200).write('x')],
  ['badly packed', (response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end('no gzip')],
])('goes by the status, though the answer is %s', async (_name, how) => {
  answer = how;
  poster.close();
  poster = createPoster({ version: '1.2.3', now: () => AT, timeoutMs: 1_000 });
  expect(await post()).toEqual({ verdict: 'taken', status: 200 });
});

it('uses a connection again', async () => {
  answer = (response) => response.writeHead(200).end('{"message":"Workflow was started"}');
  for (let i = 0; i < 5; i++) await post();
  expect(new Set(requests.map(({ socket }) => socket)).size).toBe(1);
});

it('uses no proxy', async () => {
  answer = (response) => response.writeHead(200).end();
  const before = process.env.http_proxy;
  process.env.http_proxy = 'http://127.0.0.1:1';
  try {
    expect(await post()).toMatchObject({ verdict: 'taken' });
  } finally {
    if (before === undefined) delete process.env.http_proxy;
    else process.env.http_proxy = before;
  }
});
