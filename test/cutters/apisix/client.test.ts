import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo, Server } from 'node:net';
import { createAdminApi } from '../../../src/cutters/apisix/client';
import { faultOf, GatewayError } from '../../../src/cutters/apisix/fault';
import { Overtaken } from '../../../src/cutters/apisix/overtaken';
import { until } from '../../support/until';

/** An Admin API that answers what the test wants. */
const KEY = 'a-very-secret-admin-key';
const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

async function listening(server: Server): Promise<string> {
  const sockets = new Set<{ destroy(): void }>();
  server.on('connection', (socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function api(answer: RequestListener, timeoutMs = 500) {
  const requests: IncomingMessage[] = [];
  const ports: (number | undefined)[] = [];
  const url = await listening(
    createServer((request, response) => {
      requests.push(request);
      ports.push(request.socket.remotePort);
      answer(request, response);
    }),
  );
  const client = createAdminApi({ url: `${url}/`, key: KEY, timeoutMs, random: () => 0.5 });
  open.push(async () => client.close());
  return { client, requests, ports };
}

const json =
  (status: number, body: unknown): RequestListener =>
  (_, response) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));

const failure = async (work: Promise<unknown>): Promise<GatewayError> => {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof GatewayError)) throw new Error(`not a GatewayError: ${String(error)}`);
  return error;
};

const entry = (i: number) => ({
  key: `/apisix/routes/r${i}`,
  value: { id: `r${i}` },
  createdIndex: i,
  modifiedIndex: i,
});

test('lists page by page, and knows that a page past the end holds an object', async () => {
  for (const total of [0, 1, 500, 501, 1_000, 1_203]) {
    const { client, requests } = await api((request, response) => {
      const page = Number(new URL(request.url ?? '', 'http://x').searchParams.get('page'));
      const ids = Array.from({ length: total }, (_, i) => i).slice((page - 1) * 500, page * 500);
      json(200, { total, list: ids.length > 0 ? ids.map(entry) : {} })(request, response);
    });
    const routes = await client.list('routes');
    expect(routes.map(({ id }) => id)).toEqual(Array.from({ length: total }, (_, i) => `r${i}`));
    expect(requests).toHaveLength(Math.max(1, Math.ceil(total / 500)));
    expect(requests[0]?.url).toBe('/apisix/admin/routes?page=1&page_size=500');
  }
});

test('a collection that never held anything is an empty list', async () => {
  const { client } = await api(json(404, { message: 'Key not found' }));
  expect(await client.list('routes')).toEqual([]);
});

test('sends what it is told, with the key, and neither If-Match nor ttl', async () => {
  const { client, requests } = await api(json(200, {}));
  await client.put('routes/r1', { uri: '/a' });
  await client.patch('routes/r1/status', 0);
  await client.remove('routes/r1');
  expect(requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
    'PUT /apisix/admin/routes/r1',
    'PATCH /apisix/admin/routes/r1/status',
    'DELETE /apisix/admin/routes/r1',
  ]);
  for (const { headers } of requests) {
    expect(headers['x-api-key']).toBe(KEY);
    expect(headers).not.toHaveProperty('if-match');
  }
});

test('keeps its connection', async () => {
  const { client, ports } = await api(json(200, []));
  await client.plugins();
  await client.plugins();
  expect([ports.length, new Set(ports).size]).toEqual([2, 1]);
});

test('a write that others came before is sent again until it passes', async () => {
  let left = 5;
  const { client, requests } = await api((request, response) =>
    left-- > 0
      ? json(503, { error_msg: 'value changed before overwritten' })(request, response)
      : json(200, {})(request, response),
  );
  await client.patch('routes/r1', { desc: 'x' });
  expect(requests).toHaveLength(6);
});

test('and no longer than its bound', async () => {
  const { client, requests } = await api(json(503, { error_msg: 'value changed before overwritten' }), 200);
  const began = performance.now();
  const error = await failure(client.patch('routes/r1', {}));
  expect(performance.now() - began).toBeLessThan(450);
  expect(requests.length).toBeGreaterThan(2);
  expect(error).toMatchObject({ kind: 'unavailable', inDoubt: false });
});

test('a connection that was closed while it lay idle is opened anew', async () => {
  let first = true;
  const { client, requests } = await api((request, response) => {
    if (!first) return json(200, [])(request, response);
    first = false;
    request.socket.destroy();
  });
  expect((await client.plugins()).names).toEqual([]);
  expect(requests).toHaveLength(2);
});

test.each<[status: number, body: unknown, kind: string, says: RegExp]>([
  [401, { error_msg: 'failed to check token', description: 'wrong apikey' }, 'unauthorised', /wrong apikey.*adminKey/],
  [
    401,
    { error_msg: 'failed to check token', description: 'invalid method for role viewer' },
    'unauthorised',
    /viewer/,
  ],
  [403, '<html></html>', 'unauthorised', /allow_admin/],
  [404, { message: 'Key not found' }, 'not-found', /Key not found/],
  [404, '<html><body>404 Not Found</body></html>', 'unavailable', /adminUrl/],
  [404, { error_msg: 'Unsupported resource type: x' }, 'unavailable', /adminUrl/],
  [302, '', 'unavailable', /adminUrl/],
  [400, { error_msg: 'unknown plugin [nosuch]' }, 'rejected', /unknown plugin \[nosuch\]/],
  [405, { error_msg: 'not supported' }, 'rejected', /not supported/],
  [500, 'oops', 'unavailable', /oops/],
  [502, '<html></html>', 'unavailable', /answered 502/],
  [503, { error_msg: 'has no healthy etcd endpoint available' }, 'unavailable', /Look after etcd/],
])('%s %j is %s', async (status, body, kind, says) => {
  const { client, requests } = await api(json(status, body));
  const error = await failure(client.get('routes/r1'));
  expect(error).toMatchObject({ kind, inDoubt: false, what: expect.stringMatching(/^GET routes\/r1 answered/) });
  expect(error.message).toMatch(says);
  expect(requests).toHaveLength(1);
});

test.each([{}, { value: 1 }, [], 'hello', { list: [] }])('200 %j is no answer of APISIX', async (body) => {
  const { client } = await api(json(200, body));
  expect(await failure(client.get('routes/r1'))).toMatchObject({ kind: 'unavailable' });
  expect(await failure(client.list('routes'))).toMatchObject({ kind: 'unavailable' });
});

test('neither the key nor a value that APISIX refuses is in an error', async () => {
  const message = 'property "key" validation failed: failed to match pattern "^x$" with "sk-live-secret"';
  const { client } = await api(json(400, { error_msg: message, req_body: 'sk-live-secret' }));
  const error = await failure(client.put('routes/r1', { plugins: { a: { key: 'sk-live-secret' } } }));
  const all = `${error.message} ${error.stack} ${JSON.stringify(error)} ${String(error.cause)}`;
  expect(all).toContain('failed to match pattern');
  expect(all).not.toContain('sk-live-secret');
  expect(all).not.toContain(KEY);
});

test('silence is bounded, and leaves a write in doubt', async () => {
  const { client } = await api(() => undefined, 150);
  const began = performance.now();
  const error = await failure(client.patch('routes/r1', {}));
  expect(performance.now() - began).toBeLessThan(400);
  expect(error).toMatchObject({ kind: 'unavailable', inDoubt: true });
  expect(error.message).toMatch(/no answer in time.*may still be applied/);
});

test('an answer that trickles in is bounded, too', async () => {
  const timers: NodeJS.Timeout[] = [];
  const { client } = await api((_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    timers.push(setInterval(() => response.write(' '), 20));
  }, 150);
  const began = performance.now();
  await failure(client.get('routes/r1'));
  expect(performance.now() - began).toBeLessThan(400);
  for (const timer of timers) clearInterval(timer);
});

test('connecting is bounded, too', async () => {
  // RFC 5737: nobody ever answers there.
  const client = createAdminApi({ url: 'http://192.0.2.1', key: KEY, timeoutMs: 150 });
  open.push(async () => client.close());
  const began = performance.now();
  expect(await failure(client.get('routes/r1'))).toMatchObject({ kind: 'unavailable' });
  expect(performance.now() - began).toBeLessThan(400);
});

test('nobody there: not in time, and what to do', async () => {
  const client = createAdminApi({ url: 'http://127.0.0.1:9', key: KEY, timeoutMs: 500 });
  const error = await failure(client.list('routes'));
  expect(error.message).toMatch(/ECONNREFUSED.*Check adminUrl/);
  client.close();
});

test('what is overtaken stops at once, in a call and between two tries', async () => {
  const silent = await api(() => undefined, 2_000);
  const conflict = await api(json(503, { error_msg: 'value changed before overwritten' }), 2_000);
  for (const { client, requests } of [silent, conflict]) {
    const controller = new AbortController();
    const call = client.patch('routes/r1', {}, controller.signal);
    await until(() => requests.length > 0);
    const began = performance.now();
    controller.abort();
    await expect(call).rejects.toBeInstanceOf(Overtaken);
    expect(performance.now() - began).toBeLessThan(300);
  }
  const before = silent.requests.length;
  await expect(silent.client.patch('routes/r1', {}, AbortSignal.abort())).rejects.toBeInstanceOf(Overtaken);
  expect(silent.requests).toHaveLength(before);
});

test('the clock of the gateway', async () => {
  const { client } = await api((request, response) => {
    response.setHeader('date', 'Mon, 23 Nov 2026 03:11:53 GMT');
    json(200, ['cors'])(request, response);
  });
  expect(await client.plugins()).toEqual({ names: ['cors'], clock: Date.UTC(2026, 10, 23, 3, 11, 53) });
});

test('every outcome that is no success has a fault with something to do', () => {
  for (const status of [300, 307, 400, 401, 403, 404, 409, 412, 429, 500, 501, 502, 503, 504])
    expect(faultOf({ status, message: '' })?.remedy).toMatch(/\w+/);
  for (const code of ['ECONNREFUSED', 'ENOTFOUND', 'ECONNRESET', 'ETIMEDOUT', 'CERT_HAS_EXPIRED', 'ODD'])
    expect(faultOf({ code, message: '' })).toMatchObject({ kind: 'unavailable' });
  expect(faultOf({ status: 201, message: '' })).toBeUndefined();
});
