import { type Apisix, type ApisixOptions, startApisix } from '../../src/sandbox/apisix';
import { openStream } from '../support/stream';
import { until } from '../support/until';
import { startUpstream, type Upstream } from '../support/upstream';
import { send } from './recorded/exchange';

/**
 * What the sandbox's gateways do beyond the contract that they share with a real one (`test/contract/`): several nodes,
 * the time until they hear of a change, and configuration that stands in etcd without the Admin API's leave.
 */
let upstream: Upstream;
let apisix: Apisix;
beforeAll(async () => {
  upstream = await startUpstream();
});
afterAll(() => upstream.close());
afterEach(() => apisix.close());

const start = async (options?: ApisixOptions): Promise<void> => {
  apisix = await startApisix(options);
};
const put = (path: string, conf: object) =>
  send(apisix.adminUrl, 'PUT', `/apisix/admin${path}`, { 'x-api-key': apisix.adminKey }, JSON.stringify(conf));
const conf = (): object => ({ type: 'roundrobin', nodes: { [`127.0.0.1:${upstream.port}`]: 1 } });
const statuses = (path: string): Promise<readonly number[]> =>
  Promise.all(apisix.gatewayUrls.map(async (url) => (await send(url, 'GET', path)).status));
const abort = (more: object = {}) => ({ 'fault-injection': { abort: { http_status: 503, body: 'x', ...more } } });

test('every node has its own port and all of the configuration', async () => {
  await start({ nodes: 3 });
  await put('/routes/r', { uri: '/r', upstream: conf() });
  expect(new Set(apisix.gatewayUrls).size).toBe(3);
  expect(apisix.gatewayUrl).toBe(apisix.gatewayUrls[0]);
  expect(await statuses('/r')).toEqual([200, 200, 200]);
});

test('a change is in force only after its propagation time', async () => {
  await start({ nodes: 2, propagationMs: 300 });
  await put('/routes/r', { uri: '/r', upstream: conf() });
  expect(await statuses('/r')).toEqual([404, 404]);
  await until(async () => (await statuses('/r')).every((status) => status === 200));
});

test('a write takes its time, and nobody sees it before', async () => {
  await start({ writeMs: 100 });
  const began = performance.now();
  const writing = put('/routes/r', { uri: '/r', upstream: conf() });
  expect((await send(apisix.gatewayUrl, 'GET', '/r')).status).toBe(404);
  expect((await writing).status).toBe(201);
  expect(performance.now() - began).toBeGreaterThanOrEqual(95);
  expect((await send(apisix.gatewayUrl, 'GET', '/r')).status).toBe(200);
});

test('a deaf node goes on with what it had, and catches up', async () => {
  await start({ nodes: 2 });
  await put('/routes/r', { uri: '/r', upstream: conf() });
  await apisix.faults.gateway(1, 'deaf');
  await put('/routes/r', { uri: '/r', upstream: conf(), plugins: abort() });
  expect(await statuses('/r')).toEqual([503, 200]);
  await apisix.faults.clear();
  expect(await statuses('/r')).toEqual([503, 503]);
});

test('a plugin that two global rules hold, put there past the Admin API, runs in neither', async () => {
  await start();
  await put('/routes/r', { uri: '/r', upstream: conf() });
  await put('/global_rules/one', { plugins: abort() });
  expect(await statuses('/r')).toEqual([503]);
  apisix.store.put('/apisix/global_rules/two', { id: 'two', plugins: abort() });
  expect(await statuses('/r')).toEqual([200]);
  apisix.store.delete('/apisix/global_rules/two');
  expect(await statuses('/r')).toEqual([503]);
});

test('percentage draws from the random numbers that were handed in', async () => {
  const draws = [0.09, 0.1, 0.5];
  await start({ random: () => draws.shift() ?? 1 });
  await put('/routes/r', { uri: '/r', upstream: conf(), plugins: abort({ percentage: 10 }) });
  expect([...(await statuses('/r')), ...(await statuses('/r')), ...(await statuses('/r'))]).toEqual([503, 200, 200]);
});

test('requests are dealt out by weight, and a changed upstream takes effect at once', async () => {
  await start();
  const other = await startUpstream('other');
  const from = async () => JSON.parse((await send(apisix.gatewayUrl, 'GET', '/r')).text).from;
  const [one, two] = [`127.0.0.1:${upstream.port}`, `127.0.0.1:${other.port}`];
  await put('/upstreams/u', { type: 'roundrobin', nodes: { [one]: 3, [two]: 1 } });
  await put('/routes/r', { uri: '/r', upstream_id: 'u' });
  const names: string[] = [];
  for (let index = 0; index < 8; index += 1) names.push(await from());
  expect(names.filter((name) => name === 'other')).toHaveLength(2);
  await put('/upstreams/u', { type: 'roundrobin', nodes: { [two]: 1 } });
  expect(await from()).toBe('other');
  await other.close();
});

test('a request body of any size arrives whole', async () => {
  await start();
  await put('/routes/r', { uri: '/r', upstream: conf() });
  const body = 'x'.repeat(4_000_000);
  const { text } = await send(apisix.gatewayUrl, 'POST', '/r', { 'content-length': String(body.length) }, body);
  expect(JSON.parse(text)).toMatchObject({ method: 'POST', bytes: body.length });
});

test('close cuts what is open and leaves nothing behind', async () => {
  await start({ nodes: 2 });
  await put('/routes/r', { uri: '/r/*', upstream: conf() });
  const stream = await openStream(`${apisix.gatewayUrl}/r/sse`);
  await until(() => stream.text() !== '');
  await apisix.close();
  await until(() => stream.ending() === 'aborted' && upstream.open() === 0);
  await expect(send(apisix.gatewayUrl, 'GET', '/r/x')).rejects.toThrow('ECONNREFUSED');
  await expect(send(apisix.adminUrl, 'GET', '/apisix/admin/routes')).rejects.toThrow('ECONNREFUSED');
});
