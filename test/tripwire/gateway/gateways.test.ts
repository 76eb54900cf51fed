import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import pino from 'pino';
import { configSchema } from '../../../src/config/schema';
import { routeOf } from '../../../src/cutters/apisix/route';
import { createGateways, type Gateways, modelScopes } from '../../../src/tripwire/gateway';
import { createGatewayNode } from '../../../src/tripwire/gateway/node';
import { until } from '../../support/until';

/** Asking the nodes over real HTTP, and what comes of answers that are none. */
const S = 1_000;
const ends: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function serve(listener: RequestListener): Promise<{ readonly url: string; readonly asked: string[] }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(String(request.url));
    listener(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ends.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/apisix/prometheus/metrics`, asked };
}
const exposition = (chat: number): string =>
  `apisix_http_status{code="200",route="7",matched_uri="/v1/chat/completions",node="10.0.0.1"} ${chat}\napisix_node_info{hostname="a"} 1\n`;
const shows =
  (text: string | (() => string), type = 'text/plain', status = 200): RequestListener =>
  (_request, response) => {
    response.writeHead(status, { 'content-type': type });
    response.end(typeof text === 'string' ? text : text());
  };
const node = (url: string, timeoutMs = 300, maxBytes?: number) => {
  const one = createGatewayNode({
    ...{ gateway: 'main', url, timeoutMs },
    ...(maxBytes === undefined ? {} : { maxBytes }),
  });
  ends.push(() => one.close());
  return one.look(new AbortController().signal);
};

it.each<[string, RequestListener, string, RegExp]>([
  ['it is another program', shows('up 1\n'), 'no-callbacks', /is not APISIX\. metricsUrls has to lead/],
  ['a page', shows('<html>', 'text/html'), 'not-metrics', /shows text\/html, not metrics/],
  ['the wrong path', shows('no', 'text/html', 404), 'not-metrics', /has no metrics there \(404\)/],
  ['a password', shows('', 'text/plain', 401), 'unauthorised', /refuses to show its metrics \(401\)/],
  ['APISIX without data', shows('{}', 'text/plain', 500), 'bad-status', /answered 500\. Look into the error log/],
  ['half of it', shows(exposition(1).slice(0, -20)), 'malformed', /cannot be read, line 2/],
  ['too much', shows(exposition(1).repeat(100)), 'too-large', /shows more than 9000 bytes\. Switch labels off/],
  ['no answer in time', () => undefined, 'timeout', /did not answer in full within 300 ms\. The gateway is overloaded/],
])('is not seen, and says what to do: %s', async (_what, listener, why, detail) => {
  const { url } = await serve(listener);
  const look = await node(url, 300, 9_000);
  expect(look).toEqual({ ok: false, why, detail: expect.stringMatching(detail) });
  expect(look).toMatchObject({ detail: expect.stringMatching(/gateway main \(127\.0\.0\.1:\d+\)/) });
});

it('says that APISIX listens on 127.0.0.1 alone where nothing answers', async () => {
  expect(await node('http://127.0.0.1:1/metrics')).toMatchObject({
    why: 'no-answer',
    detail: expect.stringMatching(/cannot be reached \(ECONNREFUSED\)\. .* APISIX itself says 127\.0\.0\.1/),
  });
});

const configOf = (urls: readonly string[] | undefined, more: object = {}) =>
  configSchema.parse({
    ...{ publicUrl: 'https://pullcord.example.org', key: 'k' },
    gateways: {
      main: {
        ...{ adminUrl: 'http://127.0.0.1:1', adminKey: 'k', gatewayUrls: ['http://127.0.0.1:2'], timeoutMs: 300 },
        ...(urls ? { metricsUrls: urls } : {}),
      },
    },
    scopes: { agent: { routes: [{ all: true }] }, llm: { routes: [{ id: '7' }] } },
    ...more,
  });

const clock = { at: 0 };
function watch(urls: readonly string[]) {
  clock.at = 0;
  const troubles = new Map<string, string>();
  const gateways = createGateways(configOf(urls), ['agent'], {
    routesOf: (_gateway, scope) => (scope === 'llm' ? [routeOf({ id: '7', uri: '/v1/chat/completions' })] : []),
    trouble: (key, text) => void troubles.set(key, text),
    cleared: (key) => void troubles.delete(key),
    logger: pino({ level: 'silent' }),
    monotonic: () => clock.at,
  }) as Gateways;
  ends.push(() => gateways.close());
  return { gateways, troubles };
}

it('asks each node every 15 seconds and no more often, and adds up what passed', async () => {
  let chat = 100;
  const [one, two] = [await serve(shows(() => exposition(chat))), await serve(shows(() => exposition(2 * chat)))];
  const { gateways } = watch([one.url, two.url]);
  expect(gateways.passed()).toBeUndefined();
  for (; clock.at < 60 * S; clock.at += 5 * S) {
    await until(() => {
      gateways.pollIfDue();
      return [one, two].every(({ asked }) => asked.length === 1 + Math.floor(clock.at / (15 * S)));
    });
    await until(() => gateways.passed());
    chat += 1;
  }
  // Asked at 0, 15, 30 and 45 s: 9 more in the one, 18 in the other.
  await until(() => gateways.passed()?.requests === 27);
  expect([one.asked.length, two.asked.length]).toEqual([4, 4]);
  expect(gateways.why()).toBeUndefined();
});

it('asks no more often, however often it is told to look', async () => {
  const { url, asked } = await serve(shows(exposition(1)));
  const { gateways } = watch([url]);
  for (clock.at = 0; clock.at < 15 * S; clock.at += 500) {
    gateways.pollIfDue();
    // Long enough for an answer to have come.
    await fetch(`${url}?by=test`).then((answer) => answer.text());
  }
  expect(asked.filter((path) => !path.includes('by=test'))).toHaveLength(1);
});

it('asks no node again that has not answered yet, and gives up at the end', async () => {
  const { url, asked } = await serve(() => undefined);
  const { gateways } = watch([url]);
  for (; clock.at < 60 * S; clock.at += 5 * S) gateways.pollIfDue();
  await until(() => asked.length === 1);
  await gateways.close();
  gateways.pollIfDue();
  expect(asked).toHaveLength(1);
});

it('tells of a node that does not say what it counts when that lasts, and when it is over', async () => {
  let fails = true;
  const { url, asked } = await serve((...exchange) =>
    (fails ? shows('', 'text/plain', 500) : shows(exposition(1)))(...exchange),
  );
  const { gateways, troubles } = watch([url]);
  const poll = async (): Promise<void> => {
    const before = asked.length;
    await until(() => {
      gateways.pollIfDue();
      return asked.length > before;
    });
    clock.at += 15 * S;
  };
  while (clock.at < 270 * S) await poll();
  expect([...troubles]).toEqual([]);
  expect([gateways.trouble(), gateways.why()]).toEqual([undefined, 'no gateway shows its metrics']);
  while (troubles.size === 0) await poll();
  expect(clock.at).toBeLessThanOrEqual(360 * S);
  expect([...troubles.values()]).toEqual([gateways.trouble()]);
  expect(gateways.trouble()).toMatch(
    /^The tripwire does not see what passes by LiteLLM\. gateway main .* answered 500/,
  );
  fails = false;
  while (troubles.size > 0) await poll();
  expect(gateways.trouble()).toBeUndefined();
});

it('is off where no metrics are configured', () => {
  expect(createGateways(configOf(undefined), ['agent'], {} as never)).toBeUndefined();
});

it('knows the scope of the models: as configured, or llm, or what a trip severs', () => {
  const tripwire = { litellm: [{ url: 'http://127.0.0.1:4' }] };
  const scopes = { agent: { routes: [{ all: true }] }, models: { routes: [{ id: '7' }] } };
  expect(modelScopes(configOf(undefined, { tripwire }), ['agent'])).toEqual(['llm']);
  expect(modelScopes(configOf(undefined, { tripwire, scopes }), ['agent'])).toEqual(['agent']);
  const named = { ...tripwire, models: 'models' };
  expect(modelScopes(configOf(undefined, { tripwire: named, scopes }), ['agent'])).toEqual(['models']);
  expect(() => configOf(undefined, { tripwire: { ...named, models: 'nowhere' }, scopes })).toThrow('no such scope');
});
