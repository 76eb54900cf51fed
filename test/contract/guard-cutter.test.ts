import { request } from 'node:http';
import { pino } from 'pino';
import { configSchema, type GatewayConfig } from '../../src/config/schema';
import { type ApisixCutter, createApisixCutter } from '../../src/cutters/apisix/cutter';
import { createGuardApi, type GuardApi } from '../../src/cutters/apisix/guard/api';
import type { Report } from '../../src/cutters/cutter';
import { type Listener, listen } from '../../src/sandbox/apisix/listener';
import { snapshotsInMemory } from '../cutters/apisix/rig';
import { goalOf, notOvertaken } from '../support/goal';
import { type ClientStream, openStream } from '../support/stream';
import { until } from '../support/until';
import { type Gateway, openGateway } from './gateway';

/**
 * The cutter with a guard while the Admin API is dead: it goes through a door here that can be shut. With
 * APISIX_MASTER_PID, the process of a real gateway on this machine, the gateway is also reloaded in the middle.
 */
const RULES = ['/global_rules/pullcord-clamp', '/global_rules/pullcord-guard'];
const guarded = process.env.APISIX_ADMIN_URL && !process.env.APISIX_GUARD_URL ? test.skip : test;
const reloaded = process.env.APISIX_MASTER_PID ? guarded : test.skip;

let gateway: Gateway;
let door: Listener;
let cutter: ApisixCutter;
let guard: GuardApi;
const found = new Map<string, unknown>();
let order = 0;
let [cut, kept] = ['', ''];

beforeAll(async () => {
  gateway = await openGateway();
  if (gateway.controlUrls.length === 0) return;
  for (const rule of RULES) {
    const { status, body } = await gateway.admin('GET', rule);
    if (status === 200) found.set(rule, (body.value as { readonly plugins: object }).plugins);
  }
  door = await listen({
    port: 0,
    onRequest: (req, res) => {
      const onward = request(`${gateway.adminUrl}${req.url}`, { method: req.method, headers: req.headers });
      onward.on('response', (answer) => {
        res.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(res);
      });
      onward.on('error', () => res.destroy());
      req.pipe(onward);
    },
  });
  const [secret, controlUrls] = [gateway.guardSecret, gateway.controlUrls];
  guard = createGuardApi({ controlUrl: controlUrls[0] as string, secret, timeoutMs: 2_000, now: Date.now });
  order = (await guard.state(notOvertaken())).order;
  const { adminKey, gatewayUrls, mark } = gateway;
  const parsed = configSchema.parse({
    publicUrl: 'https://pullcord.example.org',
    key: 'k',
    gateways: { main: { adminUrl: door.url, adminKey, gatewayUrls, guard: { controlUrls, secret } } },
    scopes: { agent: { routes: [{ label: `pullcord-guard=${mark}` }], probes: [{ path: `/${mark}-cut/x` }] } },
  });
  cutter = createApisixCutter({
    ...{ name: 'main', config: parsed.gateways.main as GatewayConfig, scopes: parsed.scopes },
    ...{ snapshots: snapshotsInMemory(), logger: pino({ level: 'silent' }), now: Date.now },
  });
  [cut, kept] = [`/${mark}-cut`, `/${mark}-kept`];
  const labels = { 'pullcord-guard': mark };
  await gateway.route('cut', { uri: `${cut}/*`, labels, enable_websocket: true, upstream: gateway.upstreamConf });
  await gateway.route('kept', { uri: `${kept}/*`, upstream: gateway.upstreamConf });
  await gateway.settle();
  await enforce();
  await until(async () => (await guard.state(notOvertaken())).workers.every(({ armed }) => armed));
}, 60_000);
afterAll(async () => {
  await cutter?.close();
  guard?.close();
  await door?.close();
  for (const rule of gateway.controlUrls.length > 0 ? RULES : [])
    if (found.has(rule)) await gateway.admin('PUT', rule, { plugins: found.get(rule) });
    else await gateway.admin('DELETE', rule);
  await gateway.close();
}, 60_000);
afterEach(() => door?.accept());

async function enforce(...severed: readonly string[]): Promise<Report> {
  order += 1;
  return until(async () => {
    const report = await cutter.enforce(goalOf(severed, order), notOvertaken());
    return report.sights.get('agent') === (severed.length > 0 ? 'refused' : 'served') ? report : undefined;
  }, 10_000);
}

const routes = async (): Promise<readonly unknown[]> =>
  Promise.all(
    ['cut', 'kept'].map(async (name) => (await gateway.admin('GET', `/routes/${gateway.mark}-${name}`)).body),
  );

async function streams(): Promise<readonly ClientStream[]> {
  const paths = [`${cut}/sse`, `${cut}/held`, `${cut}/text`, `${kept}/sse`];
  const all = await Promise.all(paths.map((path) => openStream(`${gateway.gatewayUrls[0]}${path}`)));
  await until(() => all.every((stream) => stream.text().length > 0));
  return all;
}

async function ended([events, silent, text, other]: readonly ClientStream[]): Promise<void> {
  await until(() => events?.ending() && silent?.ending() && text?.ending() && gateway.upstream.open() === 1);
  expect(events?.text()).toContain('event: error');
  const length = other?.text().length ?? 0;
  await until(() => (other?.text().length ?? 0) > length + 20);
  expect(other?.ending()).toBeUndefined();
  other?.leave();
  await until(() => gateway.upstream.open() === 0);
}

guarded('cuts with the Admin API dead, seen, streams and all; gives back exactly when it is there again', async () => {
  const before = await routes();
  const open = await streams();
  await door.refuse();
  const report = await enforce('agent');
  expect(report.missing.join()).toMatch(/Admin API of main: .*ECONNREFUSED/);
  expect(report.cut).toBe(1);
  await ended(open);
  for (let i = 0; i < 12; i += 1) expect((await gateway.get(`${cut}/x`)).status).toBe(503);
  expect((await gateway.get(`${kept}/x`)).status).toBe(200);
  await door.accept();
  await enforce();
  for (let i = 0; i < 12; i += 1) expect((await gateway.get(`${cut}/x`)).status).toBe(200);
  expect(await routes()).toEqual(before);
  expect((await guard.state(notOvertaken())).ids).toEqual([]);
});

reloaded(
  'reaches workers that drain after a reload',
  async () => {
    const open = await streams();
    process.kill(Number(process.env.APISIX_MASTER_PID), 'SIGHUP');
    const drains = async () => (await guard.state(notOvertaken())).workers.some(({ draining }) => draining);
    await until(() => drains().catch(() => false), 10_000);
    await door.refuse();
    await enforce('agent');
    await ended(open);
    await until(async () => !(await drains()), 10_000);
    expect((await gateway.get(`${cut}/x`)).status).toBe(503);
    await door.accept();
    await enforce();
    expect((await gateway.get(`${cut}/x`)).status).toBe(200);
  },
  60_000,
);
