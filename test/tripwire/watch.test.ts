import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { configSchema } from '../../src/config/schema';
import type { Entry } from '../../src/ledger/store';
import type { Notice } from '../../src/notify/channel';
import { type SandboxLiteLLM, startSandboxLiteLLM } from '../../src/sandbox/litellm';
import { startTripwire, type TripwireService } from '../../src/tripwire';
import { SlowDesk } from '../support/slow-desk';
import { until } from '../support/until';

/** The loop, with a real LiteLLM stand-in over HTTP. Each look is five seconds later than the one before. */

const SECOND_MS = 1000;
let folder: string;
const closing: (() => Promise<unknown>)[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pullcord-watch-'));
});
afterEach(async () => {
  while (closing.length > 0) {
    const close = closing.at(-1);
    await close?.();
    if (closing.at(-1) === close) closing.pop();
  }
  rmSync(folder, { recursive: true });
});

const litellmOf = async (options: Parameters<typeof startSandboxLiteLLM>[0] = {}): Promise<SandboxLiteLLM> => {
  const litellm = await startSandboxLiteLLM({ chunkMs: 1, tokens: 1, inputCost: 0, outputCost: 1, ...options });
  closing.push(() => litellm.close());
  return litellm;
};

/** So many calls of one token, a dollar each unless said otherwise. */
async function burn(litellm: SandboxLiteLLM, key: string, calls: number): Promise<void> {
  for (let i = 0; i < calls; i += 1) {
    const answer = await fetch(`${litellm.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'gpt-4o', messages: [] }),
    });
    await answer.text();
  }
}

const clock = { at: Date.now(), looks: 0 };

async function watch(
  litellm: readonly SandboxLiteLLM[],
  block: object = {},
  source: object = {},
  desk: SlowDesk = new SlowDesk(),
) {
  const config = configSchema.parse({
    ...{ publicUrl: 'https://pullcord.example.org', key: 'k', dataDir: folder },
    gateways: { main: { adminUrl: 'http://127.0.0.1:1', adminKey: 'k', gatewayUrls: ['http://127.0.0.1:2'] } },
    scopes: { agent: { routes: [{ all: true }] }, llm: { routes: [{ id: 'llm' }] } },
    tripwire: {
      litellm: litellm.map(({ url }) => ({ url, timeoutMs: 500, ...source })),
      defaults: { ceilings: { usd: { perHour: 10 } }, anomaly: false },
      ...block,
    },
  });
  const seen = {
    paper: [] as Entry[],
    told: [] as Omit<Notice, 'text'>[],
    alarms: [] as string[],
    alarmKeys: new Set<string>(),
  };
  const troubles = new Map<string, string>();
  const service = startTripwire({
    config,
    desk: {
      order: (...asked) => desk.order(...asked),
      outcome: (...asked) => desk.outcome(...asked),
      latches: () => desk.latches(),
      note: (entry) => void seen.paper.push(entry),
    },
    alarms: {
      raise: (key, text) => {
        seen.alarmKeys.add(key);
        seen.alarms.push(text);
      },
      tell: (notice) => void seen.told.push(notice),
    },
    trouble: (key, text) => void troubles.set(key, text),
    cleared: (key) => void troubles.delete(key),
    logger: pino({ level: 'silent' }),
    ...{ now: () => clock.at, monotonic: () => clock.at },
    random: () => {
      clock.at += 5 * SECOND_MS;
      clock.looks += 1;
      return 0.5;
    },
  }) as TripwireService;
  const close = async (): Promise<void> => {
    if (!closing.includes(close)) return;
    closing.splice(closing.indexOf(close), 1);
    await service.close();
  };
  closing.push(close);
  await looked(3 * litellm.length);
  return { ...{ service, desk, troubles, close }, ...seen, orders: () => desk.asked.map(({ request }) => request) };
}

/** So many more looks: what was spent before the first of them was seen. */
async function looked(times = 3): Promise<void> {
  const before = clock.looks;
  await until(() => clock.looks >= before + times);
}

it('is off when it is not configured', async () => {
  const config = { dataDir: folder } as never;
  expect(startTripwire({ config } as never)).toBeUndefined();
});

it('trips beyond a ceiling, and not before; over restarts of LiteLLM', async () => {
  const litellm = await litellmOf();
  const { key, hash } = litellm.addKey('agent-1');
  await burn(litellm, key, 20);
  const { orders, service } = await watch([litellm]);
  await burn(litellm, key, 6);
  await looked();
  litellm.resetCounters();
  await looked();
  await burn(litellm, key, 3);
  await looked();
  expect(orders()).toEqual([]);
  const { subjects, models, mode } = service.spend(10);
  expect(mode).toBe('act');
  expect(subjects.map(({ name, spent }) => [name, spent.hour.usd])).toEqual([
    ['all keys', expect.any(Number)],
    ['key agent-1', expect.any(Number)],
  ]);
  expect(models[0]).toMatchObject({ model: 'gpt-4o' });
  await burn(litellm, key, 8);
  await until(() => orders().length > 0);
  expect(orders()).toHaveLength(1);
  expect(orders()[0]).toMatchObject({ scope: 'agent', source: 'tripwire', action: 'sever' });
  expect(orders()[0]?.key).toContain(hash);
  expect(orders()[0]?.reason).toMatch(/^key agent-1: \$1\d\.00 in the last hour, ceiling \$10\.00/);
  expect(service.spend(10).subjects[1]).toMatchObject({
    ...{ kind: 'key', id: hash, scope: 'agent', severs: true },
    standing: { level: 'trip', explanation: orders()[0]?.reason, figures: { rule: 'ceiling', unit: 'usd' } },
  });
});

it('tells those who listen after every look what is spent, until they end it', async () => {
  const litellm = await litellmOf();
  const { key } = litellm.addKey();
  await burn(litellm, key, 1);
  const { service } = await watch([litellm]);
  const heard: ReturnType<TripwireService['now']>[] = [];
  const end = service.onLook((summary) => void heard.push(summary));
  await burn(litellm, key, 12);
  await until(() => heard.some(({ usdPerMinute }) => usdPerMinute === 12));
  expect(heard.at(-1)).toMatchObject({ sees: true, tokensPerMinute: expect.any(Number), standing: 'trip' });
  expect(service.now()).toMatchObject({ sees: true, usdPerMinute: expect.any(Number), standing: 'trip' });
  litellm.fail('/metrics/', 'error', 100);
  await until(() => heard.at(-1)?.sees === false);
  end();
  const before = heard.length;
  await looked();
  expect(heard).toHaveLength(before);
});

it('a model that costs nothing trips by its tokens', async () => {
  const litellm = await litellmOf({ outputCost: 0 });
  const { key } = litellm.addKey();
  await burn(litellm, key, 1);
  const { orders } = await watch([litellm], { defaults: { ceilings: { tokens: { perMinute: 12 } }, anomaly: false } });
  await burn(litellm, key, 20);
  await until(() => orders().length > 0);
  expect(orders()[0]?.reason).toMatch(/tokens in the last minute, ceiling 12 tokens/);
});

it('mode observe: records and tells, and orders nothing', async () => {
  const litellm = await litellmOf();
  const { key } = litellm.addKey();
  await burn(litellm, key, 1);
  const { orders, paper, told, service } = await watch([litellm], { mode: 'observe' });
  await burn(litellm, key, 15);
  await until(() => told.length >= 1);
  await looked();
  expect(orders()).toEqual([]);
  expect(told.every(({ kind }) => kind === 'would-trip')).toBe(true);
  expect(paper[0]).toMatchObject({ kind: 'tripped', data: { mode: 'observe', would: expect.any(String) } });
  expect(service.readiness()).toEqual({ ok: true, detail: expect.stringContaining('observes only') });
});

it('after a restore, what was spent before counts for nothing, and it is armed at once', async () => {
  const litellm = await litellmOf();
  const { key } = litellm.addKey();
  await burn(litellm, key, 1);
  const { orders, desk, service } = await watch([litellm]);
  const standing = () => service.spend(9).subjects.map((subject) => subject.standing?.level);
  await burn(litellm, key, 12);
  await until(() => orders().length === 1);
  expect(standing()).toEqual([undefined, 'trip']);
  await burn(litellm, key, 12);
  await looked();
  desk.restore('agent');
  await looked();
  expect(standing()).toEqual([undefined, undefined]);
  await burn(litellm, key, 8);
  await looked();
  expect(orders()).toHaveLength(1);
  await burn(litellm, key, 4);
  await until(() => orders().length === 2);
});

it('whoever restores, and whoever had cut: what was spent before counts for nothing', async () => {
  const litellm = await litellmOf();
  const { key } = litellm.addKey();
  await burn(litellm, key, 1);
  const first = await watch([litellm]);
  await burn(litellm, key, 8);
  first.desk.sever('agent');
  await looked();
  first.desk.restore('agent');
  await looked();
  await burn(litellm, key, 8);
  await looked();
  expect(first.orders()).toEqual([]);
  first.desk.sever('agent');
  await looked();
  await first.close();
  // Restored while Pullcord was down.
  const second = await watch([litellm]);
  await burn(litellm, key, 8);
  await looked();
  expect(second.orders()).toEqual([]);
});

it('keeps what it has seen over a restart of Pullcord, and notices a restore that came meanwhile', async () => {
  const litellm = await litellmOf();
  const { key } = litellm.addKey();
  await burn(litellm, key, 1);
  const first = await watch([litellm]);
  await burn(litellm, key, 6);
  await looked();
  await first.close();
  await burn(litellm, key, 2);
  const second = await watch([litellm]);
  await burn(litellm, key, 3);
  await until(() => second.orders().length === 1);
  expect(second.orders()[0]?.reason).toContain('$11.00 in the last hour');
  await looked();
  await second.close();
  const third = await watch([litellm], {}, {}, second.desk);
  expect(third.service.spend(9).subjects[1]?.standing?.level).toBe('trip');
  third.desk.restore('agent');
  await looked();
  await burn(litellm, key, 8);
  await looked();
  expect(third.orders()).toHaveLength(1);
  expect(third.alarms).toEqual([]);
});

it('learns afresh, aloud, when what it had learnt cannot be read; the ceilings hold', async () => {
  const head = { version: 1, savedAt: 1, scopes: {}, episodes: [] };
  writeFileSync(join(folder, 'tripwire.jsonl'), `${JSON.stringify(head)}\n{"version":99}\n`);
  const litellm = await litellmOf();
  const { key } = litellm.addKey();
  await burn(litellm, key, 1);
  const { alarms, orders, close } = await watch([litellm]);
  expect(alarms).toEqual([expect.stringMatching(/cannot be read: it learns afresh/)]);
  await burn(litellm, key, 12);
  await until(() => orders().length === 1);
  await close();
  expect(readFileSync(join(folder, 'tripwire.jsonl'), 'utf8')).not.toContain('99}');
});

it('a budget that LiteLLM knows trips when it is used up', async () => {
  const litellm = await litellmOf();
  const { key } = litellm.addKey('agent-1', undefined, { max_budget: 8 });
  await burn(litellm, key, 1);
  const { orders, service, told } = await watch([litellm], {
    defaults: { ceilings: { usd: { perHour: 1_000 } }, anomaly: false },
  });
  await burn(litellm, key, 4);
  await until(() => told.some(({ kind }) => kind === 'warned'));
  await looked();
  expect(told.filter(({ kind }) => kind === 'warned')).toHaveLength(1);
  expect(orders()).toEqual([]);
  expect(service.spend(5).subjects[1]?.budget).toMatchObject({ maxUsd: 8, usedUpAt: expect.any(Number) });
  await burn(litellm, key, 4);
  await until(() => orders().length === 1);
  expect(orders()[0]?.reason).toContain('budget $8.00; its budget is used up');
});

it('whoever restores although a budget is used up knows of it', async () => {
  const litellm = await litellmOf();
  const { key, hash } = litellm.addKey('agent-1', undefined, { max_budget: 8 });
  await burn(litellm, key, 1);
  const { orders, desk } = await watch([litellm], {
    defaults: { ceilings: { usd: { perHour: 1_000 } }, anomaly: false },
  });
  await burn(litellm, key, 8);
  await until(() => orders().length === 1);
  desk.restore('agent');
  await looked();
  // LiteLLM lets one more call through, and has overspent again.
  litellm.changeKey(hash, { spend: 7.5 });
  await burn(litellm, key, 1);
  await looked();
  expect(orders()).toHaveLength(1);
});

it('keys that are to be ignored count for nobody', async () => {
  const litellm = await litellmOf();
  const [mine, other] = [litellm.addKey('mine'), litellm.addKey('other')];
  await burn(litellm, mine.key, 1);
  await burn(litellm, other.key, 1);
  const { orders, service } = await watch([litellm], {
    ...{ others: 'ignore', keys: { mine: { key: mine.hash } }, whole: { ceilings: { usd: { perHour: 10 } } } },
  });
  await burn(litellm, other.key, 30);
  await looked();
  expect(orders()).toEqual([]);
  expect(service.spend(10).subjects.map(({ name }) => name)).toEqual(['all keys', 'key mine']);
});

describe('blind', () => {
  it('is trouble at once, an alarm when it lasts, and over when it sees again', async () => {
    const litellm = await litellmOf();
    const seen = await watch([litellm], { blind: { afterSeconds: 60 } });
    const { troubles, alarms, alarmKeys, orders, service } = seen;
    expect(service.readiness()).toMatchObject({ ok: true });
    litellm.fail('/metrics/', 'error', 8);
    await until(() => troubles.size > 0);
    expect([...troubles.values()][0]).toMatch(/sees nothing of litellm 127\.0\.0\.1:\d+/);
    expect(service.readiness()).toMatchObject({ ok: false });
    expect(service.spend(1).sources[0]).toMatchObject({ sees: false, troubles: [expect.any(String)] });
    await until(() => troubles.size === 0);
    expect(alarms).toEqual([]);
    litellm.fail('/metrics/', 'error', 20);
    await until(() => alarms.length > 0);
    await until(() => troubles.size === 0);
    expect(alarms).toEqual([expect.stringContaining('has been blind for 60 s')]);
    litellm.fail('/metrics/', 'error', 20);
    await until(() => alarms.length > 1);
    await until(() => troubles.size === 0);
    // Two keys: the second time is told, too.
    expect(alarmKeys.size).toBe(2);
    expect(orders()).toEqual([]);
    expect(service.readiness()).toMatchObject({ ok: true });
  });

  it('a token that LiteLLM refuses is named, and so is what to do', async () => {
    const litellm = await litellmOf({ metricsAuth: true });
    const { troubles } = await watch([litellm], {}, { token: 'sk-wrong' });
    expect([...troubles.values()].join()).toContain('Give the token of a key that may read it');
    expect([...troubles.values()].join()).not.toContain('sk-wrong');
  });

  it('severs where it is told to, every scope, once; not again when somebody restores although it is blind', async () => {
    const litellm = await litellmOf();
    const { orders, desk, told, paper } = await watch([litellm], {
      ...{ blind: { afterSeconds: 60, action: 'sever' }, whole: { scope: 'llm' } },
    });
    await litellm.close();
    await until(() => orders().length === 2);
    expect(orders().map(({ scope }) => scope)).toEqual(['agent', 'llm']);
    expect(orders()[0]?.reason).toMatch(/^all keys: nothing seen for 1 min; since/);
    await until(() => told.length === 2);
    expect(paper[0]).toMatchObject({ kind: 'tripped', data: { rule: 'blind' } });
    for (const scope of ['agent', 'llm']) desk.restore(scope);
    await looked(30);
    expect(orders()).toHaveLength(2);
  });

  it('cuts nothing in mode observe', async () => {
    const litellm = await litellmOf();
    const { orders, told } = await watch([litellm], {
      ...{ mode: 'observe', blind: { afterSeconds: 60, action: 'sever' } },
    });
    await litellm.close();
    await until(() => told.length > 0);
    expect([orders(), told[0]?.kind]).toEqual([[], 'would-trip']);
  });

  it('at one proxy does not keep it from watching the other', async () => {
    const [one, two] = [await litellmOf(), await litellmOf()];
    const { key } = two.addKey();
    await burn(two, key, 1);
    const { troubles, orders, service } = await watch([one, two]);
    await one.close();
    await until(() => troubles.size > 0);
    expect(service.spend(1).sources.map(({ sees }) => sees)).toEqual([false, true]);
    await burn(two, key, 12);
    await until(() => orders().length === 1);
  });
});
