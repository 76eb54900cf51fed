import { goalOf, notOvertaken } from '../../support/goal';
import { openStream } from '../../support/stream';
import { until } from '../../support/until';
import { ALL, openRig, type Rig, sightsOf } from './rig';

const SCOPES = {
  agent: { routes: [{ label: 'agent' }] },
  llm: { routes: [{ uri: '/llm/*' }] },
  empty: { routes: [{ id: 'nobody' }] },
};
const ROUTES = {
  a1: { uri: '/a1', labels: { agent: '1' } },
  a2: { uri: '/a2/*', labels: { agent: '1' }, name: 'second' },
  both: { uri: '/llm/*', labels: { agent: '1' } },
  l1: { uri: '/llm/one' },
  free: { uri: '/free/*' },
};
let rig: Rig;
const use = async (...args: Parameters<typeof openRig>): Promise<Rig> => {
  rig = await openRig(...args);
  return rig;
};
afterEach(() => rig.close());

test('the first pass arms the rule, cuts nothing and asks no upstream', async () => {
  await use(SCOPES);
  await rig.routes(ROUTES);
  const report = await rig.sever();
  expect(sightsOf(report)).toEqual({ agent: 'served', llm: 'served', empty: 'none' });
  expect(report).toMatchObject({ missing: [], drift: [], writes: ['PUT clamp: 0 routes'], cut: 0 });
  expect(await rig.named()).toEqual(['-none-']);
  expect(rig.upstream.requests).toEqual([]);
  expect((await rig.sever()).writes).toEqual([]);
});

test('sever and restore: refused with the mark, then every object is what it was, indexes and times included', async () => {
  await use(SCOPES);
  await rig.routes(ROUTES);
  await rig.sever();
  const before = await rig.objects();

  const severed = await rig.sever('agent');
  expect(sightsOf(severed)).toEqual({ agent: 'refused', llm: 'served', empty: 'none' });
  expect(severed).toMatchObject({ missing: [], drift: [], writes: ['PATCH clamp: 3 routes: a1, a2, both'], cut: 3 });
  for (const path of ['/a1', '/a2/x', '/llm/x']) expect(await rig.status(path)).toBe(503);
  for (const path of ['/llm/one', '/free/x']) expect(await rig.status(path)).toBe(200);
  expect(rig.upstream.requests.map(({ path }) => path)).toEqual(['/llm/one', '/free/x']);

  const restored = await rig.sever();
  expect(sightsOf(restored)).toEqual({ agent: 'served', llm: 'served', empty: 'none' });
  expect(restored).toMatchObject({ missing: [], drift: [], writes: ['PATCH clamp: 0 routes'], cut: 0 });
  expect(await rig.status('/a1')).toBe(200);
  expect(await rig.objects()).toEqual(before);
  expect(rig.snapshots.kept.size).toBe(0);
});

test('the first thing on the wire is the one write that cuts', async () => {
  await use(SCOPES);
  await rig.routes(ROUTES);
  await rig.cutter.prepare();
  const calls = rig.listen();
  await rig.sever('agent');
  expect(calls[0]).toBe('PATCH global_rules/pullcord-clamp');
  expect(calls.slice(1).sort()).toEqual(['GET global_rules/pullcord-clamp', 'GET routes']);
});

test('the answer to the client says what happened and to whom', async () => {
  await use(ALL);
  await rig.routes({ r1: '/v1/*' });
  await rig.sever('agent');
  const { status, headers, text } = await openStream(`${rig.apisix.gatewayUrl}/v1/chat`).then(async (stream) => {
    await until(() => stream.ending());
    return { ...stream, text: stream.text() };
  });
  expect([status, headers['x-pullcord-severed'], headers['retry-after']]).toEqual([503, '1', '60']);
  expect(JSON.parse(text)).toEqual({
    error: { type: 'severed', code: 'pullcord_severed', message: expect.any(String), route: 'r1' },
  });
});

test('overlapping scopes: a route stays cut until every scope that holds it is restored', async () => {
  await use(SCOPES);
  await rig.routes(ROUTES);
  await rig.sever('agent', 'llm');
  expect(await rig.named()).toEqual(['a1', 'a2', 'both', 'l1']);
  const report = await rig.sever('llm');
  expect(sightsOf(report)).toMatchObject({ agent: 'served', llm: 'refused' });
  expect(await rig.named()).toEqual(['both', 'l1']);
  expect(await rig.status('/llm/x')).toBe(503);
  expect(await rig.status('/a1')).toBe(200);
  await rig.sever();
  expect(await rig.status('/llm/x')).toBe(200);
});

test('a route that comes to match while its scope is severed is cut, too', async () => {
  await use(SCOPES);
  await rig.routes(ROUTES);
  await rig.sever('agent');
  await rig.routes({ new1: { uri: '/new', labels: { agent: 'yes' } } });
  expect(await rig.status('/new')).toBe(200);
  const report = await rig.sever('agent');
  expect(sightsOf(report).agent).toBe('refused');
  expect(report).toMatchObject({ drift: [], cut: 4 });
  expect(await rig.status('/new')).toBe(503);
});

test('a route whose label is taken away stays cut until its scope is restored, and is restored then', async () => {
  await use(SCOPES);
  await rig.routes(ROUTES);
  await rig.sever('agent');
  await rig.admin('PATCH', '/routes/a1', { labels: null });
  await rig.sever('agent');
  expect(await rig.status('/a1')).toBe(503);
  await rig.sever();
  expect(await rig.named()).toEqual(['-none-']);
});

test('a route that is moved into a live scope stays cut until the one that it was cut for is restored', async () => {
  await use(SCOPES);
  await rig.routes(ROUTES);
  await rig.sever('agent');
  await rig.admin('PATCH', '/routes/a1', { labels: null, uri: '/llm/moved' });
  const report = await rig.sever('agent');
  expect(sightsOf(report)).toMatchObject({ agent: 'refused', llm: 'served' });
  expect(await rig.status('/llm/moved')).toBe(503);
  await rig.sever();
  expect(await rig.status('/llm/moved')).toBe(200);
});

test('a route that was deleted and made again is cut without a gap', async () => {
  await use(SCOPES);
  await rig.routes(ROUTES);
  await rig.sever('agent');
  await rig.admin('DELETE', '/routes/a1');
  await rig.sever('agent');
  await rig.routes({ a1: ROUTES.a1 });
  expect(await rig.status('/a1')).toBe(503);
});

test.each<[what: string, tamper: () => Promise<unknown>, drift: RegExp]>([
  ['deleted', () => rig.admin('DELETE', '/global_rules/pullcord-clamp'), /clamp was deleted by somebody else/],
  [
    'emptied',
    () => rig.admin('PATCH', '/global_rules/pullcord-clamp/plugins/fault-injection/abort/vars', [[['uri', '==', '']]]),
    /clamp was changed by somebody else/,
  ],
  [
    'made to forget a route',
    () =>
      rig.admin('PATCH', '/global_rules/pullcord-clamp/plugins/fault-injection/abort/vars', [
        [['route_id', 'in', ['a2', 'both']]],
      ]),
    /clamp no longer named 1 route: a1/,
  ],
])('a rule that is %s behind our back is put back, and said', async (_, tamper, drift) => {
  await use(SCOPES);
  await rig.routes(ROUTES);
  await rig.sever('agent');
  await tamper();
  expect(await rig.status('/a1')).toBe(200);
  const report = await rig.sever('agent');
  expect(report.drift.join()).toMatch(drift);
  expect(sightsOf(report).agent).toBe('refused');
  expect(await rig.named()).toEqual(['a1', 'a2', 'both']);
  expect((await rig.sever('agent')).drift).toEqual([]);
});

test('a rule that was deleted is armed again at once when the next order cuts', async () => {
  await use(SCOPES);
  await rig.routes(ROUTES);
  await rig.sever();
  await rig.admin('DELETE', '/global_rules/pullcord-clamp');
  const calls = rig.listen();
  const report = await rig.sever('llm');
  expect(calls.slice(0, 2)).toEqual(['PATCH global_rules/pullcord-clamp', 'PUT global_rules/pullcord-clamp']);
  expect(sightsOf(report).llm).toBe('refused');
  expect(report.drift).toEqual(['the clamp was deleted by somebody else']);
});

test('an id that nobody severed is taken out of the rule, and said', async () => {
  await use(SCOPES);
  await rig.routes(ROUTES);
  await rig.sever('llm');
  await rig.admin('PATCH', '/global_rules/pullcord-clamp/plugins/fault-injection/abort/vars', [
    [['route_id', 'in', ['a1', 'both', 'l1']]],
  ]);
  const report = await rig.sever('llm');
  expect(report.drift).toEqual(['the clamp named what is not severed: 1 route: a1']);
  expect(await rig.named()).toEqual(['both', 'l1']);
});

test('after a restart: what the rule cuts for a scope that is live is given back and seen served', async () => {
  await use(SCOPES);
  await rig.routes(ROUTES);
  await rig.sever('agent');
  const fresh = rig.another();
  const still = await fresh.enforce(goalOf(['agent'], 1), notOvertaken());
  expect(sightsOf(still).agent).toBe('refused');
  expect(still).toMatchObject({ writes: [], drift: [], cut: 3 });
  const given = await rig.another().enforce(goalOf([], 2), notOvertaken());
  expect(given).toMatchObject({ drift: [], writes: ['PATCH clamp: 0 routes'], missing: [] });
  expect(sightsOf(given).agent).toBe('served');
  expect(rig.upstream.requests.length).toBeGreaterThan(0);
});

test('an older version of the rule is replaced, keeps what it cuts, and is no drift', async () => {
  await use(SCOPES);
  await rig.routes(ROUTES);
  await rig.sever('agent');
  const path = '/global_rules/pullcord-clamp/plugins/serverless-post-function/functions';
  await rig.admin('PATCH', path, ['-- pullcord clamp 0\nreturn function() end']);
  const report = await rig.another().enforce(goalOf(['agent'], 1), notOvertaken());
  expect(report).toMatchObject({ writes: ['PUT clamp: 3 routes: a1, a2, both'], drift: [] });
});

test('where a function is taken, the write of the ids leaves it out', async () => {
  await use(SCOPES);
  await rig.routes(ROUTES);
  const functions = ['return function() end'];
  await rig.admin('PUT', '/global_rules/other', { plugins: { 'serverless-post-function': { functions } } });
  expect(await rig.cutter.prepare()).toMatchObject({ armed: true, streams: 'all-without-event' });
  expect(await rig.sever('agent')).toMatchObject({ writes: ['PATCH clamp: 3 routes: a1, a2, both'], drift: [] });
  expect(await rig.sever('agent')).toMatchObject({ writes: [], drift: [] });
  expect(await rig.sever()).toMatchObject({ writes: ['PATCH clamp: 0 routes'], drift: [] });
});

test('in doubt the clamp only grows', async () => {
  await use(SCOPES);
  await rig.routes(ROUTES);
  await rig.sever('agent');
  const asked: boolean[] = [];
  const no = async () => {
    asked.push(true);
    return false;
  };
  const report = await rig.cutter.enforce(goalOf(['llm'], 2, no), notOvertaken());
  expect(await rig.named()).toEqual(['a1', 'a2', 'both', 'l1']);
  expect(sightsOf(report)).toMatchObject({ agent: 'unseen', llm: 'refused' });
  expect(report.missing.join()).toMatch(/nothing is given back/);
  expect(asked).toEqual([true]);
  const thrown = await rig.cutter.enforce(
    goalOf([], 3, () => Promise.reject(new Error('ledger is down'))),
    notOvertaken(),
  );
  expect(await rig.named()).toEqual(['a1', 'a2', 'both', 'l1']);
  expect(sightsOf(thrown)).toMatchObject({ agent: 'unseen', llm: 'unseen' });
});

test('a cut asks for no leave', async () => {
  await use(SCOPES);
  await rig.routes(ROUTES);
  const never = (): Promise<boolean> => {
    throw new Error('asked');
  };
  const report = await rig.cutter.enforce(goalOf(['agent'], 1, never), notOvertaken());
  expect(sightsOf(report).agent).toBe('refused');
});

test('an open stream of a severed route ends with an error event and its upstream is closed; others go on', async () => {
  await use(SCOPES);
  await rig.routes(ROUTES);
  await rig.sever();
  const open = (path: string) => openStream(`${rig.apisix.gatewayUrl}${path}`);
  const [cut, other] = await Promise.all([open('/a2/sse'), open('/free/sse')]);
  await until(() => cut.text() !== '' && other.text() !== '' && rig.upstream.open() === 2);
  await rig.sever('agent');
  await until(() => cut.ending());
  expect(cut.text()).toContain('event: error\ndata: {"error":{"type":"severed","code":"pullcord_severed"}}\n\n');
  await until(() => rig.upstream.open() === 1);
  const length = other.text().length;
  await until(() => other.text().length > length + 20);
  expect(other.ending()).toBeUndefined();
  other.leave();
});

test('a scope that matches nothing is none, and missing only when it is severed', async () => {
  await use(SCOPES);
  await rig.routes(ROUTES);
  expect((await rig.sever()).missing).toEqual([]);
  const report = await rig.sever('empty');
  expect(sightsOf(report).empty).toBe('none');
  expect(report.missing).toEqual(['empty matches no route on main']);
});

test('hundreds of routes over several pages, in one write', async () => {
  await use(ALL);
  const ids = Array.from({ length: 620 }, (_, i) => `r${String(i).padStart(3, '0')}`);
  for (const id of ids)
    rig.apisix.store.put(`/apisix/routes/${id}`, { id, uri: `/${id}`, create_time: 1, update_time: 1 });
  await rig.cutter.prepare();
  const report = await rig.sever('agent');
  expect(report.cut).toBe(620);
  expect(report.writes).toEqual([expect.stringMatching(/^PATCH clamp: 620 routes: r000, .* and 610 more$/)]);
  expect(sightsOf(report).agent).toBe('refused');
  expect(await rig.named()).toEqual(ids);
});
