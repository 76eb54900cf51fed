import { applyMergePatch } from '../../../src/cutters/apisix/merge-patch';
import type { Snapshot } from '../../../src/ledger/store';
import { goalOf, notOvertaken } from '../../support/goal';
import { ALL, openRig, type Rig, sightsOf } from './rig';

const REWRITE = { method: 'rewrite' } as const;
let rig: Rig;
const use = async (...args: Parameters<typeof openRig>): Promise<Rig> => {
  rig = await openRig(...args);
  return rig;
};
afterEach(() => rig.close());

const fault = (conf: object) => ({ plugins: { 'fault-injection': conf } });
const some = { abort: { http_status: 418, body: 'tea', percentage: 0, vars: [[['arg_never', '==', '1']]] } };

/** Everything that has gone wrong with a rewrite, or could. */
const AWKWARD: Readonly<Record<string, object>> = {
  bare: { uri: '/bare' },
  'no-plugin': { uri: '/no-plugin', plugins: {} },
  other: { uri: '/other', plugins: { cors: { allow_origins: '*' } } },
  some: { uri: '/some', ...fault(some) },
  'some-disabled': { uri: '/some-disabled', ...fault({ ...some, _meta: { disable: true } }) },
  delayed: { uri: '/delayed', ...fault({ delay: { duration: 0.01, percentage: 100 } }) },
  filtered: {
    uri: '/filtered',
    ...fault({ abort: { http_status: 418 }, _meta: { filter: [['arg_never', '==', '1']], priority: 1 } }),
  },
  labelled: { uri: '/labelled', name: 'a name', desc: 'what it is', labels: { team: 'x', env: 'prod' }, priority: 7 },
  secret: {
    uri: '/secret',
    plugins: { 'ai-proxy': { provider: 'openai', auth: { header: { Authorization: 'Bearer sk-secret' } } } },
  },
  'by-upstream': { uri: '/by-upstream', upstream_id: 'u1', upstream: undefined },
  'by-service': { uri: '/by-service', service_id: 's1', upstream: undefined },
  on: { uri: '/on', status: 1 },
  post: { uri: '/post', methods: ['POST'] },
  scripted: { uri: '/scripted', script: 'local _M = {}\nfunction _M.access(ctx) end\nreturn _M' },
};

async function awkward(config: Parameters<typeof openRig>[1] = REWRITE): Promise<void> {
  await use(ALL, config);
  const node = { type: 'roundrobin', nodes: { [`127.0.0.1:${rig.upstream.port}`]: 1 } };
  await rig.admin('PUT', '/upstreams/u1', node);
  await rig.admin('PUT', '/services/s1', { upstream: node, hosts: ['svc.example.org'] });
  await rig.routes({ ...AWKWARD, off: { uri: '/off', status: 0 } });
  // As if they had been written long ago: whoever takes today's time for theirs is found out.
  for (const id of Object.keys(AWKWARD)) await rig.admin('PATCH', `/routes/${id}`, { update_time: 1_700_000_000 });
}

/** Objects without the indexes of etcd, which no write can give back. */
async function values(): Promise<Readonly<Record<string, unknown>>> {
  const entries = Object.entries(await rig.objects());
  return Object.fromEntries(entries.map(([key, entry]) => [key, (entry as { value: unknown }).value]));
}

const allow = (id: string): [string, Record<string, string>, string] => [
  `/${id}`,
  id === 'by-service' ? { host: 'svc.example.org' } : {},
  id === 'post' ? 'POST' : 'GET',
];

test('every awkward route refuses, and is put back to the last field, its time included', async () => {
  await awkward();
  const before = await values();
  for (const id of Object.keys(AWKWARD)) expect([id, await rig.status(...allow(id))]).toEqual([id, 200]);

  const severed = await rig.sever('agent');
  expect(severed).toMatchObject({ missing: [], drift: [], cut: Object.keys(AWKWARD).length });
  expect(sightsOf(severed).agent).toBe('refused');
  for (const id of Object.keys(AWKWARD)) expect([id, await rig.status(...allow(id))]).toEqual([id, 503]);
  expect(await rig.named()).toBeUndefined();

  const restored = await rig.sever();
  expect(restored).toMatchObject({ missing: [], drift: [], cut: 0 });
  expect(sightsOf(restored).agent).toBe('served');
  expect(await values()).toEqual(before);
  expect(rig.snapshots.kept.size).toBe(0);
});

test('a route that was cut in the second in which it was made gets that second back', async () => {
  let seconds = 1_790_000_000;
  await use(ALL, REWRITE, { now: () => seconds * 1_000 });
  await rig.routes({ r1: '/r1' });
  const before = await values();
  await rig.sever('agent');
  seconds += 5;
  await rig.sever();
  expect(await values()).toEqual(before);
});

test('a route that is off is left alone, and cut when somebody switches it on', async () => {
  await use(ALL, REWRITE);
  await rig.routes({ off: { uri: '/off', status: 0 }, on: '/on' });
  const before = await rig.objects();
  await rig.sever('agent');
  expect((await rig.objects())['/apisix/routes/off']).toEqual(before['/apisix/routes/off']);
  await rig.admin('PATCH', '/routes/off', { status: 1 });
  expect(await rig.status('/off')).toBe(200);
  const report = await rig.sever('agent');
  expect(report).toMatchObject({ drift: [], writes: ['PATCH so that they refuse: 1 route: off'] });
  expect(await rig.status('/off')).toBe(503);
  await rig.sever();
  expect(await rig.status('/off')).toBe(200);
});

test('the snapshot is kept before the write, holds plain text, and the secret works afterwards', async () => {
  await awkward();
  const cipher = JSON.stringify(rig.apisix.store.get('/apisix/routes/secret'));
  expect(cipher).not.toContain('sk-secret');
  const seen: string[] = [];
  const { saveSnapshot } = rig.snapshots;
  Object.assign(rig.snapshots, {
    saveSnapshot: async (snapshot: Snapshot) => {
      const now = rig.apisix.store.get(`/apisix/routes/${snapshot.route}`)?.value as { plugins?: object };
      expect(JSON.stringify(now)).not.toContain('pullcord');
      seen.push(snapshot.route);
      return saveSnapshot(snapshot);
    },
  });
  await rig.sever('agent');
  expect(seen.sort()).toEqual(Object.keys(AWKWARD).sort());
  expect(JSON.parse(rig.snapshots.kept.get('secret') ?? '')).toMatchObject({
    gateway: 'main',
    before: { plugins: { 'ai-proxy': { auth: { header: { Authorization: 'Bearer sk-secret' } } } } },
  });
  await rig.sever();
  const { body } = await rig.admin('GET', '/routes/secret');
  expect(JSON.stringify(body)).toContain('Bearer sk-secret');
  expect(JSON.stringify(rig.apisix.store.get('/apisix/routes/secret')?.value)).toBe(
    JSON.stringify(JSON.parse(cipher).value),
  );
});

test('a route whose snapshot can not be kept anywhere is not rewritten, and why is said', async () => {
  await use(ALL, REWRITE);
  await rig.routes({ r1: '/r1' });
  const before = await rig.objects();
  rig.snapshots.fault = () => Promise.reject(new Error('the ledger did not answer'));
  const report = await rig.sever('agent');
  expect(sightsOf(report).agent).toBe('unseen');
  expect(report.missing.join()).toMatch(/the ledger did not answer/);
  expect(await rig.objects()).toEqual(before);
  rig.snapshots.fault = undefined;
  expect(sightsOf(await rig.sever('agent')).agent).toBe('refused');
});

test('overlapping scopes: a route is put back with the last one', async () => {
  await use({ agent: { routes: [{ all: true }] }, llm: { routes: [{ uri: '/llm*' }] } }, REWRITE);
  await rig.routes({ a: '/a', l: '/llm' });
  const before = await values();
  await rig.sever('agent', 'llm');
  const report = await rig.sever('llm');
  expect([await rig.status('/a'), await rig.status('/llm')]).toEqual([200, 503]);
  expect(sightsOf(report)).toEqual({ agent: 'served', llm: 'refused' });
  await rig.sever();
  expect(await values()).toEqual(before);
});

test("others' edits to other fields survive, and are said", async () => {
  await use(ALL, REWRITE);
  await rig.routes({ r1: { uri: '/r1', plugins: { cors: {} } }, r2: '/r2' });
  const before = (await values()) as Record<string, object>;
  await rig.sever('agent');
  await rig.admin('PATCH', '/routes/r1', { desc: 'theirs', plugins: { 'limit-count': null, cors: { max_age: 9 } } });
  await rig.admin('PATCH', '/routes/r2', { plugins: { cors: {} } });
  expect((await rig.sever('agent')).drift).toEqual([]);
  const report = await rig.sever();
  expect([...report.drift].sort()).toEqual([
    'route r1 was changed by somebody else while severed, and keeps it: desc, plugins',
    'route r2 was changed by somebody else while severed, and keeps it: plugins',
  ]);
  const after = (await values()) as Record<string, object>;
  expect(after['/apisix/routes/r1']).toEqual({
    ...before['/apisix/routes/r1'],
    desc: 'theirs',
    plugins: { cors: { max_age: 9 } },
    update_time: expect.any(Number),
  });
  expect(after['/apisix/routes/r2']).toMatchObject({ plugins: { cors: {} } });
  expect(await rig.status('/r1')).toBe(200);
});

test('what a merge patch can not say is put back by a PUT, at the price of update_time', async () => {
  await use(ALL, REWRITE);
  await rig.routes({ r1: { uri: '/r1', ...fault({ delay: { duration: 0 }, theirs: null }) } });
  const before = (await values())['/apisix/routes/r1'] as object;
  expect(before).toMatchObject(fault({ theirs: null }));
  await rig.sever('agent');
  expect(await rig.status('/r1')).toBe(503);
  const calls = rig.listen();
  expect(await rig.sever()).toMatchObject({ drift: [], missing: [] });
  expect(calls).toContain('PUT routes/r1');
  expect({ ...((await values())['/apisix/routes/r1'] as object), update_time: 0 }).toEqual({
    ...before,
    update_time: 0,
  });
});

test('a route that others put back is cut again with a new snapshot, and that is drift', async () => {
  await use(ALL, REWRITE);
  await rig.routes({ r1: { uri: '/r1', desc: 'old' } });
  await rig.sever('agent');
  await rig.routes({ r1: { uri: '/r1', desc: 'new' } });
  expect(await rig.status('/r1')).toBe(200);
  const report = await rig.sever('agent');
  expect(report.drift).toEqual(['route r1 was changed by somebody else and served again while severed: cut again']);
  expect(await rig.status('/r1')).toBe(503);
  await rig.sever();
  expect((await rig.admin('GET', '/routes/r1')).body).toMatchObject({ value: { desc: 'new' } });
  expect((await values())['/apisix/routes/r1']).not.toHaveProperty('plugins');
});

test('a refusal that others weakened is cut again, and what was before it comes back', async () => {
  await use(ALL, REWRITE);
  await rig.routes({ r1: { uri: '/r1', ...fault(some) }, r2: { uri: '/r2', ...AWKWARD.scripted, name: 'x' } });
  const before = await values();
  await rig.sever('agent');
  await rig.admin('PATCH', '/routes/r1', fault({ _meta: { disable: true } }));
  await rig.admin('PATCH', '/routes/r2', fault({ abort: { percentage: 0 } }));
  const report = await rig.sever('agent');
  expect(report.drift).toHaveLength(2);
  expect(sightsOf(report).agent).toBe('refused');
  await rig.sever();
  const after = await values();
  for (const key of Object.keys(before))
    expect(applyMergePatch(after[key], { update_time: null })).toEqual(
      applyMergePatch(before[key], { update_time: null }),
    );
});

test('a route that others deleted is not made again, and that is said', async () => {
  await use(ALL, REWRITE);
  await rig.routes({ r1: '/r1', r2: '/r2' });
  await rig.sever('agent');
  await rig.admin('DELETE', '/routes/r1');
  const report = await rig.sever();
  expect(report.drift).toEqual(['route r1 was deleted by somebody else while severed; not recreated']);
  expect((await rig.admin('GET', '/routes/r1')).status).toBe(404);
  expect(rig.snapshots.kept.size).toBe(0);
});

test('killed between the snapshot and the write: cut by the next process, without drift, and put back exactly', async () => {
  await use(ALL, REWRITE);
  await rig.routes({ r1: '/r1' });
  await rig.admin('PATCH', '/routes/r1', { update_time: 1_700_000_000 });
  const before = await values();
  await rig.sever('agent');
  const kept = rig.snapshots.kept.get('r1') ?? '';
  await rig.sever();
  rig.snapshots.kept.set('r1', kept);

  const next = rig.another();
  expect(await next.enforce(goalOf(['agent'], 3), notOvertaken())).toMatchObject({ drift: [], cut: 1 });
  expect(await rig.status('/r1')).toBe(503);
  await rig.another().enforce(goalOf([], 4), notOvertaken());
  expect(await values()).toEqual(before);
  expect(rig.snapshots.kept.size).toBe(0);
});

test('killed between the write back and the end of the snapshot: nothing is written again', async () => {
  await use(ALL, REWRITE);
  await rig.routes({ r1: '/r1' });
  await rig.sever('agent');
  const kept = rig.snapshots.kept.get('r1') ?? '';
  await rig.sever();
  rig.snapshots.kept.set('r1', kept);
  const before = await rig.objects();
  const report = await rig.another().enforce(goalOf([], 3), notOvertaken());
  expect(report).toMatchObject({ drift: [], writes: [], missing: [] });
  expect(await rig.objects()).toEqual(before);
  expect(rig.snapshots.kept.size).toBe(0);
});

test('a refusal without a snapshot is left to a person, and the scope is not said to be served', async () => {
  await use(ALL, REWRITE);
  await rig.routes({ r1: '/r1' });
  await rig.sever('agent');
  rig.snapshots.kept.clear();
  const report = await rig.sever();
  expect(sightsOf(report).agent).toBe('unseen');
  expect(report.missing.join()).toMatch(/r1 still refuses for Pullcord, and no snapshot tells what it was/);
  expect(await rig.status('/r1')).toBe(503);
});

test('each write back needs leave of its own', async () => {
  await use(ALL, REWRITE);
  await rig.routes({ r1: '/r1', r2: '/r2', r3: '/r3' });
  await rig.sever('agent');
  let left = 1;
  const once = async (): Promise<boolean> => left-- > 0;
  const report = await rig.cutter.enforce(goalOf([], 2, once), notOvertaken());
  expect(report.missing).toEqual(['nothing is given back: the ledger does not say that it may be']);
  expect(sightsOf(report).agent).toBe('unseen');
  const statuses = await Promise.all(['/r1', '/r2', '/r3'].map((path) => rig.status(path)));
  expect(statuses.sort()).toEqual([200, 503, 503]);
});

test('one route that APISIX refuses keeps no other from being cut', async () => {
  await use(ALL, { ...REWRITE, timeoutMs: 200 });
  await rig.admin('PUT', '/upstreams/u1', { type: 'roundrobin', nodes: { '127.0.0.1:1': 1 } });
  await rig.routes({ bad: { uri: '/bad', upstream_id: 'u1', upstream: undefined }, good: '/good' });
  await rig.admin('DELETE', '/upstreams/u1?force=true');
  const report = await rig.sever('agent');
  expect(report.missing.join()).toMatch(/route bad can't be rewritten: .*failed to fetch upstream info/);
  expect(sightsOf(report).agent).toBe('unseen');
  expect(await rig.status('/good')).toBe(503);
});

test('auto: another global rule with fault-injection: the routes are rewritten at once, and why is said', async () => {
  await use(ALL);
  await rig.admin('PUT', '/global_rules/chaos', { plugins: { 'fault-injection': { delay: { duration: 0 } } } });
  await rig.routes({ r1: '/r1' });
  const before = await values();
  const idle = await rig.sever();
  expect(idle).toMatchObject({ missing: [], drift: [] });
  expect(await rig.cutter.prepare()).toEqual({
    armed: false,
    why: expect.stringMatching(/global rule chaos uses fault-injection, too.*move it/),
  });
  const report = await rig.sever('agent');
  expect(sightsOf(report).agent).toBe('refused');
  expect(report.missing).toEqual([]);
  expect(report.drift).toEqual([expect.stringMatching(/^agent: the routes are rewritten one by one.*chaos/)]);
  expect((await rig.sever('agent')).drift).toEqual([]);
  await rig.sever();
  expect(await values()).toEqual(before);
});

test('clamp: it never climbs, and says why it is not seen', async () => {
  await use(ALL, { method: 'clamp', timeoutMs: 300 });
  await rig.admin('PUT', '/global_rules/chaos', { plugins: { 'fault-injection': { delay: { duration: 0 } } } });
  await rig.routes({ r1: '/r1' });
  const before = await rig.objects();
  const report = await rig.sever('agent');
  expect(sightsOf(report).agent).toBe('unseen');
  expect(report.missing.join()).toMatch(/the clamp can't be armed: global rule chaos/);
  rig.clock.ahead += 60_000;
  await rig.sever('agent');
  expect(await rig.objects()).toEqual(before);
});

test('auto: two rules with one plugin, forced into etcd, run neither: the rewrite cuts, and is undone', async () => {
  await use(ALL, { timeoutMs: 200 });
  await rig.routes({ r1: '/r1', r2: '/r2' });
  await rig.sever();
  const plugins = { 'fault-injection': { delay: { duration: 0 } } };
  rig.apisix.store.put('/apisix/global_rules/forced', { id: 'forced', plugins, create_time: 1, update_time: 1 });
  const before = await values();
  const report = await rig.sever('agent');
  expect(sightsOf(report).agent).toBe('refused');
  expect(report.drift.join()).toMatch(/rewritten one by one, the clamp can't be armed: global rule forced/);
  await rig.sever();
  expect(await values()).toEqual(before);
});

test('auto: a gateway that went deaf is backed by the rewrite only when patience is over', async () => {
  await use(ALL, { climbAfterMs: 5_000, timeoutMs: 200 });
  await rig.routes({ r1: '/r1', r2: '/r2' });
  await rig.sever();
  await rig.apisix.faults.gateway(0, 'deaf');
  const first = await rig.sever('agent');
  expect(sightsOf(first).agent).toBe('unseen');
  expect(first.missing.join()).toMatch(/gateway http:.* still serves agent: HEAD \/r1 answered 200/);
  expect(rig.snapshots.kept.size).toBe(0);
  rig.clock.ahead += 5_000;
  const second = await rig.sever('agent');
  expect(second.drift).toEqual([
    'agent: the routes are rewritten one by one, the clamp was not seen to hold within 5000 ms',
  ]);
  expect(second.writes).toEqual(['PATCH so that they refuse: 2 routes: r1, r2']);
  expect(sightsOf(second).agent).toBe('unseen');
  await rig.apisix.faults.clear();
  const third = await rig.sever('agent');
  expect(sightsOf(third).agent).toBe('refused');
  expect(third.drift).toEqual([]);
  const restored = await rig.sever();
  expect(sightsOf(restored).agent).toBe('served');
  expect(await rig.status('/r1')).toBe(200);
  expect(rig.snapshots.kept.size).toBe(0);
});

test('the rewrite is looked for on every route, however few the connections', async () => {
  await use(ALL, { ...REWRITE, probeConnections: 1, timeoutMs: 200 });
  await rig.routes({ r1: '/r1', r2: '/r2', r3: '/r3', r4: '/r4' });
  await rig.apisix.faults.gateway(0, 'deaf');
  const report = await rig.sever('agent');
  expect(sightsOf(report).agent).toBe('unseen');
  expect(new Set(rig.upstream.requests.map(({ path }) => path))).toEqual(new Set(['/r1', '/r2', '/r3', '/r4']));
});
