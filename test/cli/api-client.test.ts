import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { apiClient } from '../../src/cli/api-client';
import { type Listener, listen } from '../../src/intake/http/listen';
import { type Door, FakeDesk, openDoor, secretOf } from '../support/http';
import { until } from '../support/until';
import { call } from './call';

const open: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()));
});

async function door(desk = new FakeDesk()): Promise<Door & { desk: FakeDesk }> {
  const opened = await openDoor({ desk });
  open.push(opened.listener);
  return { ...opened, desk };
}
async function stranger(handler: RequestListener): Promise<Listener> {
  const listener = await listen(handler, '127.0.0.1:0');
  open.push(listener);
  return listener;
}
const json = { 'content-type': 'application/json' };

describe('where the token comes from', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pullcord-token-'));
  const file = join(folder, 'token');
  afterAll(() => rmSync(folder, { recursive: true }));

  it('a file, without the line break at its end', async () => {
    const { url } = await door();
    writeFileSync(file, `${secretOf('n8n')}\n`);
    expect(await call(['status'], { url, token: '', env: { PULLCORD_TOKEN_FILE: file } })).toMatchObject({ code: 0 });
  });

  it.each([
    ['nowhere', {}],
    ['a file that is not there', { PULLCORD_TOKEN_FILE: join(folder, 'none') }],
    ['two places', { PULLCORD_TOKEN_FILE: file, PULLCORD_TOKEN: secretOf('n8n') }],
  ])('%s: wrong use, and nothing is sent', async (_where, env: Record<string, string>) => {
    const { url, desk, logged } = await door();
    expect(await call(['sever'], { url, token: '', env })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('PULLCORD_TOKEN'),
    });
    expect([desk.asked, logged]).toEqual([[], []]);
  });
});

describe('where Pullcord is', () => {
  it('--url wins over PULLCORD_URL, and a slash at its end does no harm', async () => {
    const { url } = await door();
    expect(await call(['status', '--url', `${url}/`], { url: 'http://127.0.0.1:1' })).toMatchObject({ code: 0 });
  });

  it('PULLCORD_URL that is none', async () => {
    const { code, stderr } = await call(['status'], { url: 'localhost' });
    expect([code, stderr]).toEqual([2, expect.stringMatching(/^PULLCORD_URL: .*http:\/\/127\.0\.0\.1:8081\n$/)]);
  });

  it('nobody there: bad news, and what to do, without the token', async () => {
    const { url, listener } = await door();
    await listener.close();
    const { code, stdout, stderr } = await call(['sever'], { url });
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toBe(
      `Pullcord does not answer at ${url} (ECONNREFUSED). Is it running? --url names another address. If it is urgent, text STOP.\n`,
    );
  });

  it.each<[string, RequestListener]>([
    ['another program', (_req, res) => res.writeHead(200, json).end('{"state":"fine"}')],
    ['a page', (_req, res) => res.writeHead(404, { 'content-type': 'text/html' }).end('<h1>Not found</h1>')],
    ['nothing at all', (_req, res) => res.writeHead(204).end()],
  ])('%s there: wrong use', async (_what, handler) => {
    const { url } = await stranger(handler);
    expect(await call(['sever'], { url })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('is not Pullcord'),
    });
  });

  it('a redirect does not carry the token away', async () => {
    const { url: elsewhere, logged } = await door();
    const { url } = await stranger((_req, res) => res.writeHead(307, { location: `${elsewhere}/api/v1/orders` }).end());
    expect(await call(['sever'], { url })).toMatchObject({ code: 2, stderr: expect.stringContaining('status 307') });
    expect(logged).toEqual([]);
  });

  it('a proxy of the environment does not see the token', async () => {
    const { url, desk } = await door();
    const seen: string[] = [];
    const proxy = await stranger((req, res) => {
      seen.push(req.url ?? '');
      res.writeHead(502).end();
    });
    const before = { ...process.env };
    Object.assign(process.env, { http_proxy: proxy.url, HTTP_PROXY: proxy.url, no_proxy: '', NO_PROXY: '' });
    try {
      expect(await call(['sever'], { url })).toMatchObject({ code: 0 });
    } finally {
      for (const name of ['http_proxy', 'HTTP_PROXY', 'no_proxy', 'NO_PROXY'])
        if (before[name] === undefined) delete process.env[name];
        else process.env[name] = before[name];
    }
    expect([seen, desk.asked.length]).toEqual([[], 1]);
  });
});

describe('no answer', () => {
  it('an order whose connection broke is sent again under the same key', async () => {
    const keys: unknown[] = [];
    const { url, desk } = await door();
    const breaking = await stranger((req: IncomingMessage, res) => {
      keys.push(req.headers['idempotency-key']);
      if (keys.length < 3) req.socket.destroy();
      else void pass(req, url).then(({ status, body }) => res.writeHead(status, json).end(body));
    });
    expect(await call(['sever'], { url: breaking.url })).toMatchObject({ code: 0 });
    expect(new Set(keys).size).toBe(1);
    expect(keys).toHaveLength(3);
    expect(desk.asked.map(({ request }) => request.key)).toEqual([`api:n8n:${keys[0]}`]);
  });

  it('each order that is given anew has a key of its own', async () => {
    const { url, desk } = await door();
    await call(['sever'], { url });
    await call(['sever'], { url });
    expect(new Set(desk.asked.map(({ request }) => request.key)).size).toBe(2);
  });

  it('an answer that never comes is bad news after the time-out, and is not asked for again', async () => {
    let asked = 0;
    const { url } = await stranger(() => {
      asked += 1;
    });
    const client = apiClient({ url, token: 'n8n-secret', timeoutMs: 100 });
    const failed = client.scopes();
    await expect(failed).rejects.toMatchObject({ name: 'Failure', exitCode: 1 });
    await expect(failed).rejects.toThrow(/^Pullcord does not answer at .* \(ECONNABORTED\)/);
    await failed.catch((error) => expect(JSON.stringify({ ...error, all: String(error) })).not.toContain('n8n-secret'));
    expect(asked).toBe(1);
  });

  it('one that waits for an outcome may come as much later', async () => {
    const desk = new FakeDesk();
    const { url } = await door(desk);
    let answer = (): void => undefined;
    desk.gate = new Promise((resolve) => {
      answer = resolve;
    });
    const placed = apiClient({ url, token: 'n8n-secret', timeoutMs: 50 }).placeOrder({ action: 'sever' }, 5);
    await until(() => desk.waits.length > 0);
    const late = setTimeout(answer, 200);
    expect(await placed).toMatchObject({ state: 'severed' });
    clearTimeout(late);
  });
});

/** Hands a request on, headers and body. */
async function pass(req: IncomingMessage, url: string): Promise<{ status: number; body: string }> {
  const chunks: Buffer[] = [];
  for await (const chunk of req) chunks.push(chunk as Buffer);
  const { authorization = '', 'idempotency-key': key } = req.headers;
  const answer = await fetch(url + req.url, {
    method: 'POST',
    headers: { ...json, authorization, 'idempotency-key': String(key) },
    body: Buffer.concat(chunks).toString(),
  });
  return { status: answer.status, body: await answer.text() };
}
