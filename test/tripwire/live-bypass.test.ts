import { gatewayObjects, gatewayScopes } from '../../src/sandbox/gateway-objects';
import { type SandboxLiteLLM, startSandboxLiteLLM } from '../../src/sandbox/litellm';
import { until } from '../support/until';
import { startWhole, type Whole } from '../support/whole';

/** The whole program, with real HTTP and a clock that runs ahead: what passes the gateway past LiteLLM is texted. */
const METRICS = { plugins: { prometheus: {} } };
let whole: Whole;
let litellm: SandboxLiteLLM;
let ahead = 0;
afterEach(async () => {
  await whole.close();
  await litellm.close();
});

const tripwire = async (): Promise<string> => {
  const answer = await fetch(`${whole.pullcord.internalUrl}/readyz`);
  const { parts } = (await answer.json()) as { parts: { name: string; detail: string }[] };
  return parts.find(({ name }) => name === 'tripwire')?.detail ?? '';
};
/** Five requests through the gateway; a quarter of a minute and a look passes. */
async function send(): Promise<void> {
  const looks = () => litellm.requests.filter((request) => request === 'GET /metrics/').length;
  const before = looks();
  for (let i = 0; i < 5; i += 1) {
    const answer = await fetch(`${whole.apisix.gatewayUrl}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: 'Bearer sk-agent', 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'gpt-4o', messages: [] }),
    });
    expect(answer.status).toBe(200);
    await answer.text();
  }
  ahead += 15_000;
  await until(() => looks() > before, 10_000, 20);
}

it('counts what passes the routes of the models, and texts it when LiteLLM counts none of it', async () => {
  litellm = await startSandboxLiteLLM({ chunkMs: 1, tokens: 1 });
  litellm.addKey('agent', 'sk-agent');
  const monotonic = () => performance.now() + ahead;
  const metricsPort = await freePort();
  whole = await startWhole({
    ...{
      troubleGraceMs: 1_000,
      superviseEveryMs: 100,
      monotonic,
      now: () => Math.round(performance.timeOrigin + monotonic()),
    },
    objects: [['global_rules/metrics', METRICS], ...gatewayObjects(litellm.url)],
    apisix: { metricsPorts: [metricsPort] },
    gateway: { metricsUrls: [`http://127.0.0.1:${metricsPort}/apisix/prometheus/metrics`] },
    config: {
      scopes: gatewayScopes,
      enforcer: { periodSeconds: 1 },
      tripwire: { litellm: [{ url: litellm.url }], everySeconds: 1, defaults: { anomaly: false } },
    },
  });
  await until(async () => (await tripwire()).includes('not what passes by it: no request'), 10_000);
  await send();
  await until(async () => (await tripwire()).endsWith('spent'), 20_000, 50);

  // The route leads elsewhere now: LiteLLM goes on being looked at, and counts nothing.
  const other = await startSandboxLiteLLM({ chunkMs: 1, tokens: 1 });
  other.addKey('agent', 'sk-agent');
  await whole.admin('PATCH', 'upstreams/litellm', { nodes: [{ host: '127.0.0.1', port: portOf(other), weight: 1 }] });
  try {
    while (!(await tripwire()).startsWith('The gateway let')) await send();
    expect(await whole.phone.expectReply(whole.alice.phone, /The gateway let \d\d requests through/)).toContain(
      'counted none of them',
    );
  } finally {
    await other.close();
  }
}, 90_000);

const portOf = ({ url }: SandboxLiteLLM): number => Number(new URL(url).port);
async function freePort(): Promise<number> {
  const { createServer } = await import('node:net');
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
