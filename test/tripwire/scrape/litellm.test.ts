import { type SandboxLiteLLM, startSandboxLiteLLM } from '../../../src/sandbox/litellm';
import type { SandboxLiteLLMOptions } from '../../../src/sandbox/litellm/options';
import { type BlindState, judge, SEEING } from '../../../src/tripwire/blind';
import type { Reading } from '../../../src/tripwire/reading';
import type { Scrape } from '../../../src/tripwire/scrape/look';
import { createSource, type Source } from '../../../src/tripwire/scrape/source';
import { until } from '../../support/until';

const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close();
});

const { signal } = new AbortController();

async function sandbox(options: SandboxLiteLLMOptions = {}): Promise<SandboxLiteLLM> {
  const litellm = await startSandboxLiteLLM({ chunkMs: 1, tokens: 5, inputCost: 0, outputCost: 0.2, ...options });
  opened.push(litellm);
  return litellm;
}

function source({ url }: SandboxLiteLLM, token?: string): Source {
  const one = createSource({
    ...{ name: 'proxy', url, token, timeoutMs: 2_000 },
    ...{ now: Date.now, monotonic: () => performance.now() },
  });
  opened.push(one);
  return one;
}

async function see(one: Source): Promise<Scrape> {
  const look = await one.look(signal);
  if (!look.ok) throw new Error(look.detail);
  return look.scrape;
}

async function complete({ url }: SandboxLiteLLM, key: string): Promise<number> {
  const answer = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, connection: 'close' },
    body: JSON.stringify({ messages: [] }),
  });
  await answer.text();
  return answer.status;
}

/** The latest reading of each process, once all that was spent is shown. */
async function processes(one: Source, dollars: number): Promise<Map<string, Reading>> {
  const latest = new Map<string, Reading>();
  await until(async () => {
    for (const reading of (await see(one)).readings) latest.set(reading.process ?? '', reading);
    return Math.abs([...latest.values()].reduce((sum, { spendUsd }) => sum + spendUsd, 0) - dollars) < 1e-9;
  });
  return latest;
}

it.each([0, 20])(
  'workers apart, that started %d ms apart: each is told by its name, and only grows',
  async (forkMs) => {
    const litellm = await sandbox({ workers: 3, forkMs });
    const { key } = litellm.addKey('agent');
    const one = source(litellm);
    for (let n = 0; n < 6; n += 1) expect(await complete(litellm, key)).toBe(200);
    const before = await processes(one, 6);
    expect([...before.values()].map(({ spendUsd }) => spendUsd.toFixed(1))).toEqual(['2.0', '2.0', '2.0']);
    for (let n = 0; n < 3; n += 1) await complete(litellm, key);
    const after = await processes(one, 9);
    expect([...after.keys()].sort()).toEqual([...before.keys()].sort());

    litellm.resetCounters();
    expect((await see(one)).readings).toEqual([]);
    for (let n = 0; n < 3; n += 1) await complete(litellm, key);
    const restarted = await processes(one, 3);
    expect([...restarted.keys()].filter((name) => before.has(name))).toEqual([]);
  },
);

it('a budget is told as LiteLLM tells it', async () => {
  const litellm = await sandbox();
  const resetsAt = Date.now() + 7_200_000;
  const { key, hash } = litellm.addKey('agent', undefined, {
    ...{ max_budget: 10, team_id: 'team' },
    budget_reset_at: new Date(resetsAt).toISOString(),
  });
  const one = source(litellm);
  await complete(litellm, key);
  const facts = await until(async () => (await see(one)).keys.get(hash));
  expect(facts).toMatchObject({ alias: 'agent', teamId: 'team', budget: { maxUsd: 10, remainingUsd: 9 } });
  expect(facts.budget.resetsAt).toBeGreaterThan(resetsAt - 5_000);
  expect(facts.budget.resetsAt).toBeLessThan(resetsAt + 5_000);
});

describe('judged', () => {
  interface Watch {
    readonly one: Source;
    state: BlindState;
  }
  const look = async (watch: Watch): Promise<string[]> => {
    const judged = judge(watch.state, await watch.one.look(signal));
    watch.state = judged.state;
    return judged.troubles.map(({ reason }) => reason);
  };

  it.each<[SandboxLiteLLMOptions, string | undefined, string[]]>([
    [{}, undefined, []],
    [{ metricsAuth: true }, 'sk-sandbox-viewer', []],
    [{ metricsAuth: true }, undefined, ['unauthorised']],
    [{ metricsAuth: true }, 'sk-stranger', ['unauthorised']],
    [{ prometheus: 'not-premium' }, undefined, ['not-premium']],
    [{ prometheus: 'off' }, undefined, ['no-callbacks']],
  ])('a proxy %j, looked at with the key %s, has the troubles %j', async (options, token, reasons) => {
    const watch = { one: source(await sandbox(options), token), state: SEEING };
    expect(await look(watch)).toEqual(reasons);
  });

  it('work, a restart, and one silent look are no trouble; a key that is shown no more is', async () => {
    const litellm = await sandbox();
    const { key, hash } = litellm.addKey('agent');
    const watch = { one: source(litellm), state: SEEING };
    await complete(litellm, key);
    await until(async () => (await see(watch.one)).readings.length > 0);
    expect(await look(watch)).toEqual([]);
    litellm.resetCounters();
    expect(await look(watch)).toEqual([]);
    litellm.fail('/metrics/', 'error');
    expect(await look(watch)).toEqual([]);
    await complete(litellm, key);
    await until(async () => (await see(watch.one)).readings.length > 0);
    expect(await look(watch)).toEqual([]);
    litellm.forgetSeries(hash);
    expect(await look(watch)).toEqual(['vanished']);
  });
});
