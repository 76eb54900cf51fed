import { configSchema, type GatewayConfig } from '../../../src/config/schema';
import { inspectGateway } from '../../../src/cutters/apisix/inspect';
import { openRig, type Rig } from './rig';

const SCOPES = {
  agent: { routes: [{ label: 'agent' }] },
  empty: { routes: [{ id: 'nobody' }] },
};
let rig: Rig;
beforeEach(async () => {
  rig = await openRig(SCOPES);
  await rig.routes({
    a1: { uri: '/a1', labels: { agent: '1' } },
    a2: { uri: '/a2', labels: { agent: '1' }, status: 0 },
    a3: { uri: '/a3', labels: { agent: '1' }, vars: [['arg_x', '==', '1']] },
  });
});
afterEach(() => rig.close());

function inspect(config: Partial<GatewayConfig> = {}, now = Date.now) {
  const { adminUrl, adminKey, gatewayUrls } = rig.apisix;
  const parsed = configSchema.parse({
    publicUrl: 'https://pullcord.example.org',
    key: 'k',
    gateways: { main: { adminUrl, adminKey, gatewayUrls, timeoutMs: 200, ...config } },
    scopes: SCOPES,
    defaultScope: 'agent',
  });
  const gateway = parsed.gateways.main as GatewayConfig;
  return inspectGateway({ name: 'main', config: gateway, scopes: parsed.scopes, now });
}

test('a gateway that is as it should be', async () => {
  await rig.cutter.prepare();
  expect(await inspect()).toEqual({
    gateway: 'main',
    admin: { reads: true, writes: true, clockSkewSeconds: expect.any(Number) },
    clamp: { armed: true, armable: true, streams: 'all', why: [], cut: 0 },
    scopes: [
      { scope: 'agent', routes: 3, called: ['a1', 'a2', 'a3'], off: 1, probes: 1, blind: ['a3'] },
      { scope: 'empty', routes: 0, called: [], off: 0, probes: 0, blind: [] },
    ],
    gateways: [{ url: rig.apisix.gatewayUrl, answers: true, detail: '404' }],
    guards: [],
  });
});

test('it changes nothing but the time of the rule, and arms none', async () => {
  await inspect();
  expect(await rig.named()).toBeUndefined();
  await rig.sever('agent');
  const before = await rig.objects();
  const facts = await inspect();
  expect(facts.clamp).toMatchObject({ armed: true, cut: 3 });
  expect(await rig.objects()).toEqual(before);
  expect(await rig.named()).toEqual(['a1', 'a2', 'a3']);
});

test('a key that only reads', async () => {
  const { admin, clamp } = await inspect({ adminKey: rig.apisix.viewerKey });
  expect(admin).toMatchObject({ reads: true, writes: false });
  expect(admin.why).toMatch(/invalid method for role viewer.*role admin, not viewer/);
  expect(clamp).toMatchObject({ armed: false, armable: true });
});

test('a wrong key', async () => {
  const facts = await inspect({ adminKey: 'nonsense' });
  expect(facts).toMatchObject({ admin: { reads: false, writes: false }, scopes: [], gateways: [{ answers: true }] });
  expect(facts.clamp).toBeUndefined();
  expect(facts.admin.why).toMatch(/wrong apikey.*adminKey/);
  expect(JSON.stringify(facts)).not.toContain('nonsense');
});

test('another rule in the way', async () => {
  await rig.admin('PUT', '/global_rules/chaos', { plugins: { 'fault-injection': { delay: { duration: 0 } } } });
  const { clamp } = await inspect();
  expect(clamp).toMatchObject({ armed: false, armable: false, streams: 'none' });
  expect(clamp?.why).toEqual([
    expect.stringMatching(/^global rule chaos uses fault-injection, too.*remove it from chaos$/),
  ]);
});

test.each([
  ['serverless-post-function', 'all-without-event', 'open streams end without a last event'],
  ['serverless-pre-function', 'speaking', 'open streams that are silent, and WebSockets, are not ended'],
])('another rule with %s: the clamp is armed without, and says what it lacks', async (taken, streams, lack) => {
  const functions = ['return function() end'];
  await rig.admin('PUT', '/global_rules/other', { plugins: { [taken]: { functions } } });
  const why = `${lack}: global rule other uses ${taken}`;
  expect(await rig.cutter.prepare()).toMatchObject({ armed: true, streams, why: expect.stringContaining(why) });
  expect((await inspect()).clamp).toMatchObject({
    armed: true,
    armable: true,
    streams,
    why: [expect.stringContaining(why)],
  });
  await rig.sever('agent');
  expect(await rig.status('/a1')).toBe(503);
  await rig.sever();
  expect(await rig.status('/a1')).toBe(200);
});

test('a gateway that does not answer, and a clock that is wrong', async () => {
  const facts = await inspect(
    { gatewayUrls: [rig.apisix.gatewayUrl, 'http://127.0.0.1:9'] },
    () => Date.now() - 90_000,
  );
  expect(facts.gateways).toEqual([
    { url: rig.apisix.gatewayUrl, answers: true, detail: '404' },
    { url: 'http://127.0.0.1:9', answers: false, detail: 'ECONNREFUSED' },
  ]);
  expect(Math.abs((facts.admin.clockSkewSeconds ?? 0) - 90)).toBeLessThanOrEqual(1);
});

test('an Admin API that hangs', async () => {
  rig.apisix.faults.hang();
  expect(await inspect()).toMatchObject({ admin: { reads: false, why: expect.stringMatching(/no answer in time/) } });
});
