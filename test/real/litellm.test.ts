import { startSandboxLiteLLM } from '../../src/sandbox/litellm';
import { until } from '../support/until';
import { ANSWER, type Litellm, PRICE, PRICES, startLitellm } from './parts/litellm';
import { openPurse, type Purse } from './parts/purse';

/** What a real LiteLLM shows, and what the scrape and the feed make of it. */

/** The first start installs it. Others share two cores with all that runs. Milliseconds. */
const FIRST_START_MS = 600_000;
const RESTART_MS = 150_000;
const PATIENCE_MS = 20_000;

const answers = (count: number, price = PRICE) => ({
  spendUsd: expect.closeTo(count * price, 9),
  promptTokens: count * ANSWER.promptTokens,
  completionTokens: count * ANSWER.completionTokens,
});

async function ask(litellm: Litellm, count: number, model = 'priced'): Promise<void> {
  for (let n = 0; n < count; n += 1) expect(await litellm.chat(model)).toBe(200);
}

/** Until all of it was counted, and some looks more, that there may be time to count it twice. */
async function settled({ see, spent }: Purse, count: number, looks = 5): Promise<void> {
  await until(async () => {
    await see();
    return spent('priced').promptTokens >= count * ANSWER.promptTokens;
  }, PATIENCE_MS);
  for (let n = 0; n < looks; n += 1) await see();
  expect(spent('priced')).toEqual(answers(count));
}

/** Over a connection of its own. */
const isAlive = async ({ url }: Litellm): Promise<unknown> =>
  (await fetch(`${url}/health/liveliness`, { headers: { connection: 'close' } })).text();

describe('one worker, metrics with authentication', () => {
  let litellm: Litellm;
  let watch: Purse;
  beforeAll(async () => {
    litellm = await startLitellm({ metricsAuth: true });
    watch = openPurse(litellm.url, litellm.masterKey);
  }, FIRST_START_MS);
  afterAll(async () => {
    await watch?.close();
    await litellm?.remove();
  });

  it('is seen before its first request, and has spent nothing', async () => {
    expect(await watch.see()).toMatchObject({ readings: [], multiprocess: false, process: expect.any(String) });
    await watch.begin(litellm);
  });

  it("counts a key's requests and their price to the cent, whoever sent them, and none that failed", async () => {
    await ask(litellm, 3);
    expect(await litellm.chat('priced', { userAgent: 'another/1' })).toBe(200);
    await ask(litellm, 2, 'free');
    expect(await litellm.chat('no such model')).toBe(400);
    await settled(watch, 4);
    expect(watch.spent('free')).toEqual(answers(2, 0));
    const { requests } = await watch.see();
    expect(requests).toEqual({ total: 8, succeeded: 7, failed: 1 });
  });

  it('counts a stream when it has ended, at the price of its tokens', async () => {
    const before = watch.spent('priced');
    expect(await litellm.chat('priced', { stream: true })).toBe(200);
    await until(async () => {
      await watch.see();
      return watch.spent('priced').promptTokens > before.promptTokens;
    });
    const after = watch.spent('priced');
    const [prompt, completion] = PRICES.priced;
    expect(after.completionTokens).toBeGreaterThan(before.completionTokens);
    expect(after.spendUsd - before.spendUsd).toBeCloseTo(
      (after.promptTokens - before.promptTokens) * prompt +
        (after.completionTokens - before.completionTokens) * completion,
    );
  });

  it.each([
    ['a wrong token', 'sk-somebody-else'],
    ['a token that is no key', 'nonsense'],
    ['no token', undefined],
  ])('tells of %s, and what to do about it', async (_what, token) => {
    const blind = openPurse(litellm.url, token);
    expect(await blind.look()).toMatchObject({
      ok: false,
      why: 'unauthorised',
      detail: expect.stringMatching(/^LiteLLM refuses to show its metrics \(401\)\. Give the token of a key that may/),
    });
    await blind.close();
    expect((await watch.see()).readings).not.toEqual([]);
  });

  it(
    'is not there while it is stopped; a restart is no spend, and what comes after it is',
    async () => {
      const before = watch.spent('priced');
      const first = (await watch.see()).process;
      await litellm.stop();
      expect(await watch.look()).toMatchObject({ ok: false, why: 'no-answer' });
      await litellm.start();
      expect(await watch.see()).toMatchObject({ readings: [], process: expect.not.stringMatching(`^${first}$`) });
      expect(watch.spent('priced')).toEqual(before);
      await ask(litellm, 1);
      await until(async () => (await watch.see()).readings.length > 0);
      await watch.see();
      expect(watch.spent('priced')).toEqual({
        spendUsd: expect.closeTo(before.spendUsd + PRICE, 9),
        promptTokens: before.promptTokens + ANSWER.promptTokens,
        completionTokens: before.completionTokens + ANSWER.completionTokens,
      });
    },
    RESTART_MS,
  );

  it('is named by the stand-in LiteLLM as it names things itself', async () => {
    const standIn = await startSandboxLiteLLM({ tokens: 1, chunkMs: 1 });
    await ask(litellm, 1);
    await litellm.chat('no such model');
    await fetch(`${standIn.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${standIn.masterKey}` },
      body: JSON.stringify({ messages: [] }),
    }).then((answer) => answer.text());
    const real = counters(await metrics(litellm));
    const played = await until(async () => {
      const found = counters(await metrics(standIn));
      return found.has('litellm_spend_metric_total') ? found : undefined;
    });
    await standIn.close();
    expect([...real.keys()]).toEqual(expect.arrayContaining([...played.keys()]));
    for (const [name, labels] of played)
      expect([name, ...(real.get(name) ?? [])]).toEqual(expect.arrayContaining([...labels]));
  });
});

describe('two workers that share their counters, metrics without authentication', () => {
  let litellm: Litellm;
  let watch: Purse;
  beforeAll(async () => {
    litellm = await startLitellm({ workers: 'sharing', metricsAuth: false });
    watch = openPurse(litellm.url);
  }, FIRST_START_MS);
  afterAll(async () => {
    await watch?.close();
    await litellm?.remove();
  });

  it(
    'are summed up, and a restart is no spend',
    async () => {
      await watch.begin(litellm);
      await ask(litellm, 10);
      await settled(watch, 10);
      // The budgets' gauges tell of it, one for each process.
      expect(await watch.see()).toMatchObject({ multiprocess: true, process: undefined });
      await litellm.kill();
      expect(await watch.look()).toMatchObject({ ok: false, why: 'no-answer' });
      await litellm.start();
      expect((await watch.see()).readings).toEqual([]);
      await settled(watch, 10, 0);
      await ask(litellm, 2);
      await settled(watch, 12);
    },
    2 * RESTART_MS,
  );
});

describe('two workers that each show their own counters', () => {
  let litellm: Litellm;
  beforeAll(async () => {
    litellm = await startLitellm({ workers: 'apart', metricsAuth: false });
  }, FIRST_START_MS);
  afterAll(() => litellm?.remove());

  it('are told apart: what one of them counted is counted once, however often they take turns', async () => {
    const watch = openPurse(litellm.url);
    const quiet = keepBusy(litellm);
    await watch.begin(litellm);
    const processes = new Set<string | undefined>();
    let asked = 0;
    await until(async () => {
      const [{ process }] = await Promise.all([watch.see(), ...Array.from({ length: 4 }, () => ask(litellm, 1))]);
      asked += 4;
      return processes.add(process).size === 2;
    }, PATIENCE_MS);
    await settled(watch, asked, 20);
    await quiet();
    await watch.close();
  });
});

/** An idle machine wakes the same worker for each connection. Ends it when it is called. */
function keepBusy(litellm: Litellm): () => Promise<unknown> {
  let goesOn = true;
  const client = async (): Promise<void> => {
    while (goesOn) await isAlive(litellm);
  };
  const all = Promise.allSettled(Array.from({ length: 8 }, client));
  return () => {
    goesOn = false;
    return all;
  };
}

/** Names of the counters, each with those of its labels. */
function counters(exposition: string): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const [, name = '', labels = ''] of exposition.matchAll(/^(litellm_\w+_total)\{(.*)\} /gm))
    found.set(name, new Set([...labels.matchAll(/(\w+)="/g)].map(([, label = '']) => label)));
  return found;
}

async function metrics({ url, masterKey }: { url: string; masterKey: string }): Promise<string> {
  const answer = await fetch(`${url}/metrics/`, { headers: { authorization: `Bearer ${masterKey}` } });
  expect(answer.status).toBe(200);
  return answer.text();
}
