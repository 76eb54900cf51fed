import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { goalOf, notOvertaken } from '../../support/goal';
import { until } from '../../support/until';
import { ALL, openRig, type Rig, sightsOf } from './rig';

let rig: Rig;
const use = async (...args: Parameters<typeof openRig>): Promise<Rig> => {
  rig = await openRig(...args);
  return rig;
};
afterEach(() => rig.close());

const timed = async <T>(work: () => Promise<T>): Promise<[T, number]> => {
  const began = performance.now();
  return [await work(), performance.now() - began];
};

test.each<[what: string, spoil: () => Promise<void> | void, says: RegExp]>([
  ['refuses the key', () => rig.apisix.faults.answer(401), /answered 401: failed to check token.* adminKey/],
  ['fails', () => rig.apisix.faults.answer(500), /answered 500/],
  ['has lost its etcd', () => rig.apisix.faults.answer(503), /answered 503: .*etcd.* Look after etcd/],
  ['hangs', () => rig.apisix.faults.hang(), /no answer in time/],
  ['is gone', () => rig.apisix.faults.refuse(), /ECONNREFUSED/],
])(
  'an Admin API that %s: unseen, what is the matter and what to do; cut as soon as it is back',
  async (_, spoil, says) => {
    await use(ALL, { timeoutMs: 200 });
    await rig.routes({ r1: '/r1' });
    await rig.sever();
    await spoil();
    const [report, ms] = await timed(() => rig.sever('agent'));
    expect(ms).toBeLessThan(1_500);
    expect(sightsOf(report).agent).toBe('unseen');
    expect(report.missing[0]).toMatch(/^Admin API of main: /);
    expect(report.missing[0]).toMatch(says);
    expect(JSON.stringify(report)).not.toContain(rig.apisix.adminKey);
    expect(await rig.status('/r1')).toBe(200);
    await rig.apisix.faults.clear();
    expect(sightsOf(await rig.sever('agent')).agent).toBe('refused');
    expect(await rig.status('/r1')).toBe(503);
  },
);

test('a rule that was set before goes on being seen while the Admin API is down', async () => {
  await use(ALL, { timeoutMs: 200 });
  await rig.routes({ r1: '/r1' });
  await rig.sever('agent');
  rig.apisix.faults.answer(503);
  const report = await rig.sever('agent');
  expect(sightsOf(report).agent).toBe('refused');
  expect(report.missing.join()).toMatch(/Admin API of main/);
  const restoring = await rig.sever();
  expect(sightsOf(restoring).agent).toBe('unseen');
  expect(restoring.missing.join()).toMatch(/still refuses agent/);
});

test('a gateway that was never read is unseen, severed or not; configured probes see it all the same', async () => {
  const probes = [{ path: '/r1', method: 'GET' as const, headers: {} }];
  await use({ agent: { routes: [{ all: true }] }, probed: { routes: [{ all: true }], probes } }, { timeoutMs: 200 });
  await rig.routes({ r1: '/r1' });
  await rig.sever('agent');
  rig.apisix.faults.answer(500);
  const fresh = await rig.another().enforce(goalOf(['probed'], 1), notOvertaken());
  expect(sightsOf(fresh)).toEqual({ agent: 'unseen', probed: 'refused' });
  const both = await rig.another().enforce(goalOf(['agent'], 2), notOvertaken());
  expect(sightsOf(both)).toEqual({ agent: 'unseen', probed: 'unseen' });
});

test('a gateway that does not answer: named, and the scope is not said to be refused', async () => {
  await use(ALL, { timeoutMs: 200 }, { nodes: 2 });
  await rig.routes({ r1: '/r1' });
  await rig.sever();
  await rig.apisix.faults.gateway(1, 'refuse');
  const report = await rig.sever('agent');
  expect(sightsOf(report).agent).toBe('unseen');
  expect(report.missing).toEqual([`gateway ${rig.apisix.gatewayUrls[1]} does not answer: ECONNREFUSED`]);
  await rig.apisix.faults.clear();
  expect(sightsOf(await rig.sever('agent')).agent).toBe('refused');
});

test('a gateway that hangs is waited for no longer than the bound', async () => {
  await use(ALL, { timeoutMs: 200 }, { nodes: 2 });
  await rig.routes({ r1: '/r1' });
  await rig.apisix.faults.gateway(0, 'hang');
  const [report, ms] = await timed(() => rig.sever('agent'));
  expect(ms).toBeLessThan(1_500);
  expect(report.missing).toEqual([`gateway ${rig.apisix.gatewayUrls[0]} does not answer: no answer within 200 ms`]);
});

test('a node that learns late is waited for', async () => {
  await use(ALL, {}, { nodes: 2, propagationMs: 120 });
  await rig.routes({ r1: '/r1' });
  await until(async () => (await rig.status('/r1')) === 200);
  const report = await rig.sever('agent');
  expect(sightsOf(report).agent).toBe('refused');
  expect(report.missing).toEqual([]);
});

test('a sever that got no answer is applied later: read before anything else, and not written twice', async () => {
  await use(ALL, { timeoutMs: 200 });
  await rig.routes({ r1: '/r1' });
  await rig.sever();
  rig.apisix.faults.hang({ match: (method) => method === 'PATCH', times: 1, applied: true });
  expect(sightsOf(await rig.sever('agent')).agent).toBe('unseen');
  await rig.apisix.faults.clear();
  await until(async () => (await rig.named())?.includes('r1'));
  const calls = rig.listen();
  const report = await rig.sever('agent');
  expect(calls.filter((call) => !call.startsWith('GET'))).toEqual([]);
  expect(report).toMatchObject({ writes: [], drift: [], missing: [] });
  expect(sightsOf(report).agent).toBe('refused');
});

test('a restore that got no answer is applied after the next STOP: found, cut again, said', async () => {
  await use(ALL, { timeoutMs: 200 });
  await rig.routes({ r1: '/r1' });
  await rig.sever('agent');
  rig.apisix.faults.hang({ match: (method) => method === 'PATCH', times: 1, applied: true });
  expect(sightsOf(await rig.sever()).agent).toBe('unseen');
  const stopped = await rig.sever('agent');
  expect(sightsOf(stopped).agent).toBe('refused');
  await rig.apisix.faults.clear();
  await until(async () => (await rig.named())?.includes('-none-'));
  const report = await rig.sever('agent');
  expect(report.drift).toEqual(['the clamp no longer named 1 route: r1']);
  expect(sightsOf(report).agent).toBe('refused');
  expect(await rig.status('/r1')).toBe(503);
});

test('a rewrite that got no answer is read again, and counts when it was applied', async () => {
  await use(ALL, { method: 'rewrite', timeoutMs: 200 });
  await rig.routes({ r1: '/r1' });
  rig.apisix.faults.hang({ match: (method) => method === 'PATCH', times: 1, applied: true });
  const report = await rig.sever('agent');
  expect(report.missing.join()).toMatch(/routes can't be rewritten: PATCH routes\/r1: no answer in time/);
  await rig.apisix.faults.clear();
  const next = await rig.sever('agent');
  expect(sightsOf(next).agent).toBe('refused');
  expect(next.drift).toEqual([]);
  const before = JSON.parse(rig.snapshots.kept.get('r1') ?? '').before;
  expect(before).not.toHaveProperty('plugins');
});

test('a rewrite that is applied only after its restore is undone: the snapshot is kept as long as that may happen', async () => {
  await use(ALL, { method: 'rewrite', timeoutMs: 200 });
  await rig.routes({ r1: '/r1' });
  const { value: before } = (await rig.admin('GET', '/routes/r1')).body as { value: object };
  rig.apisix.faults.hang({ match: (method) => method === 'PATCH', times: 1, applied: true });
  await rig.sever('agent');
  expect(sightsOf(await rig.sever()).agent).toBe('served');
  await rig.apisix.faults.clear();
  await until(async () => (await rig.status('/r1')) === 503);
  expect(sightsOf(await rig.sever()).agent).toBe('served');
  expect(await rig.status('/r1')).toBe(200);
  expect((await rig.admin('GET', '/routes/r1')).body).toMatchObject({ value: before });

  expect(rig.snapshots.kept.size).toBe(1);
  rig.clock.ahead += 5 * 60_000;
  const asked = rig.upstream.requests.length;
  expect(await rig.sever()).toMatchObject({ writes: [], drift: [] });
  expect(rig.snapshots.kept.size).toBe(0);
  expect(rig.upstream.requests.length).toBe(asked);
});

test('a write that others get in the way of is sent again', async () => {
  await use(ALL, { method: 'rewrite' });
  await rig.routes({ r1: '/r1' });
  const others = Array.from({ length: 12 }, (_, i) => rig.admin('PATCH', '/routes/r1', { labels: { [`l${i}`]: 'x' } }));
  const report = await rig.sever('agent');
  await Promise.all(others);
  expect(report.missing).toEqual([]);
  expect(sightsOf(report).agent).toBe('refused');
});

describe('overtaken', () => {
  const ids = Array.from({ length: 100 }, (_, i) => `r${i}`);
  const many = (): Promise<void> => rig.routes(Object.fromEntries(ids.map((id) => [id, `/${id}`])));

  test('before it began: nothing is sent', async () => {
    await use(ALL);
    await many();
    await rig.sever();
    const calls = rig.listen();
    const report = await rig.cutter.enforce(goalOf(['agent'], 2), AbortSignal.abort());
    expect(sightsOf(report).agent).toBe('unseen');
    expect(calls).toEqual([]);
  });

  test('in the middle of a restore of 100 routes: no write afterwards, and the STOP that came cuts them all', async () => {
    await use(ALL, { method: 'rewrite' }, { writeMs: 5 });
    await many();
    await rig.sever('agent');
    expect(rig.snapshots.kept.size).toBe(100);

    const restore = new AbortController();
    const running = rig.cutter.enforce(goalOf([], 2), restore.signal);
    await until(() => rig.snapshots.kept.size < 80);
    const calls = rig.listen();
    restore.abort();
    const [report, ms] = await timed(() => running);
    expect(ms).toBeLessThan(200);
    expect(sightsOf(report).agent).toBe('unseen');
    expect(report.writes).toEqual([expect.stringMatching(/^PATCH back to what they were: \d+ routes/)]);
    const late = calls.length;

    // What was on the wire may still be applied: then the STOP sees it, and its next pass cuts that, too.
    const stop = goalOf(['agent'], 3);
    await until(async () => sightsOf(await rig.cutter.enforce(stop, notOvertaken())).agent === 'refused');
    expect(calls.slice(0, late).filter((call) => call.startsWith('P'))).toEqual([]);
    const statuses = await Promise.all(ids.map((id) => rig.status(`/${id}`)));
    expect(new Set(statuses)).toEqual(new Set([503]));
    expect(rig.snapshots.kept.size).toBe(100);
    await rig.cutter.enforce(goalOf([], 4), notOvertaken());
    expect(new Set(await Promise.all(ids.map((id) => rig.status(`/${id}`))))).toEqual(new Set([200]));
  });

  test('while a restore waits for leave: nothing is given back', async () => {
    await use(ALL);
    await rig.routes({ r1: '/r1' });
    await rig.sever('agent');
    const restore = new AbortController();
    let asked = false;
    const never = (): Promise<boolean> => {
      asked = true;
      return new Promise(() => undefined);
    };
    const running = rig.cutter.enforce(goalOf([], 2, never), restore.signal);
    await until(() => asked);
    restore.abort();
    await running;
    expect(await rig.named()).toEqual(['r1']);
  });

  /** Holds the calls that match, and waits until so many are held. */
  function hold(count: number, match: (method: string) => boolean): Promise<unknown> {
    let held = 0;
    rig.apisix.faults.hang({ match: (method) => match(method) && ++held <= count, applied: true });
    return until(() => held >= count);
  }

  test('while the write of a restore is under way: the STOP writes first, although the rule may still name all', async () => {
    await use(ALL);
    await rig.routes({ r1: '/r1' });
    await rig.sever('agent');
    const held = hold(1, (method) => method === 'PATCH');
    const restore = new AbortController();
    const running = rig.cutter.enforce(goalOf([], 2), restore.signal);
    await held;
    restore.abort();
    await running;
    await rig.apisix.faults.clear();
    await until(async () => (await rig.named())?.includes('-none-'));
    const calls = rig.listen();
    const report = await rig.cutter.enforce(goalOf(['agent'], 3), notOvertaken());
    expect(calls[0]).toBe('PATCH global_rules/pullcord-clamp');
    expect(sightsOf(report).agent).toBe('refused');
    expect(await rig.named()).toEqual(['r1']);
  });

  test('a preparation gives way to the first order', async () => {
    await use(ALL);
    await rig.routes({ r1: '/r1' });
    const held = hold(2, () => true);
    const preparing = rig.cutter.prepare();
    await held;
    const [report, ms] = await timed(() => rig.sever('agent'));
    expect(ms).toBeLessThan(1_000);
    expect(sightsOf(report).agent).toBe('refused');
    expect(await preparing).toEqual({ armed: false, why: 'overtaken by a later order' });
  });
});

describe('probes', () => {
  const SCOPES = { agent: { routes: [{ label: 'agent' }] }, llm: { routes: [{ label: 'llm' }] } };
  const ROUTES = Object.fromEntries(['a1', 'a2', 'a3'].map((id) => [id, { uri: `/${id}`, labels: { agent: 'x' } }]));

  test('a live scope that was never cut is asked nothing; one that was restored is, until it was seen', async () => {
    await use(SCOPES);
    await rig.routes({ ...ROUTES, l1: { uri: '/l1', labels: { llm: 'x' } } });
    await rig.sever();
    await rig.sever('agent');
    expect(rig.upstream.requests).toEqual([]);
    await rig.sever();
    const asked = rig.upstream.requests.length;
    expect(asked).toBe(4);
    expect(new Set(rig.upstream.requests.map(({ method }) => method))).toEqual(new Set(['HEAD']));
    await rig.sever();
    expect(rig.upstream.requests.length).toBe(asked);
  });

  test('while all is settled one glance a gateway is enough, through one route after the other', async () => {
    const asked: string[] = [];
    const counting = createServer((request, response) => {
      asked.push(`${request.method} ${request.url} ${request.headers.connection}`);
      response.writeHead(503, { 'x-pullcord-severed': '1' }).end();
    });
    await new Promise<void>((resolve) => counting.listen(0, '127.0.0.1', resolve));
    try {
      await use(SCOPES);
      await rig.routes(ROUTES);
      const gatewayUrls = [rig.apisix.gatewayUrl, `http://127.0.0.1:${(counting.address() as AddressInfo).port}`];
      const cutter = rig.another(undefined, { gatewayUrls });
      const sever = async () => sightsOf(await cutter.enforce(goalOf(['agent'], 1), notOvertaken())).agent;
      expect(await sever()).toBe('refused');
      expect(asked.splice(0).sort()).toEqual(['/a1', '/a1', '/a2', '/a3'].map((path) => `HEAD ${path} close`));
      for (let i = 0; i < 6; i += 1) expect(await sever()).toBe('refused');
      expect(asked.splice(0).sort()).toEqual(
        ['/a1', '/a1', '/a2', '/a2', '/a3', '/a3'].map((path) => `HEAD ${path} close`),
      );

      // Once the glance sees otherwise, all is looked at again.
      await rig.apisix.faults.gateway(0, 'refuse');
      expect(await sever()).toBe('unseen');
      expect(asked.length).toBeGreaterThan(4);
    } finally {
      counting.close();
    }
  });

  test('a scope of routes that can not be asked is unseen, and says what to do', async () => {
    await use({ agent: { routes: [{ all: true }] } });
    await rig.routes({ r1: { uri: '/r1', vars: [['http_x', '==', 'y']] } });
    const report = await rig.sever('agent');
    expect(sightsOf(report).agent).toBe('unseen');
    expect(report.missing.join()).toMatch(/agent can't be probed: .*\(r1\); add probes to the scope/);
    expect(await rig.status('/r1', { x: 'y' })).toBe(503);
  });

  test('a scope whose routes are all off is unseen, and restored without a probe', async () => {
    await use({ agent: { routes: [{ all: true }] } });
    await rig.routes({ r1: { uri: '/r1', status: 0 } });
    const report = await rig.sever('agent');
    expect(report.missing).toEqual(["agent can't be probed: all its routes are switched off"]);
    expect(sightsOf(await rig.sever()).agent).toBe('served');
  });

  test('configured probes are sent as they are', async () => {
    const probes = [{ path: '/r1?probe=1', method: 'POST' as const, headers: { 'x-tag': 'drill' } }];
    await use({ agent: { routes: [{ all: true }], probes } });
    await rig.routes({ r1: { uri: '/r1', vars: [['http_x_tag', '==', 'drill']] } });
    expect(sightsOf(await rig.sever('agent')).agent).toBe('refused');
    expect(sightsOf(await rig.sever()).agent).toBe('served');
    expect(rig.upstream.requests[0]).toEqual({ method: 'POST', path: '/r1?probe=1', bytes: 0 });
  });
});
