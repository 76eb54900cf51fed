import { setMaxListeners } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Overtaken } from '../../../src/cutters/apisix/overtaken';
import { createProber } from '../../../src/cutters/apisix/probe';
import type { ProbeTarget } from '../../../src/cutters/apisix/probe-plan';
import { until } from '../../support/until';

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

/** As the cutter hands it in: listened to by many requests at a time. */
function notOvertaken(): AbortSignal {
  const { signal } = new AbortController();
  setMaxListeners(0, signal);
  return signal;
}

async function gateway(answer: RequestListener) {
  const requests: IncomingMessage[] = [];
  const ports: (number | undefined)[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    ports.push(request.socket.remotePort);
    answer(request, response);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests, ports, server };
}

const target = (path: string, more: Partial<ProbeTarget> = {}): ProbeTarget => ({
  method: 'HEAD',
  path,
  headers: {},
  ...more,
});
const plan = (...paths: string[]) => ({ targets: paths.map((path) => target(path)), blind: [] });
const prober = (gatewayUrls: string[], connections = 4, timeoutMs = 500) =>
  createProber({ gatewayUrls, connections, timeoutMs });

test.each<[what: string, answer: RequestListener, glimpse: string, detail: string]>([
  ['the mark with 503', (_, r) => r.writeHead(503, { 'x-pullcord-severed': '1' }).end(), 'refused', '503'],
  ['503 without the mark', (_, r) => r.writeHead(503).end(), 'served', '503'],
  ['the mark with 200', (_, r) => r.writeHead(200, { 'x-pullcord-severed': '1' }).end(), 'served', '200'],
  ['404', (_, r) => r.writeHead(404).end(), 'served', '404'],
  ['a redirect', (_, r) => r.writeHead(302, { location: '/elsewhere' }).end(), 'served', '302'],
  ['a body without end', (_, r) => void r.writeHead(200).write('x'.repeat(10)), 'served', '200'],
  ['a broken connection', (q) => q.socket.destroy(), 'silent', 'ECONNRESET'],
  ['nothing', () => undefined, 'silent', 'no answer within 150 ms'],
])('%s is %s', async (_, answer, glimpse, detail) => {
  const { url, requests } = await gateway(answer);
  const began = performance.now();
  const seen = await prober([url], 1, 150).glance(target('/x', { method: 'GET' }), notOvertaken());
  expect(performance.now() - began).toBeLessThan(400);
  expect(seen).toEqual([{ url, target: target('/x', { method: 'GET' }), glimpse, detail }]);
  expect(requests).toHaveLength(1);
});

test('nobody there is silence', async () => {
  const seen = await prober(['http://127.0.0.1:9']).glance(target('/'), notOvertaken());
  expect(seen).toMatchObject([{ glimpse: 'silent', detail: 'ECONNREFUSED' }]);
});

test('a body is not read: the connection is closed at the headers', async () => {
  let closed = false;
  const { url } = await gateway((_, response) => {
    response.on('close', () => {
      closed = true;
    });
    response.writeHead(200).write('x');
  });
  await prober([url]).glance(target('/', { method: 'GET' }), notOvertaken());
  await until(() => closed);
});

test('every connection is a fresh one, and every gateway is asked', async () => {
  const [one, two] = [await gateway((_, r) => r.end()), await gateway((_, r) => r.end())];
  await prober([one.url, two.url], 6).run(plan('/a', '/b'), false, notOvertaken());
  for (const { requests, ports } of [one, two]) {
    expect(requests.map(({ url }) => url).sort()).toEqual(['/a', '/a', '/a', '/b', '/b', '/b']);
    expect(new Set(ports).size).toBe(6);
    expect(new Set(requests.map(({ headers }) => headers.connection))).toEqual(new Set(['close']));
  }
});

test('with the clamp a few routes are enough, with the rewrite every route is asked', async () => {
  const { url, requests } = await gateway((_, r) => r.end());
  const paths = Array.from({ length: 100 }, (_, i) => `/r${i}`);
  await prober([url], 4).run(plan(...paths), false, notOvertaken());
  expect(
    requests
      .splice(0)
      .map((request) => request.url)
      .sort(),
  ).toEqual(['/r0', '/r25', '/r50', '/r75']);
  await prober([url], 32).run(plan(...paths), false, notOvertaken());
  const some = requests.splice(0).map((request) => request.url);
  expect([some.length, new Set(some).size]).toEqual([32, 16]);
  await prober([url], 4).run(plan(...paths), true, notOvertaken());
  expect(new Set(requests.map((request) => request.url))).toEqual(new Set(paths));
  expect(requests).toHaveLength(100);
});

test('without a target nothing is asked', async () => {
  expect(await prober(['http://127.0.0.1:9']).run(plan(), false, notOvertaken())).toEqual([]);
});

test('host, headers, method and the path of the gateway URL', async () => {
  const { url, requests } = await gateway((_, r) => r.end());
  const asked = target('/v1?x=1', { method: 'POST', host: 'api.example.org', headers: { 'x-tag': 'drill' } });
  await prober([`${url}/behind/`]).glance(asked, notOvertaken());
  const [request] = requests;
  expect([request?.method, request?.url]).toEqual(['POST', '/behind/v1?x=1']);
  expect(request?.headers).toMatchObject({ host: 'api.example.org', 'x-tag': 'drill', 'content-length': '0' });
});

test('overtaken: it stops at once and leaves no connection', async () => {
  const { url, server } = await gateway(() => undefined);
  const controller = new AbortController();
  const running = prober([url], 4, 2_000).run(plan('/a'), false, controller.signal);
  await until(() => new Promise<boolean>((resolve) => server.getConnections((_, count) => resolve(count === 4))));
  const began = performance.now();
  controller.abort();
  await expect(running).rejects.toBeInstanceOf(Overtaken);
  expect(performance.now() - began).toBeLessThan(200);
  await until(() => new Promise<boolean>((resolve) => server.getConnections((_, count) => resolve(count === 0))));
});
