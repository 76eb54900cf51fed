import { configSchema } from '../../src/config/schema';
import { CLAMP_PATH, readClamp, setIds } from '../../src/cutters/apisix/clamp';
import { type AdminApi, createAdminApi } from '../../src/cutters/apisix/client';
import { createApisixCutter } from '../../src/cutters/apisix/cutter';
import { createLogger } from '../../src/log';
import { createDrillGateway, type DrillGateway } from '../../src/supervision/drill/gateway';
import { until } from '../support/until';
import { type Gateway, openGateway } from './gateway';

/**
 * The canary of a drill, with the clamp that a gateway has, or that is armed here and removed at the end: it answers by
 * itself, streams, is refused when the clamp names it, and its stream ends. Needs a gateway whose clamp can be armed.
 */
const MS = 5_000;
const notAborted = new AbortController().signal;
const canary = { token: 'ab'.repeat(12), streams: true };

let gateway: Gateway;
let api: AdminApi;
let drills: DrillGateway;
let hadClamp = false;
beforeAll(async () => {
  gateway = await openGateway();
  const { adminUrl, adminKey, gatewayUrls } = gateway;
  const { gateways } = configSchema.parse({
    ...{ publicUrl: 'https://pullcord.example.org', key: 'k', scopes: { agent: { routes: [{ id: 'none' }] } } },
    gateways: { main: { adminUrl, adminKey, gatewayUrls: [...gatewayUrls] } },
  });
  const config = gateways.main as NonNullable<typeof gateways.main>;
  api = createAdminApi({ url: adminUrl, key: adminKey, timeoutMs: MS });
  hadClamp = (await readClamp(api)) !== undefined;
  const snapshots = {
    snapshots: async () => [],
    saveSnapshot: async () => undefined,
    dropSnapshot: async () => undefined,
  };
  const cutter = createApisixCutter({
    ...{ name: 'main', config, scopes: {}, snapshots, now: Date.now },
    logger: createLogger({ level: 'silent' }),
  });
  expect(await cutter.prepare()).toMatchObject({ armed: true, streams: 'all' });
  await cutter.close();
  drills = createDrillGateway('main', config, Date.now);
});
afterAll(async () => {
  await drills.remove();
  if (hadClamp) await setIds(api, []);
  else await api.remove(CLAMP_PATH);
  drills.close();
  api.close();
  await gateway.close();
});

it('answers by itself, streams, is refused and ended by the clamp, and served again', async () => {
  expect(await drills.inspect()).toMatchObject({ faults: [], endsStreams: true });
  expect(await drills.make(canary)).toEqual({ canary });
  await drills.awaitAll('served', canary, MS, notAborted);
  const streams = await drills.open(canary);
  expect(streams).toHaveLength(gateway.gatewayUrls.length);
  expect(streams.every(({ ended }) => ended === undefined)).toBe(true);

  await setIds(api, ['pullcord-drill']);
  await drills.awaitAll('refused', canary, MS, notAborted);
  expect(await drills.rung()).toBe('clamp');
  await until(() => streams.every(({ ended }) => ended?.how === 'cut'));

  await setIds(api, []);
  await drills.awaitAll('served', canary, MS, notAborted);
  await drills.remove();
  expect(await drills.hasCanary()).toBe(false);
});
