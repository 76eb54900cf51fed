import { CLAMP_PATH, clampRule, setIds } from '../../src/cutters/apisix/clamp';
import { ENDERS } from '../../src/cutters/apisix/clamp-functions';
import { createAdminApi } from '../../src/cutters/apisix/client';
import type { Doc } from '../../src/cutters/apisix/document';
import { createHealthApi, type HealthApi } from '../../src/fallback/health';
import { judgeFallback } from '../../src/fallback/judge';
import { planFallback, planWrite } from '../../src/fallback/plan';
import type { Subject } from '../../src/fallback/subject';
import { forbidWrite, permitWrite, type Written } from '../../src/fallback/write';
import { bodyOf, send } from '../sandbox/recorded/exchange';
import { type Member, type Mood, startMember } from '../support/member';
import { openStream } from '../support/stream';
import { until } from '../support/until';
import { type Gateway, openGateway } from './gateway';

/**
 * What the fallbacks rely on: which failures of a primary send requests to the node behind it, when it is used again,
 * what the Control API tells of it, and that one write takes the fallback away and one brings it back. On a real gateway,
 * what needs the Control API is left out unless APISIX_CONTROL_URL names it.
 */
let gateway: Gateway;
let health: HealthApi;
let [primary, fallback] = [] as unknown as [Member, Member];
/** Ids that were taken: each test has an upstream of its own, so that no state is left from the one before. */
let taken = 0;

beforeAll(async () => {
  gateway = await openGateway({ nodes: 1, checkSecondMs: 100 });
  health = createHealthApi({ controlUrls: gateway.healthUrls, timeoutMs: 2_000 });
});
afterAll(async () => {
  health.close();
  await gateway.close();
});
beforeEach(async () => {
  [primary, fallback] = await Promise.all([startMember('primary'), startMember('fallback')]);
});
afterEach(async () => {
  // The checks of an upstream go on as long as it is there.
  await gateway.admin('DELETE', `/routes/${idOf(taken)}?force=true`);
  await gateway.admin('DELETE', `/upstreams/${idOf(taken)}?force=true`);
  await Promise.all([primary.close(), fallback.close()]);
});

const isReal = process.env.APISIX_ADMIN_URL !== undefined;
/** Fresh connections that have to agree: each worker of a real gateway picks by itself. */
const AGREEING = isReal ? 12 : 3;
/** Milliseconds that nodes may take to be judged otherwise, on a real gateway, whose shortest interval is a second. */
const PATIENCE_MS = 15_000;

const idOf = (n: number): string => `${gateway.mark}-over${n}`;
const subject = (holder: Subject['holder'] = 'upstreams'): Subject => ({ kind: 'upstream', holder, id: idOf(taken) });
const nodes = () => [
  { host: '127.0.0.1', port: primary.port, weight: 1, priority: 0 },
  { host: '127.0.0.1', port: fallback.port, weight: 1, priority: -1 },
];

const SECOND = { interval: 1 };
const RARELY = { interval: 3_600 };
const LIMITS = { http_failures: 3, tcp_failures: 2, timeouts: 2 };
const FAILURES = [500, 502, 503, 504];
const active = (healthy: object, unhealthy: object) => ({
  active: {
    http_path: '/probe',
    timeout: 1,
    healthy: { successes: 2, ...healthy },
    unhealthy: { ...LIMITS, http_statuses: [429, ...FAILURES], ...unhealthy },
  },
});
const passive = {
  passive: { healthy: { successes: 2 }, unhealthy: { ...LIMITS, http_statuses: FAILURES } },
};

/** Puts an upstream of its own behind a route of its own. */
async function upstream(conf: object): Promise<string> {
  taken += 1;
  const written = await gateway.admin('PUT', `/upstreams/${idOf(taken)}`, {
    type: 'roundrobin',
    nodes: nodes(),
    ...conf,
  });
  if (written.status >= 300) throw new Error(JSON.stringify(written.body));
  await gateway.route(`over${taken}`, { uri: `/${idOf(taken)}/*`, upstream_id: idOf(taken) });
  await gateway.settle();
  return `/${idOf(taken)}`;
}

/** Who answered, or with which status nobody did. */
const asked = async (path: string, method = 'GET'): Promise<string> => {
  const { status, text } = await gateway.get(`${path}/x`, {}, method);
  return status === 200 ? text : String(status);
};
const times = async (n: number, path: string, method?: string): Promise<readonly string[]> => {
  const all: string[] = [];
  for (let i = 0; i < n; i += 1) all.push(await asked(path, method));
  return all;
};
/** All workers answer so. */
const agreed = (path: string, who: string): Promise<boolean> =>
  until(async () => (await times(AGREEING, path)).every((one) => one === who), PATIENCE_MS);

const object = async (): Promise<Doc> => (await gateway.admin('GET', `/upstreams/${idOf(taken)}`)).body.value as Doc;
/** `health status counters` of the primary, as the Control API tells them. */
async function seen(of = subject(), holder?: Doc): Promise<string> {
  const [node] = (await health.look(of, holder ?? (await object()))).gateways[0]?.nodes ?? [];
  const { success, httpFailure, tcpFailure, timeoutFailure } = node?.counters ?? {};
  return `${node?.health} ${node?.status} s${success} h${httpFailure} t${tcpFailure} o${timeoutFailure}`;
}
/** Every worker has a checker of the upstream: they begin with the first requests. */
async function begun(path: string): Promise<void> {
  await until(async () => {
    await times(AGREEING, path);
    return (await seen()).startsWith('healthy');
  }, PATIENCE_MS);
  // Each worker makes its checker within a second of its own first request, and tells nobody.
  if (isReal) await new Promise((resolve) => setTimeout(resolve, 1_200));
  await times(AGREEING, path);
}
const apply = async (written: Written): Promise<void> => {
  if (written.kind !== 'write') throw new Error(written.kind);
  expect((await gateway.admin('PATCH', `/${written.write.path}`, written.write.patch)).status).toBe(200);
  await gateway.settle();
};

const told = isReal && !(process.env.APISIX_CONTROL_URL ?? process.env.APISIX_GUARD_URL) ? test.skip : test;

const SHORT = { connect: 0.3, send: 0.3, read: 0.3 };

describe('without checks', () => {
  test.each<[mood: Mood | 'down', method: string, conf: object, who: string, statuses: string | undefined]>([
    ['well', 'GET', {}, 'primary', undefined],
    [500, 'GET', {}, '500', '500'],
    [500, 'POST', { retries: 5 }, '500', '500'],
    ['down', 'GET', {}, 'fallback', undefined],
    ['down', 'POST', {}, 'fallback', undefined],
    ['down', 'POST', { retries: 0 }, '502', '502'],
    ['breaks', 'GET', {}, 'fallback', undefined],
    ['breaks', 'POST', {}, '502', '502'],
    ['breaks', 'GET', { retries: 0 }, '502', '502'],
    ['hangs', 'GET', { timeout: SHORT }, 'fallback', undefined],
    ['hangs', 'POST', { timeout: SHORT }, '504', '504'],
    ['hangs', 'GET', { timeout: SHORT, retry_timeout: 0.1 }, '502', '504 :'],
  ])('a primary that is %s: %s, %j is answered by %s', async (mood, method, conf, who, statuses) => {
    const path = await upstream(conf);
    if (mood === 'down') await primary.down();
    else primary.mood = mood;
    const { status, text, headers } = await gateway.get(`${path}/x`, {}, method);
    expect(status === 200 ? text : String(status)).toBe(who);
    expect(headers['x-apisix-upstream-status']).toBe(statuses);
    expect(fallback.requests.length).toBe(who === 'fallback' ? 1 : 0);
    expect([...primary.probes, ...fallback.probes]).toEqual([]);
  });

  test('both down: every try is told, and one that found nobody', async () => {
    const path = await upstream({ retries: 5 });
    await Promise.all([primary.down(), fallback.down()]);
    const { status, headers } = await gateway.get(`${path}/x`);
    expect([status, headers['x-apisix-upstream-status']]).toEqual([502, '502, 502 :']);
  });

  test.each<[what: string, weights: readonly [number, number], priorities: readonly [number, number], who: string]>([
    ['a fallback of weight 0 takes over all the same', [1, 0], [0, -1], 'fallback'],
    ['beside a node of the same priority it does not', [1, 0], [0, 0], '502'],
  ])('%s', async (_what, weights, priorities, who) => {
    const conf = nodes().map((node, i) => ({ ...node, weight: weights[i], priority: priorities[i] }));
    const path = await upstream({ nodes: conf });
    expect(await times(4, path)).toEqual(Array(4).fill('primary'));
    await primary.down();
    expect(await times(4, path)).toEqual(Array(4).fill(who));
  });
});

test('passive checks alone are refused, and so is an interval of 0', async () => {
  const put = async (checks: object) =>
    (await gateway.admin('PUT', `/upstreams/${gateway.mark}-bad`, { type: 'roundrobin', nodes: nodes(), checks })).body;
  expect(await put(passive)).toEqual({
    error_msg:
      'invalid configuration: property "checks" validation failed: object matches none of the required: ["active"] or ["active","passive"]',
  });
  expect(await put({ active: { healthy: { interval: 0 } } })).toEqual({
    error_msg:
      'invalid configuration: property "checks" validation failed: property "active" validation failed: property "healthy" validation failed: property "interval" validation failed: expected 0 to be at least 1',
  });
});

describe('with checks', () => {
  told('they begin with the first request; the Control API tells it, whoever asks for what', async () => {
    const path = await upstream({ checks: { ...active(SECOND, SECOND), ...passive } });
    const control = async (rest: string) => {
      const { status, text } = await send(gateway.healthUrls[0] ?? '', 'GET', `/v1/healthcheck${rest}`);
      return [status, bodyOf(text)];
    };
    const id = idOf(taken);
    const none = { name: `/apisix/upstreams/${id}`, type: 'http', nodes: {} };
    expect(await control(`/upstreams/${id}`)).toEqual([200, none]);
    expect((await health.look(subject(), await object())).gateways[0]?.blind?.why).toBe('not-begun');
    expect(primary.probes).toEqual([]);

    await begun(path);
    await until(() => primary.probes.length > 0 && fallback.probes.length > 0, PATIENCE_MS);
    const counter = { success: 0, http_failure: 0, tcp_failure: 0, timeout_failure: 0 };
    const node = ({ port }: Member) => ({ ip: '127.0.0.1', hostname: '127.0.0.1', port, status: 'healthy', counter });
    const all = { ...none, nodes: [node(primary), node(fallback)] };
    expect(await control(`/upstreams/${id}`)).toEqual([200, all]);
    expect((await control(''))[1]).toContainEqual(all);
    expect(await control(`/routes/${id}`)).toEqual([404, { error_msg: `no checker for routes[${id}]` }]);
    expect(await control('/upstreams/nope')).toEqual([404, { error_msg: 'upstreams[nope] not found' }]);
    expect(await control('/nothing/x')).toEqual([400, { error_msg: 'invalid src type nothing' }]);
    expect(await control('/upstreams')).toEqual([404, { error_msg: 'missing src id for src type upstreams' }]);
  });

  told('failures of requests count in a row: a success in between sets them back', async () => {
    const path = await upstream({ checks: { ...active(RARELY, RARELY), ...passive } });
    await begun(path);
    for (let round = 0; round < 3; round += 1) {
      primary.mood = 500;
      expect(await times(2, path)).toEqual(['500', '500']);
      await until(async () => (await seen()) === 'healthy mostly_healthy s0 h2 t0 o0');
      primary.mood = 'well';
      expect(await asked(path)).toBe('primary');
      await until(async () => (await seen()) === 'healthy mostly_healthy s1 h0 t0 o0');
    }
    primary.mood = 500;
    expect(await times(3, path)).toEqual(['500', '500', '500']);
    await until(async () => (await seen()) === 'unhealthy unhealthy s0 h3 t0 o0');
    await agreed(path, 'fallback');
    // The state is the nodes': no request reaches the primary any more, until a probe says it is well.
    const before = primary.requests.length;
    await times(2 * AGREEING, path, 'POST');
    expect(primary.requests.length).toBe(before);
  });

  told('refused connections count, and no request is lost', async () => {
    const path = await upstream({ checks: { ...active(RARELY, RARELY), ...passive } });
    await begun(path);
    await primary.down();
    expect(await times(3, path, 'POST')).toEqual(['fallback', 'fallback', 'fallback']);
    await until(async () => (await seen()) === 'unhealthy unhealthy s0 h0 t2 o0');
  });

  told('a POST that breaks off or takes too long goes to the client, and counts by its status', async () => {
    const path = await upstream({ timeout: SHORT, checks: { ...active(RARELY, RARELY), ...passive } });
    await begun(path);
    primary.mood = 'breaks';
    expect(await times(2, path, 'POST')).toEqual(['502', '502']);
    primary.mood = 'hangs';
    expect(await asked(path, 'POST')).toBe('504');
    await until(async () => (await seen()) === 'unhealthy unhealthy s0 h3 t0 o0');
    await agreed(path, 'fallback');
  });

  told('active checks go over by themselves and come back by themselves', async () => {
    const path = await upstream({ checks: active(SECOND, SECOND) });
    await begun(path);
    primary.mood = 500;
    expect(await asked(path)).toBe('500');
    await agreed(path, 'fallback');
    expect(await seen()).toMatch(/^unhealthy unhealthy s0 h3/);
    primary.mood = 'well';
    await agreed(path, 'primary');
    expect(await seen()).toMatch(/^healthy /);
  });

  told(
    'probes alone count, without passive checks; a probe that is answered sets failures of requests back',
    async () => {
      const alone = await upstream({ checks: active(RARELY, RARELY) });
      await begun(alone);
      [primary.mood, primary.probeMood] = [500, 'well'];
      expect(await times(8, alone)).toEqual(Array(8).fill('500'));
      expect(await seen()).toBe('healthy healthy s0 h0 t0 o0');

      primary.mood = 'well';
      const both = await upstream({ checks: { ...active(SECOND, RARELY), ...passive } });
      await begun(both);
      for (let round = 0; round < 2; round += 1) {
        primary.mood = 500;
        expect(await times(2, both)).toEqual(['500', '500']);
        await until(async () => / h0 /.test(await seen()), PATIENCE_MS);
      }
      await gateway.admin('DELETE', `/routes/${idOf(taken - 1)}`);
      await gateway.admin('DELETE', `/upstreams/${idOf(taken - 1)}`);
    },
  );

  told('without `healthy` nothing is noticed, without `unhealthy` nothing comes back', async () => {
    const { active: whole } = active(SECOND, SECOND);
    const path = await upstream({ checks: { active: { ...whole, unhealthy: undefined }, ...passive } });
    await begun(path);
    primary.mood = 500;
    await times(3, path);
    await agreed(path, 'fallback');
    primary.mood = 'well';
    const probed = fallback.probes.length;
    await until(() => fallback.probes.length > probed + 3, PATIENCE_MS);
    expect(await seen()).toBe('unhealthy unhealthy s0 h3 t0 o0');

    const { status } = await gateway.admin('PATCH', `/upstreams/${idOf(taken)}`, {
      checks: { active: { healthy: null, unhealthy: { interval: 1, ...LIMITS } } },
    });
    expect(status).toBe(200);
    // The primary is down and probed: it comes back, and is not probed any more.
    await until(async () => (await seen()).startsWith('healthy'), PATIENCE_MS);
    await agreed(path, 'primary');
  });

  told('all of them unhealthy: the primary is used as if there were no checks', async () => {
    const path = await upstream({ checks: { ...active(RARELY, RARELY), ...passive } });
    await begun(path);
    primary.mood = 500;
    fallback.mood = 500;
    await times(3, path);
    await until(async () => {
      await times(3, path);
      return (await health.look(subject(), await object())).nodes.every((node) => node.health === 'unhealthy');
    }, PATIENCE_MS);
    const before = fallback.requests.length;
    await times(AGREEING, path);
    expect(fallback.requests.length).toBe(before);
    primary.mood = 'well';
    await agreed(path, 'primary');
  });

  told('an upstream in a route, in a service: told there', async () => {
    taken += 1;
    const id = idOf(taken);
    const conf = { type: 'roundrobin', nodes: nodes(), checks: { ...active(RARELY, RARELY), ...passive } };
    for (const holder of ['routes', 'services'] as const) {
      if (holder === 'routes') await gateway.admin('PUT', `/routes/${id}`, { uri: `/${id}/*`, upstream: conf });
      else {
        await gateway.admin('PUT', `/services/${id}`, { upstream: conf });
        await gateway.admin('PUT', `/routes/${id}`, { uri: `/${id}/*`, service_id: id });
      }
      await gateway.settle();
      await until(async () => {
        await asked(`/${id}`);
        return (await seen(subject(holder), { upstream: conf })).startsWith('healthy');
      }, PATIENCE_MS);
    }
    expect(await seen(subject('routes'), { upstream: conf })).toMatch(/^unknown undefined/);
  });
});

describe('forbidden and permitted', () => {
  told('one write each: exact on the way back, and what the checks know stays', async () => {
    const path = await upstream({ checks: { ...active(RARELY, RARELY), ...passive } });
    const before = await object();
    await begun(path);
    primary.mood = 500;
    await times(3, path);
    await agreed(path, 'fallback');

    await apply(forbidWrite(subject(), before));
    await agreed(path, '500');
    const reached = fallback.requests.length;
    await times(2 * AGREEING, path, 'POST');
    expect(fallback.requests.length).toBe(reached);

    const watched = async (): Promise<string> => {
      const url = `/v1/healthcheck/upstreams/${idOf(taken)}`;
      const { nodes: all } = bodyOf((await send(gateway.healthUrls[0] ?? '', 'GET', url)).text) as {
        readonly nodes: readonly { readonly port: number; readonly status: string }[];
      };
      return all.map(({ port, status }) => `${port} ${status}`).join(', ');
    };
    await until(async () => (await watched()) === `${primary.port} unhealthy`, PATIENCE_MS);

    const now = await object();
    expect(judgeFallback(subject(), now).goesOver).toBe('never');
    await apply(permitWrite(subject(), now, before));
    expect(await object()).toEqual(before);
    await agreed(path, 'fallback');
    await until(async () => (await watched()) === `${primary.port} unhealthy, ${fallback.port} healthy`, PATIENCE_MS);
  });

  test('nodes that are an object, too', async () => {
    const conf = { [`127.0.0.1:${primary.port}`]: 1, [`127.0.0.1:${fallback.port}`]: 1 };
    const path = await upstream({ nodes: conf });
    const before = await object();
    const roles = { fallbacks: [`127.0.0.1:${fallback.port}`] };
    expect(new Set(await times(4 * AGREEING, path)).size).toBe(2);
    await apply(forbidWrite(subject(), before, roles));
    expect(new Set(await times(4 * AGREEING, path))).toEqual(new Set(['primary']));
    await apply(permitWrite(subject(), await object(), before, roles));
    expect(await object()).toEqual(before);
    expect(new Set(await times(4 * AGREEING, path)).size).toBe(2);
  });

  test('a stream that is open on the fallback goes on until somebody ends it', async () => {
    const path = await upstream({});
    await primary.down();
    const stream = await openStream(`${gateway.gatewayUrls[0]}${path}/stream`);
    await until(() => stream.text().includes('fallback'));
    await apply(forbidWrite(subject(), await object()));
    expect(await asked(path)).toBe('502');
    const length = stream.text().length;
    await until(() => stream.text().length > length + 100);
    expect([fallback.open(), stream.ending()]).toEqual([1, undefined]);
    stream.leave();
    await until(() => fallback.open() === 0);
  });
});

test('the clamp for a moment ends what is open on a forbidden fallback, and the route lives on', async () => {
  const path = await upstream({});
  const { status, body } = await gateway.admin('GET', `/${CLAMP_PATH}`);
  const found = status === 200 ? { plugins: (body.value as { readonly plugins: object }).plugins } : undefined;
  const api = createAdminApi({ url: gateway.adminUrl, key: gateway.adminKey, timeoutMs: 2_000 });
  await gateway.admin('PUT', `/${CLAMP_PATH}`, clampRule([], ENDERS));
  await gateway.settle();
  await primary.down();
  const stream = await openStream(`${gateway.gatewayUrls[0]}${path}/stream`);
  await until(() => fallback.open() === 1);
  await apply(forbidWrite(subject(), await object()));
  await primary.up();
  await setIds(api, [idOf(taken)], ENDERS);
  await until(() => stream.ending() !== undefined && fallback.open() === 0);
  await setIds(api, [], ENDERS);
  await agreed(path, 'primary');
  expect(fallback.requests.length).toBe(1);
  api.close();
  if (found) await gateway.admin('PUT', `/${CLAMP_PATH}`, found);
  else await gateway.admin('DELETE', `/${CLAMP_PATH}`);
});

told('what is planned for an upstream that never failed over does: 500s, broken connections, and back', async () => {
  const conf = { [`127.0.0.1:${primary.port}`]: 1, [`127.0.0.1:${fallback.port}`]: 1 };
  const path = await upstream({ nodes: conf, retries: 0 });
  const roles = { fallbacks: [`127.0.0.1:${fallback.port}`] };
  const before = await object();
  expect(judgeFallback(subject(), before, roles).goesOver).toBe('never');
  const plan = planFallback(subject(), before, roles, { probePath: '/probe' });
  await apply(planWrite(subject(), before, plan ?? {}));
  expect(judgeFallback(subject(), await object())).toMatchObject({ goesOver: 'yes', comesBack: true });

  await begun(path);
  for (const mood of [500, 'breaks'] as const) {
    primary.mood = mood;
    await until(async () => (await asked(path, 'POST')) === 'fallback', PATIENCE_MS);
    primary.mood = 'well';
    await agreed(path, 'primary');
  }
});

describe('ai-proxy-multi', () => {
  const BOTH = { fallback_strategy: ['http_5xx', 'http_429'] };
  const route = (): Subject => ({ kind: 'ai-proxy-multi', holder: 'routes', id: idOf(taken) });
  const held = async (): Promise<Doc> => (await gateway.admin('GET', `/routes/${idOf(taken)}`)).body.value as Doc;
  const instance = ({ port }: Member, name: string, priority: number, more: object = {}) => ({
    ...{ name, priority, weight: 1, provider: 'openai-compatible', options: { model: 'm' } },
    auth: { header: { authorization: `Bearer ${name}` } },
    override: { endpoint: `http://127.0.0.1:${port}/v1/completions` },
    ...more,
  });

  async function models(
    conf: object,
    more: object = {},
    priorities: readonly [number, number] = [1, 0],
  ): Promise<string> {
    taken += 1;
    const instances = [
      instance(primary, 'primary', priorities[0], more),
      instance(fallback, 'fallback', priorities[1], more),
    ];
    await gateway.route(`over${taken}`, {
      uri: `/${idOf(taken)}`,
      plugins: { 'ai-proxy-multi': { instances, timeout: 300, ...conf } },
    });
    await gateway.settle();
    return `/${idOf(taken)}`;
  }
  const QUESTION = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'x' }] });
  const ask = (path: string) => gateway.get(path, { 'content-type': 'application/json' }, 'POST', QUESTION);
  const answered = async (path: string): Promise<string> => {
    const { status, text, headers } = await ask(path);
    if (status === 200) return /"content":"(\w+)"/.exec(text)?.[1] ?? text;
    return [status, headers['x-apisix-upstream-status']].join(' ').trim();
  };
  const allAnswer = (path: string, who: string): Promise<boolean> =>
    until(async () => {
      for (let i = 0; i < AGREEING; i += 1) if ((await answered(path)) !== who) return false;
      return true;
    }, PATIENCE_MS);

  test.each<[mood: Mood | 'down', conf: object, who: string]>([
    ['well', BOTH, 'primary'],
    [500, {}, '500 500'],
    [500, BOTH, 'fallback'],
    [500, { fallback_strategy: 'http_429' }, '500 500'],
    [500, { fallback_strategy: [] }, '500 500'],
    [500, { ...BOTH, max_retries: 0 }, '500 500'],
    [429, BOTH, 'fallback'],
    [429, { fallback_strategy: ['http_5xx'] }, '429'],
    ['breaks', BOTH, 'fallback'],
    ['breaks', {}, '500 500'],
    ['down', BOTH, 'fallback'],
    ['down', {}, '500 500'],
    ['hangs', BOTH, 'fallback'],
    ['hangs', { ...BOTH, retry_on_failure_within_ms: 100 }, '504 504'],
  ])('a primary that is %s, %j: %s', async (mood, conf, who) => {
    const path = await models(conf);
    if (mood === 'down') await primary.down();
    else primary.mood = mood;
    expect(await answered(path)).toBe(who);
    expect(fallback.requests.length).toBe(who === 'fallback' ? 1 : 0);
  });

  test('both fail: the last answer, under a 502; what is no question is refused', async () => {
    const path = await models(BOTH);
    [primary.mood, fallback.mood] = [500, 500];
    const { status, text, headers } = await ask(path);
    expect([status, text, headers['x-apisix-upstream-status']]).toEqual([502, 'failed: fallback', '500, 500']);
    await fallback.down();
    expect(await answered(path)).toBe('502 500, 500');
    const empty = await gateway.get(path);
    expect([empty.status, JSON.parse(empty.text)]).toEqual([
      400,
      { message: 'could not get body: request body is empty' },
    ]);
    const other = await gateway.get(path, { 'content-type': 'text/plain' }, 'POST', 'x');
    expect([other.status, other.text]).toEqual([
      400,
      'unsupported content-type: text/plain, only application/json is supported',
    ]);
  });

  test('forbidden by its strategy, and permitted exactly', async () => {
    const path = await models(BOTH);
    const before = await held();
    primary.mood = 500;
    await allAnswer(path, 'fallback');
    await apply(forbidWrite(route(), before));
    await allAnswer(path, '500 500');
    await apply(permitWrite(route(), await held(), before));
    expect(await held()).toEqual(before);
    await allAnswer(path, 'fallback');
  });

  test('checks of instances go over without a strategy: forbidden by taking the instance out', async () => {
    const path = await models({}, { checks: active(SECOND, SECOND) });
    const before = await held();
    await allAnswer(path, 'primary');
    primary.mood = 500;
    expect(await answered(path)).toBe('500 500');
    await allAnswer(path, 'fallback');
    if (gateway.healthUrls[0]) {
      const { status, text } = await send(gateway.healthUrls[0], 'GET', `/v1/healthcheck/routes/${idOf(taken)}`);
      expect([status, bodyOf(text)]).toEqual([404, { error_msg: `no checker for routes[${idOf(taken)}]` }]);
    }
    await apply(forbidWrite(route(), before));
    await allAnswer(path, '500 500');
    await apply(permitWrite(route(), await held(), before));
    expect(await held()).toEqual(before);
    await allAnswer(path, 'fallback');
    primary.mood = 'well';
    await allAnswer(path, 'primary');
  });

  test('a stream that is open on the fallback goes on when that is forbidden', async () => {
    const streams = (member: Member) => ({ endpoint: `http://127.0.0.1:${member.port}/v1/stream` });
    const path = await models(BOTH);
    const instances = [
      instance(primary, 'primary', 1, { override: streams(primary) }),
      instance(fallback, 'fallback', 0, { override: streams(fallback) }),
    ];
    await apply({
      kind: 'write',
      write: { path: `routes/${idOf(taken)}`, patch: { plugins: { 'ai-proxy-multi': { instances } } } },
    });
    primary.mood = 500;
    const body = JSON.stringify({ ...JSON.parse(QUESTION), stream: true });
    const stream = await openStream(`${gateway.gatewayUrls[0]}${path}`, { 'content-type': 'application/json' }, body);
    await until(() => stream.text().includes('fallback'));
    await apply(forbidWrite(route(), await held()));
    await allAnswer(path, '500 500');
    const length = stream.text().length;
    await until(() => stream.text().length > length + 500);
    expect([fallback.open(), stream.ending()]).toEqual([1, undefined]);
    stream.leave();
    await until(() => fallback.open() === 0);
  });
});
