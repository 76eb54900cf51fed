import { type Apisix, startApisix } from '../../src/sandbox/apisix';
import { until } from '../support/until';
import { startUpstream, type Upstream } from '../support/upstream';
import { send } from './recorded/exchange';

/** What the stand-in gateway counts of the requests that came to it. */
let upstream: Upstream;
let apisix: Apisix;
beforeAll(async () => {
  upstream = await startUpstream();
});
afterAll(() => upstream.close());
beforeEach(async () => {
  apisix = await startApisix({ nodes: 2 });
});
afterEach(() => apisix.close());

const put = (path: string, conf: object) =>
  send(apisix.adminUrl, 'PUT', `/apisix/admin${path}`, { 'x-api-key': apisix.adminKey }, JSON.stringify(conf));
const to = (port: number): object => ({ type: 'roundrobin', nodes: { [`127.0.0.1:${port}`]: 1 } });
const ask = (path: string, headers = {}) => send(apisix.gatewayUrl, 'GET', path, headers);
const metrics = async (node = 0): Promise<string> => (await fetch(String(apisix.metricsUrls[node]))).text();
/** Labels of the series that count requests, shortened, with their values. */
const counted = async (node?: number): Promise<string[]> =>
  (await metrics(node))
    .split('\n')
    .filter((line) => line.startsWith('apisix_http_status{'))
    .map((line) => line.replace(/^\S+?\{|request_type="traditional_http",request_llm_model="",llm_model="",|}/g, ''));

it('shows no series before the first request of a route that has the plugin, and none of the others', async () => {
  await put('/routes/r', { uri: '/r', upstream: to(upstream.port), plugins: { prometheus: {} } });
  await put('/routes/other', { uri: '/other', upstream: to(upstream.port) });
  await put('/routes/off', {
    uri: '/off',
    upstream: to(upstream.port),
    plugins: { prometheus: { _meta: { disable: true } } },
  });
  expect(await metrics()).not.toContain('apisix_http_status');
  for (const path of ['/other', '/off', '/nowhere', '/r', '/r']) await ask(path);
  const series =
    'code="200",route="r",matched_uri="/r",matched_host="",service="",consumer="",node="127.0.0.1",response_source="upstream" 2';
  await until(async () => (await counted()).includes(series));
  expect(await counted()).toEqual([series]);
  expect(await metrics()).toMatch(/\napisix_http_requests_total 5\n/);
  expect(await counted(1)).toEqual([]);
});

it('as a global rule counts what no route takes, what the gateway answers itself, and what no upstream answers', async () => {
  await put('/global_rules/metrics', { plugins: { prometheus: {} } });
  await put('/routes/dead', { uri: '/dead/*', host: 'a.example', upstream: to(1) });
  await put('/routes/own', {
    uri: '/own',
    upstream: to(upstream.port),
    plugins: { 'fault-injection': { abort: { http_status: 200, body: 'x' } } },
  });
  await ask('/nowhere');
  await ask('/own');
  await ask('/dead/1', { host: 'a.example' });
  await until(async () => (await counted()).length === 3);
  expect(await counted()).toEqual([
    'code="200",route="own",matched_uri="/own",matched_host="",service="",consumer="",node="",response_source="apisix" 1',
    'code="404",route="",matched_uri="",matched_host="",service="",consumer="",node="",response_source="apisix" 1',
    'code="502",route="dead",matched_uri="/dead/*",matched_host="a.example",service="",consumer="",node="127.0.0.1",response_source="nginx" 1',
  ]);
});

it('counts once where the plugin stands twice, and calls routes and services by name where it is told to', async () => {
  await put('/global_rules/metrics', { plugins: { prometheus: {} } });
  await put('/services/s', { name: 'models', upstream: to(upstream.port) });
  await put('/routes/1', { name: 'chat', uri: '/c', service_id: 's', plugins: { prometheus: { prefer_name: true } } });
  await ask('/c');
  await until(async () => (await counted()).length > 0);
  expect(await counted()).toEqual([expect.stringMatching(/^code="200",route="chat",.*,service="models",.* 1$/)]);
});
