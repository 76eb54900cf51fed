import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ConfigInput } from '../../src/config/schema';
import { startSandboxLiteLLM } from '../../src/sandbox/litellm';
import { type Receiver, startReceiver } from '../support/receiver';
import { until } from '../support/until';
import { startUpstream, type Upstream } from '../support/upstream';
import { startWhole, type Whole } from '../support/whole';

/** Fallbacks from the phone to the gateway: two models behind one upstream, and a primary that dies. */

let whole: Whole;
let primary: Upstream;
let cloud: Upstream;
/** Is told everything. */
let told: Receiver;
/** What is asked whether the primary is well; closed: it is not. */
let health: Server;
let healthPort: number;

async function openHealth(): Promise<void> {
  health = createServer((_request, response) => response.end('{"version":"0"}'));
  await new Promise<void>((resolve) => health.listen(healthPort, '127.0.0.1', resolve));
  healthPort = (health.address() as AddressInfo).port;
}
const die = (): void => {
  health.closeAllConnections();
  health.close();
};

async function open(): Promise<void> {
  healthPort = 0;
  [primary, cloud] = await Promise.all([startUpstream('primary'), startUpstream('cloud')]);
  told = await startReceiver();
  await openHealth();
}
async function shut(): Promise<void> {
  await whole.close();
  die();
  await Promise.all([primary.close(), cloud.close(), told.close()]);
}

const nodes = () => [
  { host: '127.0.0.1', port: cloud.port, weight: 1, priority: -1 },
  { host: '127.0.0.1', port: primary.port, weight: 1, priority: 0 },
];

type Fallback = Partial<NonNullable<ConfigInput['fallbacks']>[string]>;

async function start(fallback: Fallback = {}, more: Partial<ConfigInput> = {}, now?: () => number): Promise<void> {
  whole = await startWhole({
    ...(now ? { now } : {}),
    tune: ({ fallbacks }) => {
      for (const one of Object.values(fallbacks)) {
        Object.assign(one, { wellForSeconds: 0.5 });
        Object.assign(one.probe ?? {}, { periodSeconds: 0.1 });
      }
    },
    objects: [
      ['upstreams/models', { type: 'roundrobin', retries: 1, nodes: nodes() }],
      ['routes/chat', { uri: '/v1/*', upstream_id: 'models' }],
    ],
    config: {
      scopes: { agent: { routes: [{ all: true }] } },
      enforcer: { periodSeconds: 1 },
      notify: { webhooks: [{ url: told.url }] },
      fallbacks: {
        fallback: {
          ...{ gateway: 'main', upstream: 'models', primary: [`127.0.0.1:${primary.port}`] },
          ...{ failures: 2, withinSeconds: 30, wellForSeconds: 5 },
          probe: { url: `http://127.0.0.1:${healthPort}/api/version`, periodSeconds: 1 },
          ...fallback,
        },
      },
      ...more,
    },
  });
}

const dealtTo = async (): Promise<unknown> =>
  ((await whole.admin('GET', 'upstreams/models')) as { value: { nodes: unknown } }).value.nodes;
const only = () => nodes().slice(1);
const answeredBy = async (): Promise<unknown> => {
  const answer = await fetch(`${whole.apisix.gatewayUrls[0]}/v1/models`);
  const body = await answer.text();
  return answer.ok ? (JSON.parse(body) as { from: unknown }).from : answer.status;
};
/** What was told of decisions. */
const decisions = () => told.received.flatMap(({ body }) => (body.kind === 'fallback' ? [body.fallback] : []));
const texts = (phone: string): string[] => whole.phone.inbox(phone).all.map(({ body }) => body);

describe('as people say, in one installation', () => {
  beforeAll(async () => {
    await open();
    await start();
  });
  // Every code counts once.
  beforeEach(() => whole.clock.advance(31));
  afterAll(shut);

  it('law 3: nobody permits without a fresh code of their own', async () => {
    const { phone, code } = whole.alice;
    const used = code();
    await whole.phone.text(phone, `STATUS ${used}`);
    for (const [from, body, expected] of [
      [phone, 'FALLBACK', /A code is needed/],
      [phone, 'FALLBACK 000000', /Wrong code/],
      [phone, `FALLBACK ${whole.alice.backupCodes[0]}`, /only stops/],
      [phone, `FALLBACK nothing ${used}`, /Not understood/],
    ] as const) {
      const { reply } = await whole.phone.text(from, body);
      expect(reply).toMatch(expected);
    }
    const stranger = await whole.phone.text('+15550109999', `FALLBACK ${used}`);
    expect(stranger.reply).toBeUndefined();
    expect((await whole.phone.text(phone, `FALLBACK ${used}`)).reply).toMatch(/^fallback: ON FALLBACK/);
    whole.clock.advance(1);
    expect((await whole.phone.text(phone, `FALLBACK ${used}`)).reply).toMatch(/used already/);
  });

  it('law 1 and 2: a STOP of any scope that holds it forbids at once, latched, over a restart', async () => {
    const { phone, code } = whole.alice;
    await whole.phone.text(phone, `FALLBACK ${code()}`);
    expect(await dealtTo()).toEqual(nodes());
    whole.clock.advance(31);
    expect((await whole.phone.text(phone, `STOP agent ${code()}`)).reply).toMatch(/^SEVERED agent/);
    expect(await dealtTo()).toEqual(only());

    whole.clock.advance(31);
    expect((await whole.phone.text(phone, `FALLBACK ${code()}`)).reply).toMatch(/^The fallback is forbidden/);
    await whole.admin('PATCH', 'upstreams/models', { nodes: nodes() });
    await eventually(async () => expect(await dealtTo()).toEqual(only()));
    await whole.restart();
    await eventually(async () => expect(await dealtTo()).toEqual(only()));

    whole.clock.advance(31);
    await whole.phone.text(phone, `RESTORE agent ${code()}`);
    await whole.phone.expectReply(phone, /^(RESTORED|LIVE) agent/);
    // The permit from before the stop is none any more.
    expect(await dealtTo()).toEqual(only());
    expect((await whole.phone.text(phone, 'STATUS')).reply).toContain('fallback: primary');
  });

  it('keeps the fallback out of the gateway until it is permitted, and puts it back exactly', async () => {
    await eventually(async () => expect(await dealtTo()).toEqual(only()));
    expect(await answeredBy()).toBe('primary');

    const { reply } = await whole.phone.text(whole.alice.phone, `FALLBACK ${whole.alice.code()}`);
    expect(reply).toBe('fallback: ON FALLBACK, seen at every gateway. For 120 min. PRIMARY + code goes back.');
    expect(await dealtTo()).toEqual(nodes());

    whole.clock.advance(31);
    const back = await whole.phone.text(whole.alice.phone, `PRIMARY ${whole.alice.code()}`);
    expect(back.reply).toBe('fallback: PRIMARY alone, seen at every gateway.');
    expect(await dealtTo()).toEqual(only());
    expect(cloud.requests).toEqual([]);

    // Of its own name: the agent goes on with the primary.
    whole.clock.advance(31);
    await whole.phone.text(whole.alice.phone, `FALLBACK ${whole.alice.code()}`);
    expect(await dealtTo()).toEqual(nodes());
    const stop = await whole.phone.text(whole.bob.phone, `STOP fallback ${whole.bob.code()}`);
    expect(stop.reply).toMatch(/^SEVERED fallback/);
    expect(await dealtTo()).toEqual(only());
    expect(await answeredBy()).toBe('primary');
    expect((await whole.phone.text(whole.bob.phone, 'STATUS')).reply).toMatch(/fallback: forbidden by fallback/);
  });
});

describe('by itself', () => {
  beforeEach(open);
  afterEach(shut);

  it('auto: goes over when the primary dies, tells, and comes back when it is well', async () => {
    await start({ decide: 'auto' });
    await eventually(async () => expect(await dealtTo()).toEqual(only()));
    await primary.close();
    die();
    await eventually(async () => expect(await answeredBy()).toBe('cloud'), 15_000);
    await eventually(() => expect(texts(whole.bob.phone).join()).toMatch(/gone over to the fallback for 2 h/));

    primary = await startUpstreamAt(primary.port);
    await openHealth();
    await eventually(async () => expect(await dealtTo()).toEqual(only()), 15_000);
    expect(await answeredBy()).toBe('primary');
    await eventually(() => expect(texts(whole.bob.phone).join()).toMatch(/back to the primary/));
    const both = [
      { state: 'fallback', before: 'primary', by: 'watcher', until: expect.any(String) },
      { name: 'fallback', state: 'primary', before: 'fallback', by: 'watcher' },
    ];
    await eventually(() => expect(decisions()).toMatchObject(both));
  }, 60_000);

  it('ask: asks everybody once, and waits for a person', async () => {
    await start({ decide: 'ask' });
    die();
    await eventually(() => expect(texts(whole.bob.phone).join()).toMatch(/Text FALLBACK and a code/), 15_000);
    expect(await dealtTo()).toEqual(only());
    expect((await whole.phone.text(whole.bob.phone, 'STATUS')).reply).toContain('primary is down');
    expect((await whole.phone.text(whole.bob.phone, `FALLBACK ${whole.bob.code()}`)).reply).toMatch(/ON FALLBACK/);
    expect(await dealtTo()).toEqual(nodes());
    expect(texts(whole.bob.phone).filter((text) => text.includes('Text FALLBACK'))).toHaveLength(1);
    await eventually(() => expect(texts(whole.alice.phone).join()).toMatch(/gone over to the fallback for 2 h by bob/));
    const both = [
      {
        name: 'fallback',
        state: 'asked',
        before: 'primary',
        by: 'watcher',
        why: expect.stringContaining('not answer'),
      },
      { name: 'fallback', state: 'fallback', before: 'asked', by: 'bob', until: expect.any(String) },
    ];
    await eventually(() => expect(decisions()).toMatchObject(both));
  }, 60_000);

  it('time up: refuses, where that is configured', async () => {
    await start({ decide: 'auto', forSeconds: 60, whenOver: 'refuse' });
    die();
    await eventually(async () => expect(await dealtTo()).toEqual(nodes()), 15_000);
    whole.clock.advance(61);
    await eventually(async () => expect(await answeredBy()).toBe(503), 15_000);
    await eventually(async () => expect(await dealtTo()).toEqual(only()));
  }, 60_000);

  it('money up: goes back by itself, over a restart too', async () => {
    const litellm = await startSandboxLiteLLM({ chunkMs: 1, tokens: 1, inputCost: 0, outputCost: 1 });
    const { key } = litellm.addKey('openclaw');
    const burn = async (): Promise<void> => {
      const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
      const body = JSON.stringify({ model: 'gpt-4o', messages: [] });
      await (await fetch(`${litellm.url}/v1/chat/completions`, { method: 'POST', headers, body })).text();
    };
    try {
      await burn();
      const tripwire = { litellm: [{ url: litellm.url }], everySeconds: 1, defaults: { anomaly: false } };
      await start({ maxUsd: 2.5, models: ['gpt-4o'] }, { tripwire }, Date.now);
      await eventually(() => expect(litellm.requests).toContain('GET /metrics/'));
      await whole.phone.text(whole.alice.phone, `FALLBACK ${whole.alice.code()}`);
      expect(await dealtTo()).toEqual(nodes());
      await burn();
      await burn();
      const looks = (): number => litellm.requests.filter((request) => request === 'GET /metrics/').length;
      const before = looks();
      await eventually(() => expect(looks()).toBeGreaterThan(before + 2), 10_000);
      expect(await dealtTo()).toEqual(nodes());
      await whole.restart();
      await burn();
      await eventually(async () => expect(await dealtTo()).toEqual(only()), 20_000);
      await eventually(() => expect(texts(whole.alice.phone).join()).toMatch(/its 2.5 USD are spent/));
    } finally {
      await litellm.close();
    }
  }, 60_000);
});

/** Waits until what is expected is so. */
async function eventually(expected: () => unknown, ms = 5_000): Promise<void> {
  let last: unknown;
  const holds = async (): Promise<boolean> => {
    try {
      await expected();
      return true;
    } catch (error) {
      last = error;
      return false;
    }
  };
  await until(holds, ms).catch(() => {
    throw last;
  });
}

/** A model that comes back at the address that it had. */
async function startUpstreamAt(port: number): Promise<Upstream> {
  return startUpstream('primary', port);
}
