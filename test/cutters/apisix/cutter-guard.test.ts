import { createGuardApi } from '../../../src/cutters/apisix/guard/api';
import { goalOf, notOvertaken } from '../../support/goal';
import { openStream } from '../../support/stream';
import { until } from '../../support/until';
import { openRig, type Rig, sightsOf } from './rig';

/** Rung four, laws 1, 2, 4 and 5 at it: the guards in the gateways' processes. */
const SECRET = 'the secret that guards and Pullcord share';
const LLM = { agent: { routes: [{ uri: '/llm/*' }] } };
const OTHERS = { agent: { routes: [{ uri: '/llm/*' }] }, tools: { routes: [{ uri: '/tools/*' }] } };

let rig: Rig;
async function use(
  scopes: Parameters<typeof openRig>[0] = LLM,
  config: Parameters<typeof openRig>[1] = {},
): Promise<void> {
  rig = await openRig(scopes, { timeoutMs: 300, ...config }, { nodes: 2, guard: { secret: SECRET } });
  await rig.routes({ r1: '/llm/*', r2: '/tools/*' });
  await rig.sever();
}
afterEach(() => rig.close());

const agent = async (...severed: string[]): Promise<string | undefined> => sightsOf(await rig.sever(...severed)).agent;
const cutAt = (ids: readonly string[]): readonly (readonly string[])[] => [ids, ids];

test('is armed and told ahead of time, and nothing is wrong with it', async () => {
  await use();
  expect(rig.apisix.store.get('/apisix/global_rules/pullcord-guard')?.value).toMatchObject({
    plugins: { 'pullcord-guard': {} },
  });
  await rig.sever();
  expect([await rig.guarded(), rig.guardFaults()]).toEqual([cutAt([]), []]);
});

test.each<[what: string, spoil: () => Promise<void> | void]>([
  ['has lost its etcd', () => rig.apisix.faults.answer(503)],
  ['refuses the key', () => rig.apisix.faults.answer(401)],
  ['hangs', () => rig.apisix.faults.hang()],
  ['is gone', () => rig.apisix.faults.refuse()],
])('an Admin API that %s: severed is seen by the guard alone, at once; then restored exactly', async (_, spoil) => {
  await use();
  const before = await rig.objects();
  await spoil();
  const began = performance.now();
  const severing = rig.sever('agent');
  await until(async () => (await rig.status('/llm/x')) === 503, 250);
  const report = await severing;
  expect(performance.now() - began).toBeLessThan(1_500);
  expect(sightsOf(report).agent).toBe('refused');
  expect(report.cut).toBe(1);
  expect(report.writes.filter((what) => what.startsWith('PUT guard'))).toHaveLength(2);
  expect(report.missing.join()).toMatch(/Admin API of main/);
  expect([await rig.status('/llm/x'), await rig.status('/tools/x')]).toEqual([503, 200]);

  await rig.apisix.faults.clear();
  expect(await agent('agent')).toBe('refused');
  expect(await agent()).toBe('served');
  expect([await rig.guarded(), await rig.named(), await rig.status('/llm/x')]).toEqual([cutAt([]), ['-none-'], 200]);
  expect(await rig.objects()).toEqual(before);
});

test('ends open streams with the Admin API dead, and leaves the others alone', async () => {
  await use();
  const [severed, silent, other] = await Promise.all(
    ['/llm/sse', '/llm/held', '/tools/sse'].map((path) => openStream(`${rig.apisix.gatewayUrl}${path}`)),
  );
  await until(() => [severed, silent, other].every((stream) => stream?.text()));
  rig.apisix.faults.answer(503);
  await rig.sever('agent');
  await until(() => severed?.ending() && silent?.ending() && rig.upstream.open() === 1);
  expect(severed?.text()).toContain('event: error');
  expect(other?.ending()).toBeUndefined();
  other?.leave();
});

test('law 4: with the Admin API dead a restore gives nothing back, and says why', async () => {
  await use();
  rig.apisix.faults.answer(503);
  await rig.sever('agent');
  const report = await rig.sever();
  expect(sightsOf(report).agent).toBe('unseen');
  expect(report.missing.join()).toMatch(/nothing is given back while the Admin API of main can't be used/);
  expect([await rig.guarded(), await rig.status('/llm/x')]).toEqual([cutAt(['r1']), 503]);
});

test('law 4: without a leave the guards only grow', async () => {
  await use(OTHERS);
  await rig.sever('agent');
  const report = await rig.cutter.enforce(
    goalOf(['tools'], 90, async () => false),
    notOvertaken(),
  );
  expect(sightsOf(report)).toMatchObject({ agent: 'unseen', tools: 'refused' });
  expect(report.missing.join()).toMatch(/the ledger does not say that it may be/);
  expect(await rig.guarded()).toEqual(cutAt(['r1', 'r2']));
  expect(await rig.status('/llm/x')).toBe(503);
});

test.each([false, true])(
  'law 2: a gateway that restarted with an empty guard is told again (Admin API dead: %s)',
  async (dead) => {
    await use();
    await rig.sever('agent');
    if (dead) rig.apisix.faults.answer(503);
    rig.apisix.controls[1]?.forget();
    expect(await rig.guarded()).toEqual([['r1'], []]);
    const report = await rig.sever('agent');
    expect(report.drift.join()).toMatch(/the guard at .* no longer held 1 route: r1/);
    expect([await rig.guarded(), sightsOf(report).agent]).toEqual([cutAt(['r1']), 'refused']);
  },
);

const OFF = { plugins: { 'pullcord-guard': { _meta: { disable: true } } } };
test.each([
  ['deleted', undefined],
  ['switched off', OFF],
])('law 2: a rule that somebody %s is armed again', async (_, body) => {
  await use();
  await rig.admin(body ? 'PUT' : 'DELETE', '/global_rules/pullcord-guard', body);
  await rig.sever();
  await rig.sever();
  expect(rig.guardFaults()).toEqual([]);
  const rule = rig.apisix.store.get('/apisix/global_rules/pullcord-guard');
  expect(rule?.value).toMatchObject({ plugins: { 'pullcord-guard': {} } });
  expect(JSON.stringify(rule?.value)).not.toContain('disable');
});

test('law 5: a guard that is away holds up no cut that is seen, and is told of', async () => {
  await use();
  await rig.apisix.controls[1]?.refuse();
  expect(await agent('agent')).toBe('refused');
  expect(rig.guardFaults().join()).toMatch(/the guard at .*: ECONNREFUSED. Check controlUrls/);
  expect(rig.guardFaults().join()).not.toContain(SECRET);
  await rig.apisix.controls[1]?.accept();
  expect(await agent('agent')).toBe('refused');
  await rig.sever('agent');
  expect([await rig.guarded(), rig.guardFaults()]).toEqual([cutAt(['r1']), []]);
});

test('law 5: a scope is not called restored while a guard still cuts, nor while one that did is away', async () => {
  await use();
  await rig.sever('agent');
  await rig.apisix.controls[1]?.refuse();
  const report = await rig.sever();
  expect(sightsOf(report).agent).toBe('unseen');
  expect(report.missing.join()).toMatch(/a guard still refuses 1 route: r1; the guard at .*ECONNREFUSED/);
  await rig.apisix.controls[1]?.accept();
  expect(await agent()).toBe('served');
  expect(await rig.guarded()).toEqual(cutAt([]));
});

test('law 1: what a later order overtook never comes after it', async () => {
  await use();
  await rig.sever('agent');
  const restoring = new AbortController();
  const overtaken = rig.cutter.enforce(
    goalOf([], 50, async () => {
      restoring.abort();
      return true;
    }),
    restoring.signal,
  );
  const report = await rig.cutter.enforce(goalOf(['agent'], 51), notOvertaken());
  await overtaken;
  expect([sightsOf(report).agent, await rig.guarded()]).toEqual(['refused', cutAt(['r1'])]);
  // The write of order 50, as if it had hung on its way until now.
  const { url } = rig.apisix.controls[0] as { url: string };
  const late = createGuardApi({ controlUrl: url, secret: SECRET, timeoutMs: 500, now: Date.now });
  await expect(late.cut({ order: 50, seq: Date.now() * 2, ids: [] }, notOvertaken())).rejects.toMatchObject({
    kind: 'stale',
  });
  late.close();
  expect(await rig.guarded()).toEqual(cutAt(['r1']));
});

test('a ledger that was lost counts its orders from one again: the guards follow', async () => {
  await use();
  await rig.cutter.enforce(goalOf(['agent'], 70), notOvertaken());
  const fresh = rig.another();
  expect(sightsOf(await fresh.enforce(goalOf([], 1), notOvertaken())).agent).toBe('served');
  expect(await rig.guarded()).toEqual(cutAt([]));
  rig.apisix.faults.answer(503);
  expect(sightsOf(await fresh.enforce(goalOf(['agent'], 2), notOvertaken())).agent).toBe('refused');
  expect(await rig.guarded()).toEqual(cutAt(['r1']));
});

test('a Pullcord that starts with the Admin API dead learns the routes from the gateway, and cuts', async () => {
  await use();
  rig.apisix.faults.answer(503);
  const fresh = rig.another();
  const report = await fresh.enforce(goalOf(['agent'], 9), notOvertaken());
  expect([sightsOf(report).agent, await rig.guarded()]).toEqual(['refused', cutAt(['r1'])]);
  expect([await rig.status('/llm/x'), await rig.status('/tools/x')]).toEqual([503, 200]);
});

test('a route that comes to a severed scope is held by the guards, too', async () => {
  await use();
  await rig.sever('agent');
  await rig.routes({ r3: '/llm/*' });
  await rig.sever('agent');
  expect(await rig.guarded()).toEqual(cutAt(['r1', 'r3']));
});

test('a wrong secret is told, without it', async () => {
  await use();
  const other = rig.another(LLM, {
    guard: { controlUrls: rig.apisix.controls.map(({ url }) => url), secret: 'quite another secret of 32 characters' },
  });
  const report = await other.enforce(goalOf(['agent'], 9), notOvertaken());
  expect(sightsOf(report).agent).toBe('refused');
  expect(rig.guardFaults().join()).toMatch(/answered 401: the signature is wrong.*the same secret/);
  expect(rig.guardFaults().join()).not.toContain('quite another');
});
