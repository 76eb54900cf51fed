import pino from 'pino';
import { configSchema } from '../../../src/config/schema';
import { type Listener, listen } from '../../../src/sandbox/apisix/listener';
import { createSupervision } from '../../../src/supervision';
import { type Heartbeat, startHeartbeat } from '../../../src/supervision/heartbeat/heartbeat';
import type { PartReport } from '../../../src/supervision/line/line';
import type { Readiness } from '../../../src/supervision/readiness';
import { until } from '../../support/until';

/** A watcher outside, and a Pullcord whose clock the test moves. */
let watcher: Listener;
let heartbeat: Heartbeat | undefined;
let pings: { readonly method: string; readonly path: string; readonly body: string }[];
let answer: { status: number; location?: string };
let reports: PartReport[];
let logged: string[];
let at: number;
let state: Readiness['state'];
let stuck: string | undefined;

const SECRET = '0d338dcc-secret';

beforeEach(async () => {
  [pings, reports, logged, at, state, stuck] = [[], [], [], 0, 'armed', undefined];
  answer = { status: 200 };
  watcher = await listen({
    port: 0,
    onRequest: async (req, res) => {
      const chunks: Buffer[] = [];
      for await (const chunk of req) chunks.push(chunk as Buffer);
      pings.push({ method: req.method ?? '', path: req.url ?? '', body: Buffer.concat(chunks).toString() });
      res.writeHead(answer.status, answer.location ? { location: answer.location } : {}).end('OK');
    },
  });
});
afterEach(async () => {
  await heartbeat?.close();
  heartbeat = undefined;
  await watcher.close();
});

const logger = pino({ level: 'debug' }, { write: (line: string) => void logged.push(line) });

/** Counts how often it was looked whether a ping is due. */
let ticks: number;
function begin(path = `/${SECRET}`): void {
  ticks = 0;
  heartbeat = startHeartbeat({
    config: { url: watcher.url + path, periodSeconds: 60, kind: 'auto', downWhen: 'disarmed' },
    readiness: () => ({ state, parts: [] }),
    stuck: () => {
      ticks += 1;
      return stuck;
    },
    report: (part) => void reports.push(part),
    ...{ logger, monotonic: () => at, tickMs: 2 },
  });
}
/** Some more looks, all of them over. */
async function looks(): Promise<void> {
  const from = ticks;
  await until(() => ticks > from + 3);
}

it('pings once a period, and not at the very start', async () => {
  begin();
  await looks();
  expect(pings).toEqual([]);
  at = 20_000;
  await until(() => pings.length === 1);
  at = 79_000;
  await looks();
  expect(pings).toHaveLength(1);
  at = 80_000;
  await until(() => pings.length === 2);
  expect(pings[1]).toEqual({ method: 'POST', path: `/${SECRET}`, body: 'armed\n' });
  await until(() => reports.length === 2);
  expect(reports.at(-1)).toMatchObject({ name: 'heartbeat', signal: 'normal' });
});

it('tells at once that the switch is disarmed, and armed again, but not in a flood', async () => {
  begin();
  at = 20_000;
  await until(() => pings.length === 1);
  state = 'disarmed';
  at = 31_000;
  await until(() => pings.length === 2);
  expect(pings[1]).toMatchObject({ path: `/${SECRET}/fail`, body: 'disarmed\n' });
  state = 'armed';
  await looks();
  expect(pings).toHaveLength(2);
  at = 42_000;
  await until(() => pings.length === 3);
  expect(pings[2]).toMatchObject({ path: `/${SECRET}` });
});

it('law 7: is silent while a loop does not turn, and goes on when it does', async () => {
  begin();
  at = 20_000;
  await until(() => pings.length === 1);
  stuck = 'cutter apisix main has not reported in time';
  at = 200_000;
  await looks();
  expect(pings).toHaveLength(1);
  expect(reports.at(-1)).toMatchObject({
    signal: 'supervisory',
    detail: expect.stringContaining('cutter apisix main'),
  });
  stuck = undefined;
  await until(() => pings.length === 2);
});

it('follows no redirect, tries again, and is supervisory when two pings are lost', async () => {
  answer = { status: 302, location: `${watcher.url}/elsewhere` };
  begin();
  at = 20_000;
  await until(() => pings.length === 1);
  await looks();
  expect(reports).toEqual([]);
  at = 25_000;
  await until(() => reports.length === 1);
  expect(reports[0]).toMatchObject({ signal: 'supervisory', detail: expect.stringMatching(/leads elsewhere \(302\)/) });
  expect(pings.map(({ path }) => path)).toEqual([`/${SECRET}`, `/${SECRET}`]);
  answer = { status: 200 };
  at = 35_000;
  await until(() => reports.length === 2);
  expect(reports[1]).toMatchObject({ signal: 'normal' });
});

it('a watcher that is away is supervisory; its address stands in no log and in no report', async () => {
  begin();
  await watcher.close();
  at = 20_000;
  await until(() => logged.some((line) => line.includes('did not count')));
  at = 30_000;
  await until(() => reports.length === 1);
  expect(reports[0]).toMatchObject({ signal: 'supervisory', detail: expect.stringContaining('ECONNREFUSED') });
  expect(JSON.stringify([logged, reports])).not.toContain(SECRET);
});

it('law 7: a Pullcord whose enforcer has not reported for long pings nobody', async () => {
  const config = configSchema.parse({
    ...{ publicUrl: 'http://127.0.0.1:9', key: 'k', scopes: { agent: { routes: [{ all: true }] } } },
    gateways: { main: { adminUrl: 'http://127.0.0.1:9', adminKey: 'k', gatewayUrls: ['http://127.0.0.1:9'] } },
    heartbeat: { url: `${watcher.url}/${SECRET}`, periodSeconds: 10 },
  });
  const supervision = createSupervision({
    ...{ config, leases: () => undefined, operators: { all: () => [] }, logger, now: Date.now },
    ...{ alarms: { raise: () => undefined, clear: () => undefined }, monotonic: () => at },
  });
  const turn = () =>
    ['cutter apisix main', 'ledger'].forEach((name) => supervision.supervise.cleared(name, `${name} is well`));
  turn();
  supervision.start({
    ...{ cutters: [], latches: () => [], tripwire: undefined, jobs: { healthy: () => true } },
    store: { remember: async () => undefined, mirror: () => undefined },
    drills: { condition: () => ({ signal: 'normal', detail: 'passed' }) },
  });
  try {
    at = 20_000;
    await until(() => pings.length === 1, 10_000);
    // Nobody may stop here, and that is told.
    expect(pings[0]?.path).toBe(`/${SECRET}/fail`);
    supervision.supervise.cleared('ledger', 'well');
    at = 81_000;
    supervision.supervise.cleared('ledger', 'well');
    await until(() => logged.some((line) => line.includes('held back')), 10_000);
    expect(pings).toHaveLength(1);
    expect(supervision.readiness().parts.find(({ name }) => name === 'cutter apisix main')).toMatchObject({
      ...{ ok: false, signal: 'trouble', detail: expect.stringContaining('has not reported in time') },
    });
    turn();
    await until(() => pings.length === 2, 10_000);
  } finally {
    await supervision.close();
  }
});
