import { pino } from 'pino';
import { configSchema, type GatewayConfig } from '../../src/config/schema';
import { createAdminApi } from '../../src/cutters/apisix/client';
import { type ApisixCutter, createApisixCutter } from '../../src/cutters/apisix/cutter';
import { readRoutes } from '../../src/cutters/apisix/look';
import { planProbes } from '../../src/cutters/apisix/probe-plan';
import type { Report } from '../../src/cutters/cutter';
import { snapshotsInMemory } from '../cutters/apisix/rig';
import { goalOf, notOvertaken } from '../support/goal';
import { openStream } from '../support/stream';
import { until } from '../support/until';
import { type Gateway, openGateway } from './gateway';

/**
 * The cutter against a gateway, the sandbox or a real one. On a real one it takes the rule `pullcord-clamp` for the time
 * of the run and puts it back; nothing may be severed there meanwhile.
 */
const CLAMP = '/global_rules/pullcord-clamp';
const OLD = 1_700_000_000;

let gateway: Gateway;
let found: { readonly plugins: object } | undefined;
const cutters: ApisixCutter[] = [];
let order = 0;

beforeAll(async () => {
  gateway = await openGateway();
  const { status, body } = await gateway.admin('GET', CLAMP);
  found = status === 200 ? (body.value as { readonly plugins: object }) : undefined;
}, 60_000);
afterAll(async () => {
  await Promise.all(cutters.map((cutter) => cutter.close()));
  if (found) await gateway.admin('PUT', CLAMP, { plugins: found.plugins });
  else await gateway.admin('DELETE', CLAMP);
  await gateway.close();
}, 60_000);

/** A cutter for the routes under a prefix: their ids begin with the mark of this run. */
function cutterOf(label: string, config: Partial<GatewayConfig> = {}) {
  const { adminUrl, adminKey, gatewayUrls } = gateway;
  const parsed = configSchema.parse({
    publicUrl: 'https://pullcord.example.org',
    key: 'k',
    gateways: { main: { adminUrl, adminKey, gatewayUrls, ...config } },
    scopes: { agent: { routes: [{ label: `pullcord-contract=${gateway.mark}-${label}` }] } },
  });
  const snapshots = snapshotsInMemory();
  const cutter = createApisixCutter({
    name: 'main',
    config: parsed.gateways.main as GatewayConfig,
    scopes: parsed.scopes,
    snapshots,
    logger: pino({ level: 'silent' }),
    now: Date.now,
  });
  cutters.push(cutter);
  return {
    cutter,
    snapshots,
    /** Until it is seen as it should be, as the enforcer does. */
    async until(severed: readonly string[]): Promise<Report> {
      order += 1;
      return until(async () => {
        const report = await cutter.enforce(goalOf(severed, order), notOvertaken());
        const wanted = severed.includes('agent') ? 'refused' : 'served';
        return report.sights.get('agent') === wanted ? report : undefined;
      }, 20_000);
    },
  };
}

const labels = (label: string): object => ({ labels: { 'pullcord-contract': `${gateway.mark}-${label}` } });
const read = async (id: string): Promise<object> => (await gateway.admin('GET', `/routes/${id}`)).body;
const objectOf = async (id: string): Promise<object> => ((await read(id)) as { value: object }).value;

describe('the clamp', () => {
  const paths = ['one', 'two'];
  let ids: readonly string[];
  beforeAll(async () => {
    ids = await Promise.all(
      paths.map((name) =>
        gateway.route(`clamp-${name}`, {
          ...labels('clamp'),
          uri: `/${gateway.mark}-${name}/*`,
          upstream: gateway.upstreamConf,
        }),
      ),
    );
    await gateway.route('clamp-other', { uri: `/${gateway.mark}-other/*`, upstream: gateway.upstreamConf });
    await gateway.settle();
  }, 60_000);

  test('is armed, severs in one write, and restores to the last index', async () => {
    const { cutter, until: reach } = cutterOf('clamp');
    expect(await cutter.prepare()).toMatchObject({ armed: true, streams: 'all' });
    const before = await Promise.all(ids.map(read));
    const severed = await reach(['agent']);
    expect(severed.drift).toEqual([]);
    for (const name of paths) {
      const { status, headers, text } = await gateway.get(`/${gateway.mark}-${name}/x`);
      expect([status, headers['x-pullcord-severed'], headers['content-type']]).toEqual([503, '1', 'application/json']);
      expect(JSON.parse(text)).toMatchObject({
        error: { type: 'severed', code: 'pullcord_severed', route: `${gateway.mark}-clamp-${name}` },
      });
    }
    expect((await gateway.get(`/${gateway.mark}-other/x`)).status).toBe(200);
    expect((await gateway.get(`/${gateway.mark}-nowhere`)).status).toBe(404);
    await reach([]);
    for (const name of paths) expect((await gateway.get(`/${gateway.mark}-${name}/x`)).status).toBe(200);
    expect(await Promise.all(ids.map(read))).toEqual(before);
  }, 60_000);

  test('what is armed is known again: a second process changes nothing', async () => {
    const { cutter } = cutterOf('clamp');
    const report = await cutter.enforce(goalOf([], 1), notOvertaken());
    expect(report).toMatchObject({ writes: [], drift: [], missing: [] });
  });

  test('ends an open event stream with an event, closes its upstream, and leaves others alone', async () => {
    const { cutter, until: reach } = cutterOf('clamp');
    await cutter.prepare();
    for (let round = 0; round < 3; round += 1) {
      const open = (name: string) => openStream(`${gateway.gatewayUrls[0]}/${gateway.mark}-${name}/sse`);
      const [cut, text, other] = await Promise.all([
        open('one'),
        openStream(`${gateway.gatewayUrls[0]}/${gateway.mark}-two/text`),
        open('other'),
      ]);
      await until(() => cut.text() !== '' && text.text() !== '' && other.text() !== '');
      await reach(['agent']);
      await until(() => cut.ending() && text.ending());
      expect([cut.ending(), text.ending()]).toEqual(['end', 'aborted']);
      expect(cut.text()).toContain('event: error\ndata: {"error":{"type":"severed","code":"pullcord_severed"}}\n\n');
      expect(text.text()).toMatch(/^(tick\n)+$/);
      await until(() => gateway.upstream.open() === 1);
      const length = other.text().length;
      await until(() => other.text().length > length + 50);
      expect(other.ending()).toBeUndefined();
      other.leave();
      await until(() => gateway.upstream.open() === 0);
      await reach([]);
    }
  }, 60_000);

  test('a rule that is gone is armed again, and a route that comes to match is cut', async () => {
    const { until: reach } = cutterOf('clamp');
    await reach(['agent']);
    await gateway.admin('DELETE', CLAMP);
    const late = await gateway.route('clamp-late', {
      ...labels('clamp'),
      uri: `/${gateway.mark}-late`,
      upstream: gateway.upstreamConf,
    });
    const report = await reach(['agent']);
    expect(report.drift).toEqual(['the clamp was deleted by somebody else']);
    expect(report.cut).toBe(3);
    expect((await gateway.get(`/${gateway.mark}-late`)).status).toBe(503);
    await gateway.admin('DELETE', `/routes/${late}`);
    await reach([]);
  }, 60_000);
});

describe('the function of the clamp', () => {
  test.each<[what: string, vars: unknown]>([
    ['names no list', [[['uri', '==', '/pullcord-contract-nowhere']]]],
    ['names what is no id', [[['route_id', 'in', [1, 2.5]]]]],
    ['has another form', [['AND', ['route_id', '==', 'a'], ['uri', '==', 'b']]]],
  ])(
    'lets everything pass where the rule %s',
    async (_, vars) => {
      const { cutter } = cutterOf('odd');
      await cutter.prepare();
      await gateway.route('odd', { uri: `/${gateway.mark}-odd/*`, upstream: gateway.upstreamConf });
      await gateway.settle();
      const stream = await openStream(`${gateway.gatewayUrls[0]}/${gateway.mark}-odd/sse`);
      await until(() => stream.text() !== '');
      const on = { _meta: { disable: false } };
      const plugins = { 'fault-injection': { ...on, abort: { vars } }, 'serverless-post-function': on };
      const { status } = await gateway.admin('PATCH', CLAMP, { plugins });
      expect(status).toBe(200);
      await gateway.settle();
      const length = stream.text().length;
      await until(() => stream.text().length > length + 100);
      expect(stream.ending()).toBeUndefined();
      stream.leave();
      for (let i = 0; i < 8; i += 1) expect((await gateway.get(`/${gateway.mark}-odd/x`)).status).toBe(200);
    },
    30_000,
  );
});

describe('a probe that was derived from a route', () => {
  const FORMS: Readonly<Record<string, object>> = {
    exact: { uri: '/M-form/exact' },
    prefix: { uri: '/M-form/prefix/*' },
    bare: { uri: '/M-form/bare*' },
    parameter: { uri: '/M-form/user/:id/show' },
    several: { uris: ['/M-form/several', '/M-form/more/*'] },
    odd: { uri: '/M-form/with space/ü/100%/a;b' },
    host: { uri: '/M-form/h', host: 'M.example.org' },
    hosts: { uri: '/M-form/hs', hosts: ['*.M.example.org', 'x.example.org'] },
    service: { uri: '/M-form/s', service_id: 'M-hosts' },
    post: { uri: '/M-form/post', methods: ['POST', 'DELETE'] },
    options: { uri: '/M-form/options', methods: ['GET', 'OPTIONS'] },
    low: { uri: '/M-form/*', priority: -5 },
  };

  test('reaches that route', async () => {
    const here = <T>(value: T): T => JSON.parse(JSON.stringify(value).replaceAll('M', gateway.mark)) as T;
    const hosts = [`svc.${gateway.mark}.example.org`];
    await gateway.admin('PUT', `/services/${gateway.mark}-hosts`, { upstream: gateway.upstreamConf, hosts });
    const forms = Object.entries(FORMS);
    for (const [name, form] of forms)
      await gateway.route(`form-${name}`, {
        ...here(form),
        ...labels('form'),
        plugins: { 'fault-injection': { abort: { http_status: 200, headers: { 'x-route': '$route_id' } } } },
      });
    await gateway.settle();
    const api = createAdminApi({ url: gateway.adminUrl, key: gateway.adminKey, timeoutMs: 2_000 });
    const routes = [...(await readRoutes(api)).values()].filter(({ id }) => id.startsWith(`${gateway.mark}-form-`));
    api.close();
    const { targets, blind } = planProbes(routes);
    expect([targets.length, blind]).toEqual([forms.length, []]);
    for (const { method, path, host, route } of targets) {
      const { headers } = await gateway.get(path, host === undefined ? {} : { host }, method);
      expect([method, path, headers['x-route']]).toEqual([method, path, route]);
    }
  }, 30_000);
});

describe('another global rule with fault-injection', () => {
  test('keeps the clamp from being armed: said, and the routes are rewritten', async () => {
    await gateway.admin('DELETE', CLAMP);
    const id = await gateway.route('taken', {
      ...labels('taken'),
      uri: `/${gateway.mark}-taken`,
      upstream: gateway.upstreamConf,
    });
    await gateway.settle();
    await gateway.admin('PATCH', `/routes/${id}`, { update_time: OLD });
    const before = await objectOf(id);
    const rule = `/global_rules/${gateway.mark}-chaos`;
    await gateway.admin('PUT', rule, { plugins: { 'fault-injection': { delay: { duration: 0 } } } });
    const { cutter, until: reach } = cutterOf('taken');
    try {
      expect(await cutter.prepare()).toEqual({
        armed: false,
        why: expect.stringContaining(`global rule ${gateway.mark}-chaos uses fault-injection`),
      });
      const report = await reach(['agent']);
      expect(report.missing).toEqual([]);
      expect((await gateway.get(`/${gateway.mark}-taken`)).headers['x-pullcord-severed']).toBe('1');
      await reach([]);
      expect(await objectOf(id)).toEqual(before);
    } finally {
      await gateway.admin('DELETE', rule);
    }
  }, 60_000);
});

describe('the rewrite', () => {
  const fault = (conf: object) => ({ plugins: { 'fault-injection': conf } });
  const some = { abort: { http_status: 418, body: 'tea', percentage: 0, vars: [[['arg_never', '==', '1']]] } };
  const AWKWARD: Readonly<Record<string, object>> = {
    bare: {},
    'no-plugin': { plugins: {} },
    other: { plugins: { cors: { allow_origins: '*' }, 'response-rewrite': { headers: { set: { 'x-a': 'b' } } } } },
    some: fault(some),
    disabled: fault({ ...some, _meta: { disable: true } }),
    delayed: fault({ delay: { duration: 0.01, percentage: 100 } }),
    filtered: fault({ abort: { http_status: 418 }, _meta: { filter: [['arg_never', '==', '1']], priority: 1 } }),
    labelled: { name: 'a name', desc: 'what it is', priority: 7, timeout: { connect: 5, send: 5, read: 5 } },
    secret: {
      plugins: { 'ai-proxy': { provider: 'openai', auth: { header: { Authorization: 'Bearer sk-secret' } } } },
    },
    on: { status: 1 },
    post: { methods: ['POST'] },
    empty: { upstream: { type: 'roundrobin', nodes: [] }, vars: [] },
    scripted: { script: 'local _M = {}\nfunction _M.access(ctx) end\nreturn _M' },
  };

  test('cuts every awkward route, and puts each back to the last field, its time included', async () => {
    await gateway.admin('PUT', `/upstreams/${gateway.mark}-u`, gateway.upstreamConf);
    await gateway.admin('PUT', `/services/${gateway.mark}-s`, {
      upstream: gateway.upstreamConf,
      hosts: [`${gateway.mark}.example.org`],
    });
    const confs: Record<string, object> = {
      ...AWKWARD,
      'by-upstream': { upstream_id: `${gateway.mark}-u`, upstream: undefined },
      'by-service': { service_id: `${gateway.mark}-s`, upstream: undefined },
    };
    const off = await gateway.route('off', {
      ...labels('awkward'),
      uri: `/${gateway.mark}/off`,
      upstream: gateway.upstreamConf,
      status: 0,
    });
    const ids: string[] = [];
    for (const [name, conf] of Object.entries(confs)) {
      const id = await gateway.route(`awk-${name}`, {
        ...labels('awkward'),
        uri: `/${gateway.mark}/${name}`,
        upstream: gateway.upstreamConf,
        ...conf,
      });
      await gateway.admin('PATCH', `/routes/${id}`, { update_time: OLD });
      ids.push(id);
    }
    await gateway.settle();
    const before = await Promise.all(ids.map(objectOf));
    const offBefore = await read(off);
    const { snapshots, until: reach } = cutterOf('awkward', { method: 'rewrite' });

    const severed = await reach(['agent']);
    expect(severed.missing).toEqual([]);
    for (const name of Object.keys(confs)) {
      const host: Record<string, string> = name === 'by-service' ? { host: `${gateway.mark}.example.org` } : {};
      const { status, headers } = await gateway.get(`/${gateway.mark}/${name}`, host, name === 'post' ? 'POST' : 'GET');
      expect([name, status, headers['x-pullcord-severed']]).toEqual([name, 503, '1']);
    }
    expect(await read(off)).toEqual(offBefore);

    const restored = await reach([]);
    expect(restored.drift).toEqual([]);
    expect(await Promise.all(ids.map(objectOf))).toEqual(before);
    expect(snapshots.kept.size).toBe(0);
  }, 120_000);

  test('a secret works after it was cut and put back', async () => {
    const id = `${gateway.mark}-awk-secret`;
    expect(JSON.stringify(await objectOf(id))).toContain('Bearer sk-secret');
  });

  test('goes on through the writes of others', async () => {
    const id = await gateway.route('busy', {
      ...labels('busy'),
      uri: `/${gateway.mark}-busy`,
      upstream: gateway.upstreamConf,
    });
    await gateway.settle();
    const { until: reach } = cutterOf('busy', { method: 'rewrite' });
    let writing = true;
    const others = (async () => {
      for (let i = 0; writing; i += 1) await gateway.admin('PATCH', `/routes/${id}`, { desc: `d${i}` });
    })();
    await reach(['agent']);
    await reach([]);
    writing = false;
    await others;
    expect(await objectOf(id)).not.toHaveProperty('plugins');
    expect(await objectOf(id)).toHaveProperty('desc');
  }, 60_000);
});

describe('the Admin API', () => {
  const client = () => createAdminApi({ url: gateway.adminUrl, key: gateway.adminKey, timeoutMs: 2_000 });

  test('sixteen writes to one route at a time all get through', async () => {
    const id = await gateway.route('conflict', { uri: `/${gateway.mark}-conflict`, upstream: gateway.upstreamConf });
    const api = client();
    const names = Array.from({ length: 16 }, (_, i) => `l${i}`);
    await Promise.all(names.map((name) => api.patch(`routes/${id}`, { labels: { [name]: 'x' } })));
    expect(Object.keys((await objectOf(id)) as { labels: object })).toContain('labels');
    expect((await objectOf(id)) as { labels: object }).toMatchObject({
      labels: Object.fromEntries(names.map((name) => [name, 'x'])),
    });
    api.close();
  }, 30_000);

  test('600 routes are listed over two pages, and cut in one write', async () => {
    const ids = Array.from({ length: 600 }, (_, i) => `many-${i}`);
    for (let i = 0; i < ids.length; i += 20)
      await Promise.all(
        ids.slice(i, i + 20).map((name) =>
          gateway.route(name, {
            ...labels('many'),
            uri: `/${gateway.mark}-many/${name}`,
            upstream: gateway.upstreamConf,
          }),
        ),
      );
    await gateway.settle();
    const api = client();
    const listed = (await api.list('routes')).map(({ id }) => id).filter((id) => String(id).includes('-many-'));
    expect(new Set(listed).size).toBe(600);
    expect(listed).toHaveLength(600);
    api.close();
    const { until: reach } = cutterOf('many');
    const report = await reach(['agent']);
    expect(report.cut).toBe(600);
    for (const name of ['many-0', 'many-599'])
      expect((await gateway.get(`/${gateway.mark}-many/${name}`)).status).toBe(503);
    await reach([]);
  }, 120_000);

  test('an empty patch asks for the right to write and changes nothing', async () => {
    const id = await gateway.route('empty', { uri: `/${gateway.mark}-empty`, upstream: gateway.upstreamConf });
    const before = await objectOf(id);
    const api = client();
    await api.patch(`routes/${id}`, {});
    expect({ ...(await objectOf(id)), update_time: 0 }).toEqual({ ...before, update_time: 0 });
    await expect(api.patch('global_rules/pullcord-contract-nobody', {})).rejects.toMatchObject({ kind: 'not-found' });
    api.close();
  });
});
