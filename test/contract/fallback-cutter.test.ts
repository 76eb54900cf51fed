import { configSchema, type GatewayConfig } from '../../src/config/schema';
import { createAdminApi } from '../../src/cutters/apisix/client';
import type { Doc } from '../../src/cutters/apisix/document';
import { pathOf } from '../../src/fallback/configured';
import { createControlApi } from '../../src/fallback/control';
import { createFallbackCutter, type FallbackCutter } from '../../src/fallback/cutter';
import { goalOf, notOvertaken } from '../support/goal';
import { type Member, startMember } from '../support/member';
import { ToyMemory } from '../support/memory';
import { until } from '../support/until';
import { type Gateway, openGateway } from './gateway';

/**
 * The cutter of one fallback: kept out, permitted, forbidden, exact, seen by the Control API. On a real gateway it needs
 * APISIX_CONTROL_URL. With FIGURES=1 it does so many times and prints how long the gateway took over each write.
 */
const isReal = process.env.APISIX_ADMIN_URL !== undefined;
const told = isReal && !(process.env.APISIX_CONTROL_URL ?? process.env.APISIX_GUARD_URL) ? test.skip : test;
/** Fresh connections that have to agree: each worker of a real gateway picks by itself. */
const AGREEING = isReal ? 12 : 3;
const ROUNDS = process.env.FIGURES ? 15 : 2;
const ASKERS = 4;

let gateway: Gateway;
let [primary, fallback] = [] as unknown as [Member, Member];
let cutter: FallbackCutter | undefined;
let permitted = false;
let order = 0;
/** When the cutter last sent a write. */
let wroteAt = Number.NaN;

beforeAll(async () => {
  gateway = await openGateway({ nodes: 1 });
});
afterAll(() => gateway.close());
beforeEach(async () => {
  permitted = false;
  [primary, fallback] = await Promise.all([startMember('primary'), startMember('fallback')]);
});
afterEach(async () => {
  await cutter?.close();
  await Promise.all([primary.close(), fallback.close()]);
});

const node = ({ port }: Member, priority: number) => ({ host: '127.0.0.1', port, weight: 1, priority });
const instance = ({ port }: Member, name: string, priority: number) => ({
  ...{ name, priority, weight: 1, provider: 'openai-compatible', options: { model: 'm' } },
  auth: { header: { authorization: `Bearer ${name}` } },
  override: { endpoint: `http://127.0.0.1:${port}/v1/completions` },
});
const QUESTION = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'x' }] });

interface Shape {
  readonly kind: 'upstream' | 'route';
  /** What the object has that leads to both. */
  readonly conf: () => object;
  readonly primary: () => string;
  /** What is answered when the primary is down and stands alone. */
  readonly refused: number;
}

const shapes: Readonly<Record<string, Shape>> = {
  'nodes as a list': {
    kind: 'upstream',
    conf: () => ({ nodes: [node(primary, 0), node(fallback, -1)] }),
    primary: () => `127.0.0.1:${primary.port}`,
    refused: 502,
  },
  'nodes as an object': {
    kind: 'upstream',
    conf: () => ({ nodes: { [`127.0.0.1:${primary.port}`]: 1, [`127.0.0.1:${fallback.port}`]: 1 } }),
    primary: () => `127.0.0.1:${primary.port}`,
    refused: 502,
  },
  'ai-proxy-multi': {
    kind: 'route',
    conf: () => ({
      instances: [instance(primary, 'primary', 1), instance(fallback, 'fallback', 0)],
      ...{ fallback_strategy: ['http_5xx', 'http_429'], timeout: 1_000 },
    }),
    primary: () => 'primary',
    refused: 500,
  },
};

/** Writes the object and its route, and puts a cutter before it. @returns the path of the Admin API. */
async function govern({ kind, conf, primary: own }: Shape, id: string): Promise<string> {
  const uri = `/${id}/*`;
  if (kind === 'upstream') {
    await gateway.admin('PUT', `/upstreams/${id}`, { type: 'roundrobin', ...conf() });
    await gateway.route(id.slice(gateway.mark.length + 1), { uri, upstream_id: id });
  } else await gateway.route(id.slice(gateway.mark.length + 1), { uri, plugins: { 'ai-proxy-multi': conf() } });
  await gateway.settle();
  const { adminUrl, adminKey, gatewayUrls, healthUrls } = gateway;
  const { gateways, fallbacks } = configSchema.parse({
    ...{ publicUrl: 'https://pullcord.example.org', key: 'k', scopes: { agent: { routes: [{ all: true }] } } },
    gateways: { main: { adminUrl, adminKey, gatewayUrls, controlUrl: healthUrls[0] } },
    fallbacks: { cloud: { gateway: 'main', [kind]: id, primary: [own()] } },
  });
  const config = fallbacks.cloud as NonNullable<typeof fallbacks.cloud>;
  const api = createAdminApi({ url: adminUrl, key: adminKey, timeoutMs: 5_000 });
  cutter = createFallbackCutter({
    ...{ name: 'cloud', config, holders: new Set(['cloud', 'agent']), scopes: ['cloud', 'agent', 'other'] },
    ...{ permitted: () => permitted, memory: new ToyMemory() },
    control: createControlApi(gateways.main as GatewayConfig),
    api: {
      ...api,
      patch: (...call) => {
        wroteAt = performance.now();
        return api.patch(...call);
      },
    },
  });
  return pathOf(config);
}

const enforce = (...severed: readonly string[]) => {
  order += 1;
  return (cutter as FallbackCutter).enforce(goalOf(severed, order), notOvertaken());
};

told.each(Object.entries(shapes))(
  '%s: kept out, permitted, forbidden, exact, and seen',
  async (name, shape) => {
    const id = `${gateway.mark}-cutter${Object.keys(shapes).indexOf(name)}`;
    const path = await govern(shape, id);
    const object = async (): Promise<Doc> => (await gateway.admin('GET', `/${path}`)).body.value as Doc;
    const ask = async (): Promise<number> =>
      (await gateway.get(`/${id}/x`, { 'content-type': 'application/json' }, 'POST', QUESTION)).status;
    const statuses = async (): Promise<ReadonlySet<number>> =>
      new Set(await Promise.all(Array.from({ length: AGREEING }, ask)));
    const seen = () => cutter?.view().seen;
    const before = await object();

    const { writes, changed } = await enforce();
    expect(writes).toHaveLength(1);
    expect(changed).toMatchObject([{ gateway: 'main', objects: [path], changes: [{ before: '(hidden)' }] }]);
    const stays = (...severed: readonly string[]) => cutter?.preview('agent', new Set(severed)).stays;
    expect(stays('agent', 'cloud')).toMatchObject([
      { id: 'fallback cloud', why: 'cloud is severed, too, and holds it' },
    ]);
    expect(stays('agent')).toMatchObject([{ why: 'it stays at its primary until it is decided about anew' }]);
    expect(cutter?.preview('other', new Set(['other'])).stays).toEqual([]);
    expect([seen(), cutter?.view().missing]).toEqual(['primary', []]);
    expect(await statuses()).toEqual(new Set([200]));
    await primary.down();
    await until(async () => (await statuses()).size === 1 && (await ask()) === shape.refused);
    expect(fallback.requests).toEqual([]);

    let isAsking = true;
    let answers = 0;
    const askers = Array.from({ length: ASKERS }, async () => {
      while (isAsking) {
        await ask();
        answers += 1;
      }
    });
    const more = async (): Promise<unknown> => {
      const goal = answers + ASKERS * AGREEING;
      return until(() => answers >= goal);
    };
    const figures: { readonly first: number; readonly last: number }[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      permitted = true;
      const reached = fallback.arrivals.length;
      await enforce();
      expect([seen(), cutter?.view().missing]).toEqual(['fallback', []]);
      expect(await object()).toEqual(before);
      const first = (await until(() => fallback.arrivals[reached])) - wroteAt;

      // Permitted or not: a latch forbids it (laws 1 and 2).
      const { sights, missing } = await enforce('agent');
      expect([seen(), missing, sights.get('agent'), sights.get('other')]).toEqual(['primary', [], 'refused', 'none']);
      await more();
      const then = fallback.arrivals.length;
      await more();
      expect(fallback.arrivals.length).toBe(then);
      figures.push({ first, last: Math.max(0, (fallback.arrivals.at(-1) ?? Number.NaN) - wroteAt) });
    }
    isAsking = false;
    await Promise.all(askers);
    for (const { first, last } of figures) expect(Math.max(first, last)).toBeLessThan(1_000);
    if (process.env.FIGURES)
      process.stderr.write(
        `${name}: ${inWords(
          'PERMIT to the first',
          figures.map(({ first }) => first),
        )}, ${inWords(
          'FORBID to the last',
          figures.map(({ last }) => last),
        )}\n`,
      );

    // Somebody puts it back by hand.
    await gateway.admin(
      'PATCH',
      `/${path}`,
      shape.kind === 'upstream' ? shape.conf() : { plugins: { 'ai-proxy-multi': shape.conf() } },
    );
    expect((await enforce('agent')).drift).toHaveLength(1);
    expect(seen()).toBe('primary');
    await primary.up();
    await until(async () => (await statuses()).size === 1 && (await ask()) === 200);
  },
  60_000,
);

/** Median and longest of some times, in milliseconds. */
function inWords(what: string, times: readonly number[]): string {
  const sorted = [...times].sort((a, b) => a - b);
  return `${what} ${sorted[Math.floor(sorted.length / 2)]?.toFixed(1)} ms (at most ${sorted.at(-1)?.toFixed(1)})`;
}
