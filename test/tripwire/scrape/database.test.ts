import { type SandboxLiteLLM, startSandboxLiteLLM } from '../../../src/sandbox/litellm';
import type { SandboxLiteLLMOptions } from '../../../src/sandbox/litellm/options';
import type { Look, Scrape } from '../../../src/tripwire/scrape/look';
import { createSource, type Source, type SourceOptions } from '../../../src/tripwire/scrape/source';
import { until } from '../../support/until';

const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close();
});

const { signal } = new AbortController();
let monotonicMs = 0;
beforeEach(() => {
  monotonicMs = 0;
});

async function sandbox(options: SandboxLiteLLMOptions = {}): Promise<SandboxLiteLLM> {
  const litellm = await startSandboxLiteLLM({ chunkMs: 1, tokens: 5, inputCost: 0, outputCost: 0.2, ...options });
  opened.push(litellm);
  return litellm;
}

function source(litellm: SandboxLiteLLM, options: Partial<SourceOptions> = {}): Source {
  const one = createSource({
    ...{ name: 'proxy', url: litellm.url, timeoutMs: 2_000 },
    database: { viewerKey: litellm.viewerKey, everySeconds: 60 },
    ...{ now: Date.now, monotonic: () => monotonicMs },
    ...options,
  });
  opened.push(one);
  return one;
}

const lists = ({ requests }: SandboxLiteLLM): number => requests.filter((line) => line === 'GET /key/list').length;

function seen(look: Look): Scrape {
  if (!look.ok) throw new Error(look.detail);
  return look.scrape;
}

/** Looks until the table that was asked for has come. The metrics don't wait for it. */
const tabled = (one: Source): Promise<Look> =>
  until(async () => {
    const look = await one.look(signal);
    return look.database && look;
  });

async function complete({ url }: SandboxLiteLLM, key: string): Promise<void> {
  const answer = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}` },
    body: JSON.stringify({ messages: [] }),
  });
  await answer.text();
}

const spent = (look: Look): Record<string, number> =>
  Object.fromEntries(seen(look).readings.map(({ key, model, spendUsd }) => [`${key.slice(0, 4)} ${model}`, spendUsd]));

describe('the table beside the metrics', () => {
  it('tells names, teams, budgets and blocks', async () => {
    const litellm = await sandbox();
    const resetsAt = Math.floor(Date.now() / 1_000) * 1_000 + 3_600_000;
    const { hash } = litellm.addKey('agent', undefined, {
      ...{ spend: 4, max_budget: 10, team_id: 'team' },
      budget_reset_at: new Date(resetsAt).toISOString(),
    });
    litellm.setBlocked(hash, true);
    const look = await tabled(source(litellm));
    expect(look.database).toMatchObject({ ok: true, keys: 1, whole: true });
    expect(seen(look).keys.get(hash)).toEqual({
      ...{ key: hash, alias: 'agent', teamId: 'team', blocked: true },
      budget: { maxUsd: 10, remainingUsd: 6, resetsAt },
    });
  });

  it('is read once in a while; what it said stays', async () => {
    const litellm = await sandbox();
    const { hash } = litellm.addKey('agent');
    const one = source(litellm);
    await tabled(one);
    for (let n = 0; n < 5; n += 1) {
      monotonicMs += 11_000;
      const look = await one.look(signal);
      expect(look.database).toBeUndefined();
      expect(seen(look).keys.get(hash)?.alias).toBe('agent');
    }
    expect(lists(litellm)).toBe(1);
    monotonicMs += 5_000;
    await tabled(one);
    expect(lists(litellm)).toBe(2);
  });

  it('counts what keys spend that no metric shows: from nothing, each look at the table once', async () => {
    const litellm = await sandbox();
    const { hash } = litellm.addKey('elsewhere', undefined, { spend: 100 });
    const name = `${hash.slice(0, 4)} database`;
    const one = source(litellm);
    expect(spent(await tabled(one))).toEqual({ [name]: 0 });
    expect(spent(await one.look(signal))).toEqual({});
    litellm.changeKey(hash, { spend: 103 });
    monotonicMs += 60_000;
    const look = await tabled(one);
    expect(spent(look)).toEqual({ [name]: 3 });
    expect(seen(look).readings[0]?.source).toBe('proxy/database');
  });

  it('is never added to what the metrics show of a key, even when they show it no more', async () => {
    const litellm = await sandbox();
    const { key, hash } = litellm.addKey('agent', undefined, { spend: 100 });
    const one = source(litellm);
    await tabled(one);
    await complete(litellm, key);
    const metric = `${hash.slice(0, 4)} gpt-4o`;
    await until(async () => spent(await one.look(signal))[metric] === 1);
    monotonicMs += 60_000;
    expect(spent(await tabled(one))).toEqual({ [metric]: 1 });
    litellm.resetCounters();
    monotonicMs += 60_000;
    expect(spent(await tabled(one))).toEqual({});
  });

  it('is not counted for keys that another proxy of the same database showed', async () => {
    const [one, other] = [await sandbox(), await sandbox()];
    const { key, hash } = one.addKey('agent');
    other.addKey('agent', key, { spend: 100 });
    const shown = new Set<string>();
    const first = source(one, { shown, database: undefined });
    const second = source(other, { shown });
    await complete(one, key);
    await until(async () => spent(await first.look(signal))[`${hash.slice(0, 4)} gpt-4o`] === 1);
    expect(spent(await tabled(second))).toEqual({});
  });

  it('is not counted while LiteLLM adds up keys as one, among which it may be', async () => {
    const litellm = await sandbox();
    litellm.addKey('agent', undefined, { spend: 100 });
    const one = source(litellm, { shown: new Set(['other']) });
    expect(spent(await tabled(one))).toEqual({});
  });

  it('is read page by page, and within bounds', async () => {
    const litellm = await sandbox();
    for (let n = 0; n < 250; n += 1) litellm.addKey(`k${n}`, `sk-${n}`, { spend: n });
    const look = await tabled(source(litellm));
    expect(look.database).toMatchObject({ ok: true, keys: 250, whole: true });
    expect(seen(look).keys.size).toBe(250);
    expect(lists(litellm)).toBe(3);
  });

  it.each<[string, string, SandboxLiteLLMOptions, string, RegExp]>([
    [
      'a wrong key',
      'unauthorised',
      {},
      'sk-stranger',
      /^LiteLLM refuses the viewer's key \(401\)\. Give database\.viewerKey a key/,
    ],
    [
      'no database',
      'no-database',
      { database: false },
      'sk-sandbox-viewer',
      /^LiteLLM does not list its keys \(500\)\. /,
    ],
  ])(
    'that cannot be read, for %s, is told, and the metrics are seen all the same',
    async (_what, why, options, viewerKey, words) => {
      const litellm = await sandbox(options);
      const look = await tabled(source(litellm, { database: { viewerKey, everySeconds: 60 } }));
      expect(look).toMatchObject({ ok: true, database: { ok: false, why, detail: expect.stringMatching(words) } });
      expect(JSON.stringify(look.database)).not.toContain(viewerKey);
    },
  );

  it('that is silent holds nothing up, and closing does not wait for it', async () => {
    const litellm = await sandbox();
    litellm.fail('/key/list', 'silence');
    const one = source(litellm, { timeoutMs: 60_000 });
    for (let n = 0; n < 3; n += 1) expect((await one.look(signal)).ok).toBe(true);
    await until(() => lists(litellm) === 1);
    const began = performance.now();
    await one.close();
    expect(performance.now() - began).toBeLessThan(1_000);
  });

  it('keeps what it knew when one reading fails', async () => {
    const litellm = await sandbox();
    const { hash } = litellm.addKey('agent', undefined, { spend: 100 });
    const one = source(litellm);
    await tabled(one);
    litellm.fail('/key/list', 'error');
    litellm.changeKey(hash, { spend: 101 });
    monotonicMs += 60_000;
    const failed = await tabled(one);
    expect(failed.database?.ok).toBe(false);
    expect(seen(failed).keys.get(hash)?.alias).toBe('agent');
    litellm.changeKey(hash, { spend: 102 });
    monotonicMs += 60_000;
    expect(spent(await tabled(one))).toEqual({ [`${hash.slice(0, 4)} database`]: 2 });
  });
});

describe('the table alone', () => {
  const alone = (litellm: SandboxLiteLLM, viewerKey = litellm.viewerKey): Source =>
    source(litellm, { url: undefined, database: { url: litellm.url, viewerKey, everySeconds: 60 } });

  it('is waited for, and is all that there is', async () => {
    const litellm = await sandbox();
    const { hash } = litellm.addKey('agent', undefined, { spend: 100 });
    const one = alone(litellm);
    const first = await one.look(signal);
    expect(spent(first)).toEqual({ [`${hash.slice(0, 4)} database`]: 0 });
    expect(seen(first).keys.get(hash)?.alias).toBe('agent');
    expect(seen(await one.look(signal)).readings).toEqual([]);
    expect(litellm.requests).toEqual(['GET /key/list']);
    litellm.changeKey(hash, { spend: 104 });
    monotonicMs += 60_000;
    expect(spent(await one.look(signal))).toEqual({ [`${hash.slice(0, 4)} database`]: 4 });
  });

  it('that cannot be read is nothing seen, until it can', async () => {
    const litellm = await sandbox();
    const one = alone(litellm, 'sk-stranger');
    expect(await one.look(signal)).toMatchObject({ ok: false, why: 'unauthorised' });
    expect(await one.look(signal)).toMatchObject({ ok: false, why: 'unauthorised' });
    expect(lists(litellm)).toBe(1);
  });

  it('can be given up', async () => {
    const litellm = await sandbox();
    litellm.fail('/key/list', 'silence');
    const controller = new AbortController();
    const looking = alone(litellm).look(controller.signal);
    await until(() => lists(litellm) === 1);
    controller.abort();
    expect(await looking).toMatchObject({ ok: false, why: 'stopped' });
  });
});
