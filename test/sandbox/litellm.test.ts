import { Agent } from 'node:http';
import type { Readable } from 'node:stream';
import { gunzipSync } from 'node:zlib';
import axios, { type AxiosRequestConfig } from 'axios';
import { type SandboxLiteLLM, startSandboxLiteLLM } from '../../src/sandbox/litellm';
import type { SandboxLiteLLMOptions } from '../../src/sandbox/litellm/options';
import { pythonFloat } from '../../src/sandbox/litellm/render';
import { startRogueAgent } from '../../src/sandbox/rogue-agent';
import { events } from '../../src/sandbox/server-sent-events';
import { exposition } from '../support/litellm-exposition';
import { startToyGateway } from '../support/toy-gateway';
import { until } from '../support/until';

const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close();
});

async function sandbox(options: SandboxLiteLLMOptions = {}): Promise<SandboxLiteLLM> {
  const litellm = await startSandboxLiteLLM({ chunkMs: 2, tokens: 5, ...options });
  opened.push(litellm);
  return litellm;
}

const http = axios.create({ proxy: false, validateStatus: () => true, maxRedirects: 0 });
const bearer = (key: string) => ({ headers: { authorization: `Bearer ${key}` } });
const complete = (litellm: SandboxLiteLLM, key: string, body: object = {}, more: AxiosRequestConfig = {}) =>
  http.post(
    `${litellm.url}/v1/chat/completions`,
    { model: 'gpt-4o', messages: [], ...body },
    { ...bearer(key), ...more },
  );

/** The value of a counter, summed over all series of a key; undefined when there is none. */
async function counter(litellm: SandboxLiteLLM, name: string, hash: string): Promise<number | undefined> {
  const { data } = await http.get<string>(`${litellm.url}/metrics/`);
  const lines = data.split('\n').filter((line) => line.startsWith(`${name}{`) && line.includes(hash));
  return lines.length === 0 ? undefined : lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

describe('a completion', () => {
  it('streams as OpenAI does', async () => {
    const litellm = await sandbox();
    const { key, hash } = litellm.addKey('agent');
    const { data } = await complete(litellm, key, { stream: true }, { responseType: 'stream' });
    const seen: string[] = [];
    for await (const event of events(data as Readable)) seen.push(event.data);
    expect(seen.at(-1)).toBe('[DONE]');
    const chunks = seen.slice(0, -1).map((text) => JSON.parse(text));
    expect(chunks.map((chunk) => chunk.choices[0].delta.content).filter(Boolean)).toHaveLength(5);
    expect(chunks.at(-1).choices[0].finish_reason).toBe('stop');
    expect(chunks[0]).toMatchObject({ object: 'chat.completion.chunk', model: 'gpt-4o' });
    await until(async () => (await counter(litellm, 'litellm_output_tokens_metric_total', hash)) === 5);
    expect(litellm.completions).toEqual([expect.objectContaining({ key: hash, tokens: 5, how: 'complete' })]);
    expect(litellm.open()).toEqual([]);
  });

  it('comes whole, with its usage, when no stream is asked for; input and output are priced', async () => {
    const litellm = await sandbox({ inputCost: 0.001, outputCost: 0.01 });
    const { key, hash } = litellm.addKey();
    const { data } = await complete(litellm, key, { max_tokens: 3, messages: [{ role: 'user', content: 'hello' }] });
    const { prompt_tokens: prompt, completion_tokens: output, total_tokens: total } = data.usage;
    expect([output, total]).toEqual([3, prompt + 3]);
    await until(async () => (await counter(litellm, 'litellm_total_tokens_metric_total', hash)) === total);
    expect(await counter(litellm, 'litellm_spend_metric_total', hash)).toBeCloseTo(prompt * 0.001 + 0.03);
    expect(await counter(litellm, 'litellm_requests_metric_total', hash)).toBe(1);
    litellm.resetCounters();
    expect(await counter(litellm, 'litellm_requests_metric_total', hash)).toBeUndefined();
  });

  it.each([
    ['free', undefined],
    ['charged', true],
  ] as const)(
    'is not counted while it runs, and stops when the client goes away; its tokens are %s',
    async (hungUp, charged) => {
      const litellm = await sandbox({ tokens: 1e6, hungUp });
      const { key, hash } = litellm.addKey();
      const { data } = await complete(litellm, key, { stream: true }, { responseType: 'stream' });
      await until(() => (litellm.open()[0]?.tokens ?? 0) >= 3);
      expect(await counter(litellm, 'litellm_output_tokens_metric_total', hash)).toBeUndefined();
      (data as Readable).destroy();
      const [completion] = litellm.completions;
      await until(() => completion?.how === 'client-closed');
      const produced = completion?.tokens;
      expect(litellm.open()).toEqual([]);
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(completion?.tokens).toBe(produced);
      expect(await counter(litellm, 'litellm_output_tokens_metric_total', hash)).toBe(charged && produced);
    },
  );

  it('needs a key that there is', async () => {
    const litellm = await sandbox();
    const { status, data } = await complete(litellm, 'sk-stranger');
    expect(status).toBe(401);
    expect(data.error).toMatchObject({ type: 'token_not_found_in_db', code: '401' });
    expect(litellm.completions).toEqual([]);
  });
});

describe('a blocked key', () => {
  it('gets 401, unless a stream runs already', async () => {
    const litellm = await sandbox({ tokens: 1e6 });
    const { key, hash } = litellm.addKey();
    const { data: stream } = await complete(litellm, key, { stream: true }, { responseType: 'stream' });
    await until(() => litellm.open().length === 1);
    const { status, data } = await http.post(`${litellm.url}/key/block`, { key: hash }, bearer(litellm.masterKey));
    expect(status).toBe(200);
    expect(data).toMatchObject({ token: hash, blocked: true });
    const refused = await complete(litellm, key, { stream: true });
    expect(refused.status).toBe(401);
    expect(refused.data.error.message).toMatch(/^Authentication Error, Key is blocked\./);

    const tokens = litellm.open()[0]?.tokens ?? 0;
    await until(() => (litellm.open()[0]?.tokens ?? 0) > tokens);
    (stream as Readable).destroy();
    expect(await counter(litellm, 'litellm_proxy_failed_requests_metric_total', hash)).toBe(1);

    await http.post(`${litellm.url}/key/unblock`, { key }, bearer(litellm.masterKey));
    const { data: info } = await http.get(`${litellm.url}/key/info`, {
      headers: { authorization: `Bearer ${litellm.viewerKey}` },
      params: { key },
    });
    expect(info.info).toMatchObject({ blocked: false });
    expect(info.info).not.toHaveProperty('token');
  });

  it.each([
    ['an unknown hash', (litellm: SandboxLiteLLM) => litellm.masterKey, { key: '0'.repeat(64) }, 401],
    ['a stranger', () => 'sk-stranger', { key: '0'.repeat(64) }, 401],
    ['a viewer', (litellm: SandboxLiteLLM) => litellm.viewerKey, { key: '0'.repeat(64) }, 403],
    ['something that is no key', (litellm: SandboxLiteLLM) => litellm.masterKey, { key: 'hello' }, 400],
  ])('%s blocks nothing', async (_what, key, body, status) => {
    const litellm = await sandbox();
    expect((await http.post(`${litellm.url}/key/block`, body, bearer(key(litellm)))).status).toBe(status);
  });
});

describe('a budget', () => {
  it('is shown beside what is left of it, and refuses when it is used up, until it begins anew', async () => {
    const litellm = await sandbox({ outputCost: 1 });
    const { key, hash } = litellm.addKey('agent', undefined, { max_budget: 7 });
    expect((await complete(litellm, key)).status).toBe(200);
    const left = 'litellm_remaining_api_key_budget_metric';
    await until(async () => Number(await counter(litellm, left, hash)) < 2.1);
    expect(await counter(litellm, 'litellm_api_key_max_budget_metric', hash)).toBe(7);
    expect((await complete(litellm, key)).status).toBe(200);
    await until(async () => Number(await counter(litellm, left, hash)) < 0);
    const refused = await complete(litellm, key);
    expect([refused.status, refused.data.error.type]).toEqual([400, 'budget_exceeded']);
    litellm.changeKey(hash, { spend: 0 });
    expect((await complete(litellm, key)).status).toBe(200);
  });

  it('that is none leaves endlessly much', async () => {
    const litellm = await sandbox();
    const { key, hash } = litellm.addKey();
    await complete(litellm, key);
    await until(() => counter(litellm, 'litellm_spend_metric_total', hash));
    const { data } = await http.get<string>(`${litellm.url}/metrics/`);
    expect(data).toMatch(new RegExp(`^litellm_remaining_api_key_budget_metric\\{.*${hash}.*\\} \\+Inf$`, 'm'));
    expect(await counter(litellm, 'litellm_api_key_max_budget_metric', hash)).toBeUndefined();
  });
});

describe('/key/list', () => {
  const list = (litellm: SandboxLiteLLM, key: string, query: object) =>
    http.get(`${litellm.url}/key/list`, { ...bearer(key), params: query });

  it('shows pages of keys, the dearest first, to a viewer', async () => {
    const litellm = await sandbox();
    const hashes = [3, 1, 2].map((spend) => litellm.addKey(`k${spend}`, undefined, { spend }).hash);
    const query = { return_full_object: true, sort_by: 'spend', size: 2 };
    const first = await list(litellm, litellm.viewerKey, { ...query, page: 1 });
    expect(first.data).toMatchObject({ total_count: 3, current_page: 1, total_pages: 2 });
    expect(first.data.keys.map((row: { key_alias: string }) => row.key_alias)).toEqual(['k3', 'k2']);
    expect(first.data.keys[0]).toMatchObject({ token: hashes[0], spend: 3, max_budget: null, blocked: null });
    const second = await list(litellm, litellm.masterKey, { ...query, page: 2, return_full_object: false });
    expect(second.data.keys).toEqual([hashes[1]]);
  });

  it.each([
    ['a stranger', () => 'sk-stranger', {}, 401],
    ['whoever wants too many at once', ({ masterKey }: SandboxLiteLLM) => masterKey, { size: 101 }, 422],
  ])('refuses %s', async (_what, key, query, status) => {
    const litellm = await sandbox();
    expect((await list(litellm, key(litellm), query)).status).toBe(status);
  });

  it('is not there without a database', async () => {
    const litellm = await sandbox({ database: false });
    expect((await list(litellm, litellm.masterKey, {})).status).toBe(500);
  });
});

describe('/metrics/', () => {
  /** What lines are like: values of labels and samples apart. */
  const shapes = (text: string): string[] => [
    ...new Set(
      text
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => (line.startsWith('#') ? line : line.replaceAll(/="[^"]*"/g, '').replace(/ \S+$/, ''))),
    ),
  ];
  const scrape = (litellm: SandboxLiteLLM, key = '', headers: Record<string, string> = {}, query = '') =>
    http.get<string>(`${litellm.url}/metrics/${query}`, { headers: { ...bearer(key).headers, ...headers } });
  const used = async (options: SandboxLiteLLMOptions = {}): Promise<SandboxLiteLLM> => {
    const litellm = await sandbox(options);
    const budget = { max_budget: 25, budget_reset_at: new Date(Date.now() + 36e5).toISOString() };
    const { key, hash } = litellm.addKey('agent', undefined, budget);
    await complete(litellm, key);
    await until(() => counter(litellm, 'litellm_spend_metric_total', hash));
    await complete(litellm, 'sk-stranger');
    return litellm;
  };

  it('has the names, the help, the types and the labels of LiteLLM 1.81.15', async () => {
    const { data, headers } = await scrape(await used());
    const recorded = new Set(shapes(exposition(4)));
    expect(shapes(data).filter((line) => !recorded.has(line))).toEqual([]);
    expect(shapes(data).filter((line) => line.startsWith('# TYPE'))).toHaveLength(20);
    expect(shapes(data).filter((line) => !line.startsWith('#'))).toHaveLength(20);
    expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
  });

  it('speaks OpenMetrics when that is asked for', async () => {
    const { data, headers } = await scrape(await used(), '', { accept: 'application/openmetrics-text;version=1.0.0' });
    const heads = (text: string): string[] => shapes(text).filter((line) => line.startsWith('#'));
    const recorded = new Set(heads(exposition(7)));
    expect(heads(data).filter((line) => !recorded.has(line))).toEqual([]);
    expect(data).toMatch(/\n# EOF\n$/);
    const spend =
      /^# TYPE litellm_spend_metric counter\nlitellm_spend_metric_total\{.+\nlitellm_spend_metric_created\{/m;
    expect([spend.test(data), spend.test(exposition(7))]).toEqual([true, true]);
    expect(headers['content-type']).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8');
  });

  it('is packed when that is asked for', async () => {
    const litellm = await used();
    const { data, headers } = await http.get<Buffer>(`${litellm.url}/metrics/`, {
      headers: { 'accept-encoding': 'gzip' },
      decompress: false,
      responseType: 'arraybuffer',
    });
    expect(headers['content-encoding']).toBe('gzip');
    expect(gunzipSync(data).toString()).toContain('litellm_spend_metric_total{');
  });

  it('shows no more than what is named', async () => {
    const { data } = await scrape(await used(), '', {}, '?name[]=litellm_spend_metric_total&name[]=nothing');
    expect(shapes(data).map((line) => line.replace(/\{.*/, ''))).toEqual([
      '# HELP litellm_spend_metric_total Total spend on LLM requests',
      '# TYPE litellm_spend_metric_total counter',
      'litellm_spend_metric_total',
    ]);
  });

  it('is not at /metrics', async () => {
    const litellm = await sandbox();
    const { status, headers } = await http.get(`${litellm.url}/metrics`);
    expect([status, headers.location]).toEqual([307, '/metrics/']);
  });

  it.each([
    ['no key', () => '', 401],
    ['a stranger', () => 'sk-stranger', 401],
    ['the viewer', ({ viewerKey }: SandboxLiteLLM) => viewerKey, 200],
    ['a virtual key', (litellm: SandboxLiteLLM) => litellm.addKey().key, 200],
  ])('that want a key: %s', async (_what, key, status) => {
    const litellm = await sandbox({ metricsAuth: true });
    expect((await scrape(litellm, key(litellm))).status).toBe(status);
  });

  it('without a licence says so, and nothing else', async () => {
    const { data } = await scrape(await sandbox({ prometheus: 'not-premium' }));
    expect(data).toBe(exposition(10));
  });

  it('is not there without the callback', async () => {
    const { status, data } = await scrape(await sandbox({ prometheus: 'off' }));
    expect([status, data]).toEqual([404, { detail: 'Not Found' }]);
  });

  it('of each worker has its own counters and its own start; after a restart all begin anew', async () => {
    const litellm = await sandbox({ workers: 2 });
    const { key, hash } = litellm.addKey();
    // A connection that is kept comes to the same worker every time.
    const fresh = { httpAgent: new Agent() };
    for (let n = 0; n < 3; n += 1) await complete(litellm, key, {}, fresh);
    const seen = new Map<string, number>();
    const look = async (): Promise<void> => {
      const { data } = await http.get<string>(`${litellm.url}/metrics/`, fresh);
      const start = /^process_start_time_seconds (.+)$/m.exec(data)?.[1] ?? '';
      const lines = data.split('\n').filter((line) => line.startsWith('litellm_requests_metric_total{'));
      seen.set(
        start,
        Number(
          lines
            .find((line) => line.includes(hash))
            ?.split(' ')
            .at(-1) ?? 0,
        ),
      );
    };
    await until(async () => {
      await look();
      return [...seen.values()].sort().join() === '1,2';
    });
    litellm.resetCounters();
    for (let n = 0; n < 4; n += 1) await look();
    expect([...seen.values()].sort()).toEqual([0, 0, 1, 2]);
  });

  it('no longer shows what is forgotten', async () => {
    const litellm = await sandbox();
    const { key, hash } = litellm.addKey();
    await complete(litellm, key);
    await until(() => counter(litellm, 'litellm_spend_metric_total', hash));
    litellm.forgetSeries(hash);
    expect((await scrape(litellm)).data).not.toContain(hash);
  });

  it.each([
    [14, '14.0'],
    [0, '0.0'],
    [0.2327999999999999, '0.2327999999999999'],
    [126_000, '126000.0'],
    [1_244_250, '1.24425e+06'],
    [2_000_000, '2e+06'],
    [1_795_400_750.0174992, '1.7954007500174992e+09'],
    [Number.POSITIVE_INFINITY, '+Inf'],
  ])('writes %d as Python does', (value, text) => {
    expect(pythonFloat(value)).toBe(text);
  });
});

describe('a rogue agent', () => {
  it.each([
    ['error-event', true],
    ['aborted', false],
  ] as const)(
    'streams on and on; cut, its stream ends (%s), it is refused, the model stops; and back',
    async (how, word) => {
      const litellm = await sandbox({ tokens: 1e6 });
      const gateway = await startToyGateway(litellm.url);
      const agent = startRogueAgent({
        url: gateway.url,
        headers: { authorization: `Bearer ${litellm.addKey().key}` },
        pauseMs: 2,
      });
      opened.push(gateway, { close: () => agent.stop() });
      await agent.waitFor(({ tokens, streaming }) => streaming && tokens >= 5);
      expect(litellm.open()).toHaveLength(1);

      const cutAt = performance.now();
      gateway.cut(word);
      const cut = await agent.waitFor(({ refused, streaming }) => refused >= 3 && !streaming);
      expect(cut.ends).toEqual([{ how, tokens: cut.tokens, at: expect.any(Number) }]);
      expect(cut.ends[0]?.at).toBeGreaterThanOrEqual(cutAt);
      expect(cut.lastRefusedAt).toBeGreaterThanOrEqual(cut.ends[0]?.at ?? Number.POSITIVE_INFINITY);
      expect(cut.lastTokenAt).toBeLessThanOrEqual(cut.ends[0]?.at ?? 0);
      await until(() => litellm.open().length === 0);
      expect(litellm.completions[0]?.how).toBe('client-closed');
      expect([...cut.failed]).toEqual([]);

      const before = cut.tokens;
      gateway.restore();
      await agent.waitFor(({ tokens, streaming }) => streaming && tokens > before);
      await agent.stop();
      expect(agent.state.streaming).toBe(false);
      const { refused, streams } = agent.state;
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(agent.state).toMatchObject({ refused, streams });
    },
  );

  it('begins the next stream when one is done, and counts each token once', async () => {
    const litellm = await sandbox({ tokens: 3 });
    const agent = startRogueAgent({
      url: litellm.url,
      headers: { authorization: `Bearer ${litellm.addKey().key}` },
      pauseMs: 1,
    });
    opened.push({ close: () => agent.stop() });
    const { ends } = await agent.waitFor((state) => state.ends.length >= 3);
    for (const end of ends.slice(0, 3)) expect(end).toMatchObject({ how: 'done', tokens: 3 });
    expect(agent.state.refused).toBe(0);
  });

  it('tells other refusals from ours, and goes on without an answer', async () => {
    const litellm = await sandbox();
    const agent = startRogueAgent({ url: litellm.url, pauseMs: 1 });
    opened.push({ close: () => agent.stop() });
    await agent.waitFor(({ failed }) => (failed.get(401) ?? 0) >= 2);
    await litellm.close();
    await agent.waitFor(({ failed }) => (failed.get(0) ?? 0) >= 2);
    expect(agent.state).toMatchObject({ refused: 0, tokens: 0, streams: 0 });
  });

  it('says what it saw when a condition does not come', async () => {
    const litellm = await sandbox();
    const agent = startRogueAgent({ url: litellm.url, pauseMs: 1 });
    opened.push({ close: () => agent.stop() });
    await expect(agent.waitFor(({ refused }) => refused > 0, 30)).rejects.toThrow(
      /has not seen .*refused > 0.* within 30 ms/,
    );
  });
});

describe('events', () => {
  it('are the same wherever the chunks are cut', async () => {
    const text =
      'data: é1\n\n: padding\n\nevent: error\ndata: a\ndata: b\n\nevent: other\r\ndata:x\r\n\r\ndata: unfinished';
    const bytes = Buffer.from(text);
    for (let at = 0; at <= bytes.length; at++) {
      const seen = [];
      async function* chunks() {
        yield bytes.subarray(0, at);
        yield bytes.subarray(at);
      }
      for await (const event of events(chunks())) seen.push(event);
      expect(seen).toEqual([
        { event: 'message', data: 'é1' },
        { event: 'error', data: 'a\nb' },
        { event: 'other', data: 'x' },
      ]);
    }
  });
});
