import { chmodSync, renameSync } from 'node:fs';
import pino from 'pino';
import { type ConfigInput, configSchema } from '../../../src/config/schema';
import { CLAMP_PATH, clampRule } from '../../../src/cutters/apisix/clamp';
import { createSupervision, type Supervision } from '../../../src/supervision';
import type { DrillCondition } from '../../../src/supervision/drill/part';
import type { Part } from '../../../src/supervision/readiness';
import type { TripwireReadiness } from '../../../src/tripwire';
import { type Installation, startInstallation } from '../../support/installation';
import { freshStore } from '../../support/store';
import { until } from '../../support/until';

/** Real servers, of which one part is really broken: each shows within one period, is told once, and once when over. */

let one: Installation;
let ledger: Awaited<ReturnType<typeof freshStore>>;
let supervision: Supervision;
let queueAnswers: boolean;
let tripwire: TripwireReadiness;
let drills: DrillCondition;
let settings: Installation['door']['phone']['settings'];
const told: string[] = [];

beforeAll(async () => {
  one = await startInstallation();
  settings = { ...one.door.phone.settings };
  ledger = await freshStore();
  await ledger.store.refresh();
});
afterAll(async () => {
  await ledger.close();
  await one.close();
});
beforeEach(() => {
  told.length = 0;
  queueAnswers = true;
  tripwire = { ok: true, detail: 'sees 1 LiteLLM proxy' };
  drills = { signal: 'normal', detail: 'passed yesterday' };
});
afterEach(async () => {
  await supervision.close();
  await one.apisix.faults.clear();
  Object.assign(one.door.phone.settings, settings);
});

/** Looks each 40 ms, and tells of what lasts for 60 ms. */
async function watch({ state = 'armed', now = Date.now, ...change }: Watched = {}): Promise<void> {
  supervision = createSupervision({
    config: configSchema.parse({ ...one.config, ...change }),
    ...{ operators: one.operators, leases: () => undefined, logger: pino({ level: 'silent' }), now },
    ...{ twilioApiUrl: one.door.phone.restUrl, graceMs: 60, everyMs: 40 },
    alarms: { raise: (_key, text) => told.push(`! ${text}`), clear: (_key, text) => told.push(`= ${text}`) },
  });
  // These look after themselves.
  for (const name of ['cutter apisix main', 'ledger']) supervision.supervise.cleared(name, `${name} is well`);
  supervision.start({
    ...{ cutters: [], store: ledger.store, latches: () => [] },
    jobs: { healthy: () => queueAnswers },
    tripwire: { readiness: () => tripwire },
    drills: { condition: () => drills },
  });
  await until(() => supervision.readiness().state === state);
}

interface Watched extends Partial<ConfigInput> {
  readonly state?: 'armed' | 'disarmed';
  readonly now?: () => number;
}

const part = (name: string): Part => {
  const found = supervision.readiness().parts.find((one) => one.name === name);
  if (!found) throw new Error(`there is no part ${name}`);
  return found;
};

/** Breaks it, sees it, mends it, sees that; and hears of both once. */
async function breaks(name: string, fault: () => unknown, mend: () => unknown, detail: RegExp): Promise<Part> {
  await fault();
  const broken = await until(() => (part(name).signal === 'trouble' ? part(name) : undefined));
  expect(broken.detail).toMatch(detail);
  expect(supervision.readiness().state).not.toBe('armed');
  await until(() => told.some((text) => text.startsWith(`! ${name}: `)));
  await mend();
  await until(() => part(name).signal === 'normal');
  await until(() => told.includes(`= ${name} is as it should be again.`));
  expect(told.filter((text) => text.includes(name))).toHaveLength(2);
  expect(broken.since).toBeLessThanOrEqual(Date.now());
  expect(broken.lastWell).toBeLessThanOrEqual(broken.since as number);
  return broken;
}

it('a key of the Admin API that was rotated', async () => {
  await watch();
  const { todo } = await breaks(
    'admin main',
    () => one.apisix.faults.answer(401),
    () => one.apisix.faults.clear(),
    /Admin API cannot be used/,
  );
  expect(todo).toMatch(/401.*Check adminKey/);
  // One cause, one call: what could not be looked at for want of it is shown, and not told.
  expect(told).toHaveLength(2);
});

it('a key that may read and not write, though all else is well', async () => {
  const main = one.config.gateways.main as NonNullable<Installation['config']['gateways']['main']>;
  await watch({ gateways: { main: { ...main, adminKey: one.apisix.viewerKey } }, state: 'disarmed' });
  await until(() => part('clamp main').signal === 'normal');
  expect(part('admin main')).toMatchObject({ signal: 'trouble', detail: 'the Admin key may read but not write' });
  expect(supervision.readiness().works).toContain('STOP does not cut at main.');
  await until(() => told.length > 0);
  expect(told).toEqual([expect.stringMatching(/^! admin main: .*role admin, not viewer/)]);
});

it('an etcd that takes no writes, which only a write shows', async () => {
  await watch();
  await breaks(
    'admin main',
    () => one.apisix.faults.answer(503, { match: (method) => method === 'PATCH' }),
    () => one.apisix.faults.clear(),
    /may read but not write/,
  );
});

it('a clamp that is of another version', async () => {
  await watch();
  const older = clampRule([]) as { plugins: Record<string, unknown> };
  const { 'serverless-pre-function': _enders, ...rest } = older.plugins;
  await breaks(
    'clamp main',
    () => one.admin('PUT', CLAMP_PATH, { plugins: { ...rest, 'fault-injection': { abort: { http_status: 503 } } } }),
    () => one.rearm(),
    /clamp is not armed/,
  );
  expect(one.apisix.store.get('/apisix/global_rules/pullcord-clamp')).toBeDefined();
});

it('what a look writes changes nothing of the rule, and of nothing else', async () => {
  const before = one.apisix.store
    .list('/apisix/')
    .map(({ key, value, modifiedIndex }) => ({ key, value, modifiedIndex }));
  await watch();
  const revision = () => one.apisix.store.get('/apisix/global_rules/pullcord-clamp')?.modifiedIndex ?? 0;
  const at = revision();
  await until(() => revision() > at + 1);
  const after = one.apisix.store
    .list('/apisix/')
    .map(({ key, value, modifiedIndex }) => ({ key, value, modifiedIndex }));
  const rest = (all: typeof before) => all.filter(({ key }) => !key.endsWith('pullcord-clamp'));
  expect(rest(after)).toEqual(rest(before));
  const rule = (all: typeof before) => {
    const { update_time: _at, ...rest } = all.find(({ key }) => key.endsWith('pullcord-clamp'))?.value ?? {};
    return rest;
  };
  expect(rule(after)).toEqual(rule(before));
});

it('a node that is away', async () => {
  await watch();
  await breaks(
    'nodes main',
    () => one.apisix.faults.gateway(0, 'refuse'),
    () => one.apisix.faults.clear(),
    /no probe reaches .*ECONNREFUSED/,
  );
});

const set = (change: Partial<typeof settings>) => Object.assign(one.door.phone.settings, change);
const NO = { status: 503, text: 'no' };

it.each<[string, () => unknown, RegExp]>([
  [
    'the webhook leads elsewhere',
    () => set({ smsUrl: 'https://elsewhere.example.org/x' }),
    /calls https:\/\/elsewhere/,
  ],
  ['the webhook is called by GET', () => set({ smsMethod: 'GET' }), /calls by GET/],
  ['the token was rotated', () => set({ authToken: 'another-token' }), /refuses the first of/],
  ['it answers 503', () => one.door.phone.mishaps.push(...Array.from({ length: 12 }, () => NO)), /answered 503/],
])('Twilio: %s', async (_why, fault, detail) => {
  await watch();
  await breaks('twilio', fault, () => set(settings), detail);
});

it('a ledger that answers and takes no writes', async () => {
  await watch();
  await breaks(
    'ledger writes',
    () => ledger.pglite.exec('set default_transaction_read_only = on'),
    () => ledger.pglite.exec('set default_transaction_read_only = off'),
    /takes no writes.*read-only/,
  );
  expect(told[0]).toMatch(/STOP works, RESTORE refuses/);
});

it('a drill that failed degrades, and was told by itself; one that is overdue wants to be seen to', async () => {
  await watch();
  const failed = 'Drill FAILED at twilio: Twilio refuses.';
  drills = { signal: 'trouble', detail: failed, todo: 'Mend what it names, and drill again.', quiet: true };
  await until(() => supervision.readiness().state === 'degraded');
  expect(part('drills')).toMatchObject({ ok: false, detail: failed });
  drills = { signal: 'supervisory', detail: 'the last drill was 40 days ago', todo: 'Run pullcord drill.' };
  await until(() => supervision.readiness().state === 'armed');
  expect(part('drills')).toMatchObject({ ok: true, signal: 'supervisory', todo: 'Run pullcord drill.' });
  expect(told).toEqual([]);
});

it('a queue that is away, and a tripwire that sees nothing, which tells by itself', async () => {
  await watch();
  tripwire = { ok: false, detail: 'litellm has not moved for 120 s' };
  const answers = (does: boolean) => {
    queueAnswers = does;
  };
  await breaks(
    'queue',
    () => answers(false),
    () => answers(true),
    /does not answer/,
  );
  expect(part('tripwire')).toMatchObject({ ok: false, signal: 'trouble', detail: 'litellm has not moved for 120 s' });
  expect(told.join()).not.toContain('tripwire');
  // It can't tell of its own death.
  tripwire = { ok: false, silent: true, detail: 'it has not looked for 80 s' };
  await until(() => told.some((text) => text.includes('tripwire: it has not looked for 80 s')));
});

it('a data folder that is gone; one that others can read wants looking after', async () => {
  await watch();
  chmodSync(one.dataDir, 0o755);
  await until(() => part('disk').signal === 'supervisory');
  expect(supervision.readiness().state).toBe('armed');
  chmodSync(one.dataDir, 0o700);
  await until(() => part('disk').signal === 'normal');
  await breaks(
    'disk',
    () => renameSync(one.dataDir, `${one.dataDir}-away`),
    () => renameSync(`${one.dataDir}-away`, one.dataDir),
    /is gone/,
  );
});

it('nobody who could restore', async () => {
  await watch();
  const all = one.operators.all();
  await breaks(
    'operators',
    () => one.operators.change((them) => them.map((who) => ({ ...who, rights: ['stop' as const] }))),
    () => one.operators.change(() => all),
    /nobody may restore/,
  );
});

it("a clock that is far from the gateway's", async () => {
  let ahead = 0;
  await watch({ now: () => Date.now() + ahead });
  ahead = 45_000;
  await until(() => part('clock main').signal === 'trouble');
  expect(part('clock main').detail).toMatch(/good codes are refused/);
});

it('no secret is in anything that is shown or told', async () => {
  await watch();
  one.apisix.faults.answer(401);
  one.door.phone.settings.authToken = 'another-token';
  await until(() => part('twilio').signal === 'trouble' && part('admin main').signal === 'trouble');
  const all = JSON.stringify([supervision.readiness(), told]);
  for (const secret of [one.apisix.adminKey, 'another-token', settings.authToken, one.config.key as string])
    expect(all).not.toContain(secret);
});
