import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { configSchema } from '../../src/config/schema';
import { routeOf } from '../../src/cutters/apisix/route';
import { type Apisix, startApisix } from '../../src/sandbox/apisix';
import { listen } from '../../src/sandbox/apisix/listener';
import { type SandboxLiteLLM, startSandboxLiteLLM } from '../../src/sandbox/litellm';
import { startTripwire, type TripwireService } from '../../src/tripwire';
import { SlowDesk } from '../support/slow-desk';
import { until } from '../support/until';
import { startUpstream } from '../support/upstream';

/**
 * What passes a gateway to the models, and what LiteLLM counts of it: a stand-in gateway and LiteLLM over HTTP. Each look
 * is five seconds later than the one before.
 */
const S = 1_000;
const ends: (() => unknown)[] = [];
let apisix: Apisix;
let watched: SandboxLiteLLM;
let past: SandboxLiteLLM;
let folder: string;
let clock: { at: number; looks: number };
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pullcord-bypass-'));
  clock = { at: Date.now(), looks: 0 };
  apisix = await startApisix();
  [watched, past] = [await litellmOf(), await litellmOf()];
  await put('global_rules/metrics', { plugins: { prometheus: {} } });
  await put('routes/7', { name: 'chat', uri: '/v1/chat/completions', upstream: to(watched) });
  const plain = await startUpstream();
  ends.push(() => plain.close());
  await put('routes/8', { name: 'models', uri: '/v1/models', upstream: to({ url: `http://127.0.0.1:${plain.port}` }) });
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
  await apisix.close();
  rmSync(folder, { recursive: true });
});

async function litellmOf(): Promise<SandboxLiteLLM> {
  const litellm = await startSandboxLiteLLM({ chunkMs: 1, tokens: 1, inputCost: 0, outputCost: 0.001 });
  litellm.addKey('agent', 'sk-agent');
  ends.push(() => litellm.close());
  return litellm;
}
const to = ({ url }: { readonly url: string }) => ({ type: 'roundrobin', nodes: { [new URL(url).host]: 1 } });
async function put(path: string, body: object): Promise<void> {
  const answer = await fetch(`${apisix.adminUrl}/apisix/admin/${path}`, {
    method: 'PUT',
    headers: { 'x-api-key': apisix.adminKey },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(await answer.text());
  await answer.text();
}

async function start(
  block: object = {},
  litellm: readonly SandboxLiteLLM[] = [watched],
  metricsUrls = apisix.metricsUrls,
) {
  const config = configSchema.parse({
    ...{ publicUrl: 'https://pullcord.example.org', key: 'k', dataDir: folder },
    gateways: {
      main: {
        ...{ adminUrl: apisix.adminUrl, adminKey: 'k', gatewayUrls: apisix.gatewayUrls },
        ...{ metricsUrls, timeoutMs: 300 },
      },
    },
    scopes: { agent: { routes: [{ all: true }] }, llm: { routes: [{ id: '7' }, { id: '8' }] } },
    tripwire: {
      litellm: litellm.map(({ url }) => ({ url, timeoutMs: 2_000 })),
      defaults: { anomaly: false },
      ...block,
    },
  });
  const desk = new SlowDesk();
  const seen = { troubles: new Map<string, string>(), ever: new Set<string>(), alarms: [] as string[] };
  const service = startTripwire({
    config,
    desk: {
      order: (...asked) => desk.order(...asked),
      outcome: (...asked) => desk.outcome(...asked),
      latches: () => desk.latches(),
      note: () => undefined,
    },
    alarms: { raise: (_key, text) => void seen.alarms.push(text), tell: () => undefined },
    trouble: (key, text) => {
      seen.troubles.set(key, text);
      seen.ever.add(text);
    },
    cleared: (key) => void seen.troubles.delete(key),
    routesOf: (_gateway, scope) => (scope === 'llm' ? ['7', '8'].map((id) => routeOf({ id })) : []),
    logger: pino({ level: 'silent' }),
    ...{ now: () => clock.at, monotonic: () => clock.at },
    random: () => {
      clock.at += 5 * S;
      clock.looks += 1;
      return 0.5;
    },
  }) as TripwireService;
  ends.push(() => service.close());
  await look(3);
  /** What else is trouble on a busy machine is not what this is about. */
  const bypassed = () => [...seen.ever].filter((text) => text.startsWith('The gateway let'));
  return { ...seen, bypassed, service, orders: () => desk.asked.map(({ request }) => request) };
}

async function look(times: number): Promise<void> {
  const before = clock.looks;
  await until(() => clock.looks >= before + times, 20_000);
}
/** So many requests through the gateway, one each look. */
async function send(times: number, path = '/v1/chat/completions', method = 'POST'): Promise<void> {
  for (let i = 0; i < times; i += 1) {
    const answer = await fetch(`${apisix.gatewayUrl}${path}`, {
      method,
      headers: { authorization: 'Bearer sk-agent', 'content-type': 'application/json' },
      ...(method === 'POST' ? { body: JSON.stringify({ model: 'gpt-4o', messages: [] }) } : {}),
    });
    await answer.text();
    await look(1);
  }
}

it('work that LiteLLM counts, and then a night without a request, is no trouble', async () => {
  const { bypassed, service } = await start();
  expect(service.readiness().detail).toContain('not what passes by it: no request for a completion');
  await send(40);
  await until(() => !service.readiness().detail.includes('passes by'));
  await look(60);
  await send(3);
  await look(100);
  expect(bypassed()).toEqual([]);
  expect(service.readiness()).toMatchObject({ ok: true, detail: 'sees 1 LiteLLM proxy, 1 key spent' });
}, 30_000);

it('requests that go past LiteLLM are trouble, told, and over when LiteLLM counts them again', async () => {
  const { troubles, bypassed, alarms, orders, service } = await start({ blind: { afterSeconds: 120 } });
  await send(10);
  expect(bypassed()).toEqual([]);
  await put('routes/7', { name: 'chat', uri: '/v1/chat/completions', upstream: to(past) });
  const began = clock.at;
  while (bypassed().length === 0) await send(1);
  // The slower this machine is, the fewer requests there are in a minute.
  expect((clock.at - began) / S).toBeLessThan(400);
  expect(bypassed()[0]).toMatch(
    /^The gateway let \d\d requests through, and litellm 127\.0\.0\.1:\d+ counted none of them\./,
  );
  expect(service.readiness()).toMatchObject({ ok: false, detail: [...troubles.values()][0] });
  while (alarms.length === 0) await send(1);
  expect(alarms).toEqual([expect.stringMatching(/has been blind for 120 s: The gateway let \d+ requests/)]);
  expect(orders()).toEqual([]);
  await put('routes/7', { name: 'chat', uri: '/v1/chat/completions', upstream: to(watched) });
  await send(3);
  await until(() => troubles.size === 0);
}, 60_000);

it('severs, where it is told to', async () => {
  const { orders } = await start({ blind: { afterSeconds: 120, action: 'sever' } });
  await put('routes/7', { name: 'chat', uri: '/v1/chat/completions', upstream: to(past) });
  while (orders().length === 0) await send(1);
  expect(orders()).toEqual([expect.objectContaining({ scope: 'agent', action: 'sever', source: 'tripwire' })]);
}, 60_000);

it.each<[string, string, string]>([
  ['lists of models', '/v1/models', 'GET'],
  ['requests that LiteLLM refuses', '/v1/chat/completions', 'POST'],
  ['probes', '/v1/chat/completions', 'HEAD'],
])(
  '%s cost nothing, and are no trouble',
  async (_what, path, method) => {
    const { bypassed } = await start();
    await send(3);
    watched.setBlocked(String(watched.completions[0]?.key), true);
    await send(60, path, method);
    expect(bypassed()).toEqual([]);
    const metrics = await (await fetch(String(apisix.metricsUrls[0]))).text();
    expect(metrics).toMatch(path === '/v1/models' ? /code="200",route="8".* 60\n/ : /code="4\d\d",route="7".* 60\n/);
  },
  30_000,
);

it('of two LiteLLMs one may be idle; one that is not seen may have counted', async () => {
  const { bypassed } = await start({}, [watched, past]);
  await send(60);
  watched.fail('/metrics/', 'error', 1_000);
  await send(60);
  expect(bypassed()).toEqual([]);
}, 30_000);

it('a gateway that does not say what it counts delays no look, and is no zero', async () => {
  const silent = await listen({ port: 0, onRequest: () => undefined });
  ends.push(() => silent.close());
  const { bypassed, service } = await start({}, [watched], [silent.url]);
  await put('routes/7', { name: 'chat', uri: '/v1/chat/completions', upstream: to(past) });
  const began = performance.now();
  await look(40);
  expect(performance.now() - began).toBeLessThan(40 * 300);
  await send(40);
  expect(bypassed()).toEqual([]);
  expect(service.readiness().detail).toMatch(/does not see what passes by LiteLLM|no gateway shows its metrics/);
}, 30_000);
