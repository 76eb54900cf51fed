import { connect } from 'node:net';
import express from 'express';
import pino from 'pino';
import { internalApp, publicApp } from '../../../src/intake/http/apps';
import { contextOf } from '../../../src/intake/http/context';
import { type Listener, listen } from '../../../src/intake/http/listen';
import { FakeDesk, openDoor } from '../../support/http';
import { until } from '../../support/until';

const logged: string[] = [];
const context = {
  log: pino({ level: 'info' }, { write: (line: string) => logged.push(line) }),
  now: Date.now,
  randomId: () => 'made-here',
};

let listener: Listener;
beforeEach(() => {
  logged.length = 0;
});
afterEach(() => listener.close(0));

describe('the public listener', () => {
  let texts: string[];
  beforeEach(async () => {
    texts = [];
    const twilio = express.Router();
    twilio.use(express.text({ type: '*/*' }), (req, res) => {
      if (req.body === 'throw') throw new Error('secret-detail');
      texts.push(`${contextOf(req).correlation} ${req.body}`);
      res.send('taken');
    });
    listener = await listen(publicApp({ ...context, sms: { twilio } }), '127.0.0.1:0');
  });

  it('hands a text message to its provider', async () => {
    const answer = await fetch(`${listener.url}/sms/twilio`, { method: 'POST', body: 'STOP' });
    expect(await answer.text()).toBe('taken');
    expect(texts).toEqual(['made-here STOP']);
  });

  it('says that it is there', async () => {
    const answer = await fetch(`${listener.url}/healthz`);
    expect([answer.status, await answer.text()]).toEqual([200, 'ok\n']);
  });

  it.each([
    ['GET', '/'],
    ['GET', '/sms/twilio'],
    ['PUT', '/sms/twilio'],
    ['OPTIONS', '/sms/twilio'],
    ['POST', '/sms/twilio/'],
    ['POST', '/sms/twilio/more'],
    ['POST', '/SMS/twilio'],
    ['POST', '/sms'],
    ['POST', '/sms/other'],
    ['POST', '/sms/__proto__'],
    ['POST', '/healthz'],
    ['GET', '/api/v1/scopes'],
    ['POST', '/api/v1/orders'],
    ['GET', '/openapi.json'],
    ['GET', '/readyz'],
    ['GET', '/metrics'],
    ['GET', '/console'],
  ])('has nothing else: %s %s is an empty 404', async (method, path) => {
    const answer = await fetch(listener.url + path, { method, headers: { authorization: 'Bearer n8n-secret' } });
    expect([answer.status, await answer.text()]).toEqual([404, '']);
    expect(texts).toEqual([]);
    expect(logged).toEqual([]);
  });

  it('tells nothing about what runs behind it', async () => {
    for (const path of ['/', '/healthz', '/sms/twilio', '/sms/%'])
      for (const method of ['GET', 'POST']) {
        const answer = await fetch(listener.url + path, { method, ...(method === 'POST' ? { body: 'throw' } : {}) });
        expect(await answer.text()).not.toMatch(/secret-detail|Error|node_modules|express/i);
        for (const header of ['x-powered-by', 'server', 'etag']) expect(answer.headers.has(header)).toBe(false);
      }
    expect(logged.join('')).toContain('secret-detail');
  });
});

describe('the internal listener', () => {
  beforeEach(async () => {
    const console_ = express.Router();
    console_.get('/console', (_req, res) => {
      res.set('content-security-policy', "default-src 'self'").send('page');
    });
    console_.get('/console/broken', () => {
      throw new Error('secret-detail');
    });
    listener = await listen(internalApp({ ...context, routers: [console_] }), '127.0.0.1:0');
  });

  it('answers what it does not have with a problem document', async () => {
    const answer = await fetch(`${listener.url}/nothing`);
    expect(answer.status).toBe(404);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(await answer.json()).toEqual({
      ...{ type: 'urn:pullcord:refusal:not-found', title: 'Not found', status: 404, reason: 'not-found' },
      detail: 'There is no such thing here.',
    });
  });

  it('keeps what another router fails with to itself', async () => {
    const answer = await fetch(`${listener.url}/console/broken`);
    expect(answer.status).toBe(500);
    expect(await answer.text()).not.toMatch(/secret-detail|node_modules|\.ts/);
  });

  it('forbids by default what a page may allow itself', async () => {
    const missing = (await fetch(`${listener.url}/nothing`)).headers;
    expect(missing.get('content-security-policy')).toBe(
      "default-src 'none';base-uri 'none';form-action 'none';frame-ancestors 'none'",
    );
    expect(missing.get('x-content-type-options')).toBe('nosniff');
    expect(missing.get('cache-control')).toBe('no-store');
    const page = (await fetch(`${listener.url}/console`)).headers;
    expect(page.get('content-security-policy')).toBe("default-src 'self'");
    for (const header of ['x-powered-by', 'etag', 'access-control-allow-origin']) expect(page.has(header)).toBe(false);
  });

  it.each([
    ['workflow-17.a_b', 'workflow-17.a_b'],
    ['a'.repeat(64), 'a'.repeat(64)],
    ['a'.repeat(65), 'made-here'],
    ['', 'made-here'],
    ['-x', 'made-here'],
    ['a b', 'made-here'],
    ['a"}', 'made-here'],
  ])('a request id %j becomes %j, in the answer and in the log', async (sent, kept) => {
    const answer = await fetch(`${listener.url}/console`, { headers: { 'x-request-id': sent } });
    expect(answer.headers.get('x-request-id')).toBe(kept);
    const line = await until(() => logged[0]);
    expect(JSON.parse(line)).toMatchObject({ correlation: kept, method: 'GET', path: '/console', status: 200 });
  });
});

describe('a body that is too large', () => {
  const head = 'POST /api/v1/orders HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer n8n-secret\r\n';

  it.each([
    ['is refused on sight when it says so, and never read', `Content-Length: ${1e9}\r\n\r\n{`, true],
    [
      'is refused in chunks, too',
      `Transfer-Encoding: chunked\r\n\r\n5000\r\n${'x'.repeat(0x5000)}\r\n0\r\n\r\n`,
      false,
    ],
  ])('%s', async (_what, rest, closes) => {
    const desk = new FakeDesk();
    const door = await openDoor({ desk });
    listener = door.listener;
    const socket = connect(Number(new URL(door.url).port), '127.0.0.1');
    let got = '';
    let closed = false;
    socket.setEncoding('utf8').on('data', (data) => {
      got += data;
    });
    socket.on('close', () => {
      closed = true;
    });
    socket.write(`${head}Content-Type: application/json\r\n${rest}`);
    await until(() => got.includes('too-large') && (closed || !closes));
    expect(got).toMatch(/^HTTP\/1\.1 413 /);
    expect(desk.asked).toEqual([]);
    expect(desk.refusals.map(({ reason }) => reason)).toEqual(['too-large']);
    socket.destroy();
  });
});
