import { connect, type Socket } from 'node:net';
import express, { type RequestHandler } from 'express';
import pino from 'pino';
import { internalApp, publicApp } from '../../src/intake/http/apps';
import type { Limits } from '../../src/intake/http/bounded-server';
import { type Listener, listen } from '../../src/intake/http/listen';
import { problemAnswer } from '../../src/intake/http/malformed';
import { until } from '../support/until';

/** Threat: the listeners are denied by who says little slowly, says nonsense, or takes all connections. */

const context = { log: pino({ level: 'silent' }), now: Date.now, randomId: () => 'id' };
const listeners: Listener[] = [];
const sockets: Socket[] = [];
let orders: number;

beforeEach(() => {
  orders = 0;
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await Promise.all(listeners.splice(0).map((one) => one.close(0)));
});

async function open(which: 'public' | 'internal', limits: Partial<Limits> = {}): Promise<Listener> {
  const take: RequestHandler = (req, res) => {
    req.resume().on('end', () => {
      orders += 1;
      res.send('taken');
    });
  };
  const router = express.Router().post('/sms/twilio', take);
  const listener =
    which === 'public'
      ? await listen(publicApp({ ...context, sms: { twilio: take } }), '127.0.0.1:0', { limits })
      : await listen(internalApp({ ...context, routers: [router] }), '127.0.0.1:0', {
          ...{ limits, malformed: problemAnswer },
        });
  listeners.push(listener);
  return listener;
}

/** A connection that says what it is told, byte for byte. */
function raw(listener: Listener, text = '') {
  const socket = connect(Number(new URL(listener.url).port), '127.0.0.1');
  sockets.push(socket);
  const state = { socket, got: '', closed: false, say: (more: string) => void (socket.writable && socket.write(more)) };
  socket.setEncoding('utf8').on('data', (data) => {
    state.got += data;
  });
  socket.on('error', () => undefined);
  socket.on('close', () => {
    state.closed = true;
  });
  socket.write(text);
  return state;
}

const HEAD = 'POST /sms/twilio HTTP/1.1\r\nHost: x\r\n';
const ORDER = `${HEAD}Content-Length: 4\r\n\r\nSTOP`;

describe.each(['public', 'internal'] as const)('the %s listener', (which) => {
  it.each<[string, string]>([
    ['that say nothing', ''],
    ['whose headers never end', `${HEAD}X-A: 1\r\n`],
    ['whose body never ends', `${HEAD}Content-Length: 1000\r\n\r\nx`],
    ['that idle after a request', 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n'],
  ])('is not held by connections %s: an order comes through at once', async (_what, text) => {
    const listener = await open(which, { connections: 20, headersMs: 60_000, requestMs: 60_000, keepAliveMs: 60_000 });
    const slow = Array.from({ length: 20 }, () => raw(listener, text));
    await until(() => slow.every(({ socket }) => !socket.connecting));
    const order = raw(listener, ORDER);
    await until(() => order.got.includes('taken'));
    expect(orders).toBe(1);
    // It cost one of them its place, and no more.
    await until(() => slow.some(({ closed }) => closed));
    expect(slow.filter(({ closed }) => closed)).toHaveLength(1);
  });

  it('drops who drips, though each byte comes in time', async () => {
    const listener = await open(which, { headersMs: 150, requestMs: 300 });
    const [head, body] = [raw(listener, HEAD), raw(listener, `${HEAD}Content-Length: 1000\r\n\r\n`)];
    const drip = setInterval(() => {
      head.say('X-Drip: 1\r\n');
      body.say('x');
    }, 20);
    await until(() => head.closed && body.closed);
    clearInterval(drip);
    for (const { got } of [head, body]) expect(got).toMatch(/^HTTP\/1\.1 408 /);
    expect(orders).toBe(0);
  });

  it('goes on after a thousand connections of nonsense', async () => {
    const listener = await open(which, { connections: 50 });
    for (let round = 0; round < 10; round += 1) {
      const bad = Array.from({ length: 100 }, () => raw(listener, '\x16\x03\x01\x02\x00\x01\r\n\r\n'));
      await until(() => bad.every(({ closed }) => closed));
    }
    const order = raw(listener, ORDER);
    await until(() => order.got.includes('taken'));
    expect(orders).toBe(1);
  });
});

describe('what is no HTTP', () => {
  const cases: [string, number, string, string][] = [
    ['nonsense', 400, 'bad-request', 'SECRET-NONSENSE\r\n\r\n'],
    ['a request without a host', 400, 'bad-request', 'GET /SECRET HTTP/1.1\r\n\r\n'],
    ['an expectation that nobody knows', 400, 'bad-request', `${HEAD}Expect: SECRET\r\n\r\n`],
    ['a header with a null', 400, 'bad-request', `${HEAD}X-A: SECRET\0\r\n\r\n`],
    ['a bare line feed in a header', 400, 'bad-request', `${HEAD}X-A: a\nSECRET : x\r\n\r\n`],
    ['headers beyond 8 KiB', 431, 'headers-too-large', `${HEAD}X-A: SECRET${'x'.repeat(9_000)}\r\n\r\n`],
    ['headers that never end', 408, 'too-slow', `${HEAD}X-A: SECRET\r\n`],
  ];

  it.each(cases)(
    'is answered on the internal listener with a problem document: %s',
    async (_what, status, reason, text) => {
      const bad = raw(await open('internal', { headersMs: 150 }), text);
      await until(() => bad.closed);
      const [head = '', body = ''] = bad.got.split('\r\n\r\n');
      expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
      expect(head).toMatch(/\r\nContent-Type: application\/problem\+json\r\n/);
      expect(head).toMatch(/\r\nConnection: close\r\n/);
      expect(JSON.parse(body)).toMatchObject({ status, reason, type: `urn:pullcord:refusal:${reason}` });
      expect(bad.got).not.toMatch(/SECRET|HPE_|node|Error/);
    },
  );

  it.each(cases)(
    'is answered on the public listener with its status alone: %s',
    async (_what, status, _reason, text) => {
      const bad = raw(await open('public', { headersMs: 150 }), text);
      await until(() => bad.closed);
      expect(bad.got).toMatch(
        new RegExp(`^HTTP/1\\.1 ${status} [A-Za-z ]+\r\nConnection: close\r\nContent-Length: 0\r\n\r\n$`),
      );
    },
  );

  it('does not spoil an answer that has begun', async () => {
    const router = express.Router();
    router.get('/slow', (_req, res) => {
      res.write('begun');
    });
    const listener = await listen(internalApp({ ...context, routers: [router] }), '127.0.0.1:0', {
      malformed: problemAnswer,
    });
    listeners.push(listener);
    const one = raw(listener, 'GET /slow HTTP/1.1\r\nHost: x\r\n\r\n');
    await until(() => one.got.includes('begun'));
    one.say('NONSENSE\r\n\r\n');
    await until(() => one.closed);
    expect(one.got.match(/HTTP\/1\.1/g)).toHaveLength(1);
  });
});

describe('every answer', () => {
  it.each(['public', 'internal'] as const)('of the %s listener has the headers of a careful one', async (which) => {
    const listener = await open(which);
    for (const path of ['/healthz', '/nothing', '/%']) {
      const { headers } = await fetch(listener.url + path);
      expect(Object.fromEntries(headers)).toMatchObject({
        'cache-control': 'no-store',
        'content-security-policy': "default-src 'none';base-uri 'none';form-action 'none';frame-ancestors 'none'",
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
        'cross-origin-resource-policy': 'same-origin',
      });
      for (const name of ['x-powered-by', 'server', 'etag', 'strict-transport-security', 'access-control-allow-origin'])
        expect(headers.has(name)).toBe(false);
    }
  });
});
