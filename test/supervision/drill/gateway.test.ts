import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { configSchema } from '../../../src/config/schema';
import { arm, setIds } from '../../../src/cutters/apisix/clamp';
import { type AdminApi, createAdminApi } from '../../../src/cutters/apisix/client';
import { type Apisix, startApisix } from '../../../src/sandbox/apisix';
import { createDrillGateway, type DrillGateway } from '../../../src/supervision/drill/gateway';
import { changed } from '../../../src/supervision/drill/objects';
import { until } from '../../support/until';

const notAborted = new AbortController().signal;
const token = 'ab'.repeat(12);
const canary = { token, streams: true };

let apisix: Apisix;
let api: AdminApi;
let gateway: DrillGateway;
const closing: (() => unknown)[] = [];
beforeEach(async () => {
  apisix = await startApisix({ nodes: 2 });
  api = createAdminApi({ url: apisix.adminUrl, key: apisix.adminKey, timeoutMs: 1_000 });
  await arm(api, []);
  for (const id of ['a', 'b']) await api.put(`routes/${id}`, { uri: `/${id}`, desc: 'x', plugins: { mocking: {} } });
  gateway = drillGateway(apisix.adminUrl);
});
afterEach(async () => {
  for (const close of [...closing.splice(0), () => gateway.close(), () => api.close(), () => apisix.close()])
    await close();
});

function drillGateway(adminUrl: string): DrillGateway {
  const { gateways } = configSchema.parse({
    ...{ publicUrl: 'https://pullcord.example.org', key: 'k', scopes: { agent: { routes: [{ all: true }] } } },
    gateways: { main: { adminUrl, adminKey: apisix.adminKey, gatewayUrls: [...apisix.gatewayUrls], timeoutMs: 1_000 } },
  });
  return createDrillGateway('main', gateways.main as never, Date.now);
}

/** An APISIX where functions are not enabled: it refuses them in its own words. */
async function withoutFunctions(): Promise<string> {
  const server: Server = createServer(async (req, res) => {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString();
    if (body.includes('serverless-pre-function')) {
      res.writeHead(400).end(JSON.stringify({ error_msg: 'unknown plugin [serverless-pre-function]' }));
      return;
    }
    const answer = await fetch(apisix.adminUrl + req.url, {
      method: req.method ?? 'GET',
      headers: { 'x-api-key': String(req.headers['x-api-key']) },
      ...(body ? { body } : {}),
    });
    res.writeHead(answer.status).end(await answer.text());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

it('makes a canary that every node serves, streams, refuses when it is clamped, and is gone afterwards', async () => {
  expect(await gateway.hasCanary()).toBe(false);
  expect(await gateway.make(canary)).toEqual({ canary });
  expect(await gateway.hasCanary()).toBe(true);
  await gateway.awaitAll('served', canary, 1_000, notAborted);
  const streams = await gateway.open(canary);
  expect(streams.map(({ ended }) => ended)).toEqual([undefined, undefined]);
  expect(await gateway.rung()).toBe('none');

  await setIds(api, ['pullcord-drill']);
  await gateway.awaitAll('refused', canary, 1_000, notAborted);
  expect(await gateway.rung()).toBe('clamp');
  await until(() => streams.every(({ ended }) => ended?.how === 'cut'));
  await expect(gateway.awaitAll('served', canary, 100, notAborted)).rejects.toThrow(/still refuses the canary/);

  await setIds(api, []);
  await gateway.awaitAll('served', canary, 1_000, notAborted);
  await expect(gateway.awaitAll('refused', canary, 100, notAborted)).rejects.toThrow(/still serves the canary/);
  await gateway.remove();
  await gateway.remove();
  expect(await gateway.hasCanary()).toBe(false);
  await expect(gateway.awaitAll('served', canary, 100, notAborted)).rejects.toThrow(
    /does not answer as the canary .*404/,
  );
});

it('takes no other answer for the canary: not that of an earlier drill, nor of another route', async () => {
  await gateway.make({ ...canary, token: 'cd'.repeat(12) });
  await api.put('routes/all', { uri: '/*', plugins: { 'fault-injection': { abort: { http_status: 200 } } } });
  await expect(gateway.awaitAll('served', canary, 100, notAborted)).rejects.toThrow(/answers 200/);
  await expect(gateway.open(canary)).rejects.toThrow(/no stream through .* it answers 200/);
});

it('where functions are not enabled, makes one that answers at once, and says why', async () => {
  const poor = drillGateway(await withoutFunctions());
  closing.push(() => poor.close());
  expect(await poor.make(canary)).toEqual({
    canary: { token, streams: false },
    why: expect.stringContaining('unknown plugin [serverless-pre-function]'),
  });
  await poor.awaitAll('served', canary, 1_000, notAborted);
  await setIds(api, ['pullcord-drill']);
  await poor.awaitAll('refused', canary, 1_000, notAborted);
});

it('says what would make a cut fail', async () => {
  expect(await gateway.inspect()).toMatchObject({ faults: [], endsStreams: true });
  await apisix.faults.gateway(1, 'refuse');
  await api.remove('global_rules/pullcord-clamp');
  const { faults, endsStreams } = await gateway.inspect();
  expect(faults).toEqual([
    expect.stringMatching(/does not answer: ECONNREFUSED/),
    expect.stringMatching(/clamp is not armed/),
  ]);
  expect(endsStreams).toBe(false);
  apisix.faults.answer(401);
  await expect(gateway.inspect()).rejects.toThrow(/^Admin API: .*adminKey/);
});

describe('what is compared', () => {
  it.each<[string, () => Promise<unknown>, string[]]>([
    ['nothing', async () => undefined, []],
    ['the same again: its own timestamps aside', () => api.patch('routes/a', { desc: 'x' }), []],
    ['the canary, made', () => gateway.make(canary), []],
    ['the clamp, written and emptied', () => setIds(api, ['x']).then(() => setIds(api, [])), []],
    ['the clamp, which names a route', () => setIds(api, ['a']), ['global_rules/pullcord-clamp']],
    ['a field', () => api.patch('routes/a', { desc: 'y' }), ['routes/a']],
    ['a plugin', () => api.patch('routes/b/plugins', { mocking: {}, cors: {} }), ['routes/b']],
    [
      'one that came',
      () => api.put('upstreams/u', { type: 'roundrobin', nodes: { '127.0.0.1:1': 1 } }),
      ['upstreams/u'],
    ],
    ['one that went', () => api.remove('routes/a'), ['routes/a']],
  ])('%s', async (_what, change, different) => {
    const before = await gateway.objects();
    await change();
    expect(changed(before, await gateway.objects())).toEqual(different);
  });

  it('holds no secret', async () => {
    await api.put('consumers/c', { username: 'c', plugins: { 'key-auth': { key: 'a-secret-key' } } });
    expect(JSON.stringify([...(await gateway.objects())])).not.toContain('a-secret-key');
  });
});
