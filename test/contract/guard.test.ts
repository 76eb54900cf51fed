import type { Duplex } from 'node:stream';
import { createAdminApi } from '../../src/cutters/apisix/client';
import { createGuardApi, type GuardApi, GuardError, type GuardState } from '../../src/cutters/apisix/guard/api';
import { faultsOf } from '../../src/cutters/apisix/guard/judge';
import { armGuardRule, GUARD_RULE_PATH } from '../../src/cutters/apisix/guard/rule';
import { abort } from '../../src/cutters/apisix/refusal';
import { send } from '../sandbox/recorded/exchange';
import { notOvertaken } from '../support/goal';
import { openStream, upgrade } from '../support/stream';
import { until } from '../support/until';
import { type Gateway, openGateway } from './gateway';

/**
 * The guard in the gateways, the sandbox's or a real one's (APISIX_GUARD_URL, APISIX_GUARD_SECRET). On a real one nothing
 * may be severed meanwhile, and no Pullcord may keep the guard in step.
 */
let gateway: Gateway;
let guards: readonly GuardApi[] = [];
let [cut, kept] = ['', ''];
let order = 0;

const guardOf = (controlUrl: string, secret: string): GuardApi =>
  createGuardApi({ controlUrl, secret, timeoutMs: 2_000, now: Date.now });
const state = (guard = guards[0] as GuardApi): Promise<GuardState> => guard.state(notOvertaken());
const severed = (): string => `${gateway.mark}-cut`;

/** Tells every guard, and gives what they hold then. */
async function tell(ids: readonly string[], more: object = {}): Promise<void> {
  order += 1;
  for (const guard of guards) await guard.cut({ order, seq: 1, ids, ...more }, notOvertaken());
}

async function failure(work: Promise<unknown>): Promise<GuardError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(GuardError);
  return error as GuardError;
}

beforeAll(async () => {
  gateway = await openGateway();
  guards = gateway.controlUrls.map((url) => guardOf(url, gateway.guardSecret));
  if (guards.length === 0) return;
  [cut, kept] = [`/${gateway.mark}-cut`, `/${gateway.mark}-kept`];
  await gateway.route('cut', { uri: `${cut}/*`, enable_websocket: true, upstream: gateway.upstreamConf });
  await gateway.route('kept', { uri: `${kept}/*`, enable_websocket: true, upstream: gateway.upstreamConf });
  const api = createAdminApi({ url: gateway.adminUrl, key: gateway.adminKey, timeoutMs: 2_000 });
  await armGuardRule(api);
  expect(await armGuardRule(api)).toEqual({});
  api.close();
  await gateway.settle();
  order = (await state()).order;
  await tell([]);
  await until(async () =>
    (await Promise.all(guards.map((guard) => state(guard)))).every((one) => faultsOf(one).length === 0),
  );
});
afterAll(async () => {
  if (guards.length > 0) {
    await tell([]);
    await gateway.admin('DELETE', `/${GUARD_RULE_PATH}`);
  }
  for (const guard of guards) guard.close();
  await gateway.close();
});
afterEach(async () => {
  if (guards.length > 0) await tell([]);
  await until(() => gateway.upstream.open() === 0);
});

/** On a real gateway without a guard there is nothing to show. */
const guarded = process.env.APISIX_ADMIN_URL && !process.env.APISIX_GUARD_URL ? test.skip : test;
const open = (path: string) => openStream(`${gateway.gatewayUrls[0]}${path}`);

guarded(
  'refuses what it is told, as the clamp does, on every connection from the first on, and nothing else',
  async () => {
    await tell([severed()]);
    for (let i = 0; i < 24; i += 1) expect((await gateway.get(`${cut}/x`)).status).toBe(503);
    const { headers, text } = await gateway.get(`${cut}/x`);
    expect([headers['x-pullcord-severed'], headers['retry-after'], headers['content-type']]).toEqual([
      '1',
      '60',
      'application/json',
    ]);
    expect(text.trim()).toBe(String(abort.body).replace('$route_id', severed()));
    expect((await gateway.get(`${cut}/x`, {}, 'HEAD')).status).toBe(503);
    expect((await gateway.get(`${kept}/x`)).status).toBe(200);
    expect((await gateway.get(`/nowhere-${gateway.mark}`)).status).toBe(404);
    await tell([]);
    for (let i = 0; i < 12; i += 1) expect((await gateway.get(`${cut}/x`)).status).toBe(200);
  },
);

guarded('every worker says what it holds', async () => {
  await tell([severed()]);
  const seen = await until(async () => {
    const one = await state();
    return one.workers.every(({ serial }) => serial === one.serial) ? one : undefined;
  });
  expect(seen).toMatchObject({ name: 'pullcord-guard', version: 1, fail: 'open', order, seq: 1, ids: [severed()] });
  expect(seen.workers.filter(({ draining }) => !draining)).toHaveLength(seen.expected);
  expect(new Set(seen.workers.map(({ pid }) => pid)).size).toBe(seen.workers.length);
  expect(faultsOf(seen)).toEqual([]);
});

guarded(
  'ends an event stream with an event, a silent one, a download and WebSockets; the upstream too; others go on',
  async () => {
    const streams = await Promise.all(['sse', 'held', 'text'].map((kind) => open(`${cut}/${kind}`)));
    const other = await open(`${kept}/sse`);
    const sockets = (await Promise.all(
      [cut, cut, kept].map((path) => upgrade(`${gateway.gatewayUrls[0]}${path}/ws`)),
    )) as Duplex[];
    const closed = sockets.map(() => false);
    sockets.forEach((socket, i) => {
      socket
        .on('error', () => undefined)
        .on('close', () => {
          closed[i] = true;
        });
      socket.resume();
    });
    const talking = setInterval(() => sockets[0]?.write('x'), 20);
    try {
      await until(
        () => [...streams, other].every((stream) => stream.text().length > 0) && gateway.upstream.open() === 7,
      );
      const began = performance.now();
      await tell([severed()]);
      await until(
        () => streams.every((stream) => stream.ending()) && closed[0] && closed[1] && gateway.upstream.open() === 2,
      );
      expect(performance.now() - began).toBeLessThan(1_000);
    } finally {
      clearInterval(talking);
    }
    expect(streams.map((stream) => stream.ending())).toEqual(['aborted', 'aborted', 'aborted']);
    expect(streams[0]?.text()).toContain(
      'event: error\ndata: {"error":{"type":"severed","code":"pullcord_severed"}}\n\n',
    );
    expect(streams[1]?.text()).not.toContain('event: error');
    expect(streams[2]?.text()).not.toContain('event: error');
    const length = other.text().length;
    await until(() => other.text().length > length + 20);
    expect([other.ending(), closed[2]]).toEqual([undefined, false]);
    other.leave();
    sockets[2]?.destroy();
  },
);

guarded('an older write never overrides a newer one, unless it names what it replaces', async () => {
  await tell([severed()]);
  const [guard] = guards as [GuardApi];
  const held = { order, seq: 1 };
  for (const late of [
    { order: order - 1, seq: 99 },
    { order, seq: 1 },
    { order, seq: 0 },
  ])
    expect(await failure(guard.cut({ ...late, ids: [] }, notOvertaken()))).toMatchObject({ kind: 'stale' });
  expect((await gateway.get(`${cut}/x`)).status).toBe(503);
  const wrong = { order: 1, seq: 1, ids: [], after: { order, seq: 7 } };
  expect(await failure(guard.cut(wrong, notOvertaken()))).toMatchObject({ kind: 'stale' });
  expect((await guard.cut({ order, seq: 2, ids: [severed()] }, notOvertaken())).seq).toBe(2);
  const again = { order: 1, seq: 1, ids: [], after: { ...held, seq: 2 } };
  expect((await guard.cut(again, notOvertaken())).ids).toEqual([]);
});

guarded('nobody without the secret cuts, releases or looks', async () => {
  await tell([severed()]);
  const stranger = guardOf(gateway.controlUrls[0] as string, 'another secret, as long as it has to be');
  try {
    const write = { order: order + 1, seq: 1, ids: [] };
    for (const call of [stranger.cut(write, notOvertaken()), stranger.state(notOvertaken())]) {
      const error = await failure(call);
      expect(error.kind).toBe('unauthorised');
      expect(error.message).not.toContain('as long as it has to be');
    }
  } finally {
    stranger.close();
  }
  const url = gateway.controlUrls[0] as string;
  const path = '/v1/plugin/pullcord-guard';
  const bare = await send(url, 'PUT', `${path}/cut`, {}, JSON.stringify({ order: order + 1, seq: 1, ids: [] }));
  expect(bare.status).toBe(401);
  const look = await send(url, 'GET', `${path}/state`);
  expect([look.status, look.text.includes(severed())]).toEqual([401, false]);
  const late = createGuardApi({
    ...{ controlUrl: url, secret: gateway.guardSecret, timeoutMs: 2_000 },
    now: () => Date.now() - 301_000,
  });
  expect(await failure(late.state(notOvertaken()))).toMatchObject({ kind: 'unauthorised', message: /clock/ });
  late.close();
  expect((await gateway.get(`${cut}/x`)).status).toBe(503);
});

guarded.each<[what: string, write: object]>([
  ['no order', { seq: 1, ids: [] }],
  ['a broken number', { order: 1.5, seq: 1, ids: [] }],
  ['no ids', { order: 1, seq: 1 }],
  ['an id that is none', { order: 1, seq: 1, ids: ['a b'] }],
  ['an id that is too long', { order: 1, seq: 1, ids: ['x'.repeat(65)] }],
  ['a number for an id', { order: 1, seq: 1, ids: [1] }],
  ['scoped that is no list', { order: 1, seq: 1, ids: [], scoped: 'r1' }],
])('refuses a write with %s', async (_, write) => {
  const before = await state();
  const error = await failure((guards[0] as GuardApi).cut(write as never, notOvertaken()));
  expect([error.kind, error.what]).toEqual(['unavailable', expect.stringContaining('answered 400')]);
  expect((await state()).serial).toBe(before.serial);
});

guarded('takes thousands of routes', async () => {
  const many = Array.from({ length: 5_000 }, (_, i) => `route-with-a-rather-long-id-${i}`);
  await tell([...many, severed()], { scoped: many });
  expect((await state()).ids).toHaveLength(5_001);
  expect((await gateway.get(`${cut}/x`)).status).toBe(503);
});
