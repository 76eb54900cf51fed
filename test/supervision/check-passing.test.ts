import { type Installation, LOCAL, startInstallation, wrong } from '../support/installation';
import { until } from '../support/until';
import { startUpstream, type Upstream } from '../support/upstream';

/** What `pullcord check` says of the metrics of gateways. */
let one: Installation;
let upstream: Upstream;
beforeAll(async () => {
  [one, upstream] = [await startInstallation(), await startUpstream()];
  await one.admin('PUT', 'upstreams/litellm', { type: 'roundrobin', nodes: { [`127.0.0.1:${upstream.port}`]: 1 } });
});
afterAll(() => Promise.all([one.close(), upstream.close()]));

async function check(metricsUrls: readonly string[] | undefined, block: object = {}) {
  const { main } = one.config.gateways;
  if (!main) throw new Error('no gateway');
  const findings = await one.check({
    gateways: { main: { ...main, timeoutMs: 300, ...(metricsUrls ? { metricsUrls: [...metricsUrls] } : {}) } },
    tripwire: { litellm: [{ url: 'http://127.0.0.1:1', timeoutMs: 100 }], ...block },
  });
  return findings.filter(({ what }) => /passes|counts|counted|completions/.test(what));
}
const send = (path: string) => fetch(`${one.apisix.gatewayUrl}${path}`, { method: 'POST' }).then((a) => a.text());

it('is not looked at where no metrics are configured, nor without a tripwire', async () => {
  expect(await check(undefined)).toEqual([]);
  const { main } = one.config.gateways;
  if (!main) throw new Error('no gateway');
  const findings = await one.check({ gateways: { main: { ...main, metricsUrls: ['http://127.0.0.1:1'] } } });
  expect(wrong(findings)).toEqual([LOCAL]);
});

it('metrics that are not there are a warning, with what to do', async () => {
  const [found, ...more] = await check(['http://127.0.0.1:1/apisix/prometheus/metrics']);
  expect(more).toEqual([]);
  expect(found).toMatchObject({
    ...{ check: 'gateway main', level: 'warning' },
    what: 'what passes it is not seen: gateway main (127.0.0.1:1) cannot be reached (ECONNREFUSED)',
    advice: expect.stringMatching(/^Switch its plugin prometheus on, .*: APISIX itself says 127\.0\.0\.1\.$/),
  });
});

it('nothing counted, a pattern that is too wide, and a route that is counted', async () => {
  const { metricsUrls } = one.apisix;
  expect(await check(metricsUrls)).toEqual([
    expect.objectContaining({ level: 'warning', what: expect.stringMatching(/completion on the routes of llm$/) }),
  ]);
  await one.admin('PUT', 'global_rules/metrics', { plugins: { prometheus: {} } });
  await send('/fallback/anything');
  await send('/tools/anything');
  await until(async () => (await (await fetch(String(metricsUrls[0]))).text()).includes('route="fallback"'));
  expect(await check(metricsUrls)).toEqual([
    expect.objectContaining({
      level: 'warning',
      what: expect.stringMatching(/does not tell completions from what costs nothing on fallback$/),
      advice: expect.stringContaining('request_method: $request_method'),
    }),
  ]);
  await send('/v1/chat/completions');
  await until(async () => (await (await fetch(String(metricsUrls[0]))).text()).includes('route="chat"'));
  expect(await check(metricsUrls)).toEqual([
    expect.objectContaining({
      level: 'ok',
      what: expect.stringMatching(/:\d+ counts what passes to the models: 1 route$/),
    }),
  ]);
  expect(await check(metricsUrls, { models: 'fallback' })).toEqual([expect.objectContaining({ level: 'warning' })]);
});
