import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { configSchema } from '../../../src/config/schema';
import { type SandboxLiteLLM, startSandboxLiteLLM } from '../../../src/sandbox/litellm';
import { startTripwire, type TripwireService } from '../../../src/tripwire';
import type { Series } from '../../../src/tripwire/history/view';
import { SlowDesk } from '../../support/slow-desk';
import { until } from '../../support/until';

/** The history in the tripwire as it runs, with the stand-in LiteLLM over HTTP. Each look is five seconds later. */

const MINUTE = 60_000;
let folder: string;
let litellm: SandboxLiteLLM;
let key: { readonly key: string; readonly hash: string };
const running = new Set<TripwireService>();
const clock = { at: 0, looks: 0 };
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pullcord-history-'));
  litellm = await startSandboxLiteLLM({ chunkMs: 1, tokens: 1, inputCost: 0, outputCost: 1 });
  key = litellm.addKey('agent-1');
  clock.at = Date.now();
  await burn(5);
});
afterEach(async () => {
  for (const service of running) await service.close();
  running.clear();
  await litellm.close();
  rmSync(folder, { recursive: true });
});

async function burn(calls: number): Promise<void> {
  for (let i = 0; i < calls; i += 1) {
    const answer = await fetch(`${litellm.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key.key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'gpt-4o', messages: [] }),
    });
    await answer.text();
  }
}

async function start(): Promise<{ service: TripwireService; alarms: Map<string, string>; close(): Promise<void> }> {
  const desk = new SlowDesk();
  const alarms = new Map<string, string>();
  const service = startTripwire({
    config: configSchema.parse({
      ...{ publicUrl: 'https://pullcord.example.org', key: 'k', dataDir: folder },
      gateways: { main: { adminUrl: 'http://127.0.0.1:1', adminKey: 'k', gatewayUrls: ['http://127.0.0.1:2'] } },
      scopes: { agent: { routes: [{ all: true }] } },
      tripwire: { litellm: [{ url: litellm.url, timeoutMs: 500 }], whole: { ceilings: { usd: { perMinute: 50 } } } },
    }),
    desk: {
      ...{ order: (...asked) => desk.order(...asked), outcome: (...asked) => desk.outcome(...asked) },
      ...{ latches: () => desk.latches(), note: () => undefined },
    },
    alarms: { raise: (name, text) => void alarms.set(name, text), tell: () => undefined },
    ...{ trouble: () => undefined, cleared: () => undefined, logger: pino({ level: 'silent' }) },
    ...{ now: () => clock.at, monotonic: () => clock.at },
    random: () => {
      clock.at += 5_000;
      clock.looks += 1;
      return 0.5;
    },
  }) as TripwireService;
  running.add(service);
  await looked();
  const close = async () => {
    running.delete(service);
    await service.close();
  };
  return { service, alarms, close };
}

async function looked(times = 3): Promise<void> {
  const before = clock.looks;
  await until(() => clock.looks >= before + times);
}
const sum = (series: Series): number => series.reduce<number>((all, value) => all + (value ?? 0), 0);
const path = () => join(folder, 'tripwire-history.jsonl');

it('tells what was spent, by whom and on what, beside what bounds it', async () => {
  const { service } = await start();
  await burn(7);
  await looked();
  for (const span of ['hour', 'day', 'week'] as const) {
    const { all, keys, models, bounds, stepMs } = service.history(span);
    expect(sum(all.usd)).toBe(7);
    expect(keys).toEqual([{ name: 'agent-1', ...all }]);
    expect(models.map(({ name, usd }) => [name, sum(usd)])).toEqual([['gpt-4o', 7]]);
    // Of a step that has just begun nobody may have seen anything yet.
    const newest = all.usd.findLastIndex((usd) => usd !== null);
    expect(newest).toBeGreaterThanOrEqual(all.usd.length - 2);
    expect(all.usd.at(0)).toBeNull();
    expect(bounds.ceiling[newest]).toBe((50 * stepMs) / MINUTE);
    expect(bounds.usual[newest]).toBeNull();
    expect(bounds.trips[newest]).toBe((4 * stepMs) / MINUTE);
  }
  expect(JSON.stringify(service.history('hour'))).not.toContain(key.hash);
  expect(service.cost(clock.at - 30 * MINUTE, clock.at + MINUTE)).toMatchObject({ usd: 7 });
});

it('goes on after a restart; what LiteLLM counted meanwhile is spread over the time in which nobody looked', async () => {
  const first = await start();
  await burn(7);
  await looked();
  await first.close();
  expect(statSync(path()).mode & 0o777).toBe(0o600);
  clock.at += 20 * MINUTE;
  await burn(11);
  const { service, alarms } = await start();
  await looked();
  const { all, keys } = service.history('hour');
  expect(sum(all.usd)).toBeCloseTo(18, 9);
  expect(keys.map(({ name }) => name)).toEqual(['agent-1']);
  for (const value of all.usd.slice(-15, -5)) expect(value).toBeCloseTo(11 / 20, 1);
  expect([...alarms.keys()]).toEqual([]);
});

it('nobody knows what was spent while Pullcord and LiteLLM were both down', async () => {
  const first = await start();
  await burn(7);
  await looked();
  await first.close();
  clock.at += 20 * MINUTE;
  litellm.resetCounters();
  const { service } = await start();
  await looked();
  const { all, keys } = service.history('hour');
  expect(sum(all.usd)).toBe(7);
  expect(all.usd.slice(-15, -5)).toEqual(Array(10).fill(null));
  expect(all.usd.at(-1)).toBe(0);
  // LiteLLM does not name it any more.
  expect(keys.map(({ name }) => name)).toEqual(['agent-1']);
});

it('a proxy that cannot be seen leaves a hole, not nothing', async () => {
  const { service } = await start();
  litellm.fail('/metrics/', 'error', 1_000_000);
  await until(() => !service.sees());
  await looked(40);
  const { all } = service.history('hour');
  expect(all.usd.slice(-2)).toEqual([null, null]);
  expect(all.usd.some((value) => value === 0)).toBe(true);
});

it.each(['{"half', '{"version":2}\n', '[]\n', ''])(
  'a damaged file costs the history and nothing else, and is told: %j',
  async (damage) => {
    const first = await start();
    await burn(7);
    await looked();
    await first.close();
    writeFileSync(path(), damage);
    const { service, alarms, close } = await start();
    expect([...alarms.keys()]).toEqual(['tripwire history']);
    expect(alarms.get('tripwire history')).toMatch(/begin anew/);
    expect(sum(service.history('week').all.usd)).toBe(0);
    expect(service.spend(5).subjects[0]?.spent.hour.usd).toBe(7);
    await burn(3);
    await looked();
    expect(sum(service.history('week').all.usd)).toBe(3);
    await close();
    expect(readFileSync(path(), 'utf8')).toContain('"version":1');
  },
);

it('what the tripwire learnt may be damaged, and the history is not', async () => {
  const first = await start();
  await burn(7);
  await looked();
  await first.close();
  writeFileSync(join(folder, 'tripwire.jsonl'), 'not it');
  const { service, alarms } = await start();
  expect([...alarms.keys()]).toEqual(['tripwire memory']);
  expect(sum(service.history('week').all.usd)).toBe(7);
  expect(existsSync(path())).toBe(true);
});
