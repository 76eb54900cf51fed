import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import axios, { type AxiosRequestConfig } from 'axios';
import { type SandboxLiteLLM, startSandboxLiteLLM } from '../../src/sandbox/litellm';
import { pythonFloat } from '../../src/sandbox/litellm/metrics';
import type { SandboxLiteLLMOptions } from '../../src/sandbox/litellm/options';
import { startRogueAgent } from '../../src/sandbox/rogue-agent';
import { events } from '../../src/sandbox/server-sent-events';
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

describe('/metrics/', () => {
  const recorded = readFileSync(join(__dirname, '../fixtures/litellm/metrics-v1.81.15.txt'), 'utf8').split('\n');
  const shapes = (lines: readonly string[]): string[] =>
    [...new Set(lines.map((line) => line.replaceAll(/="[^"]*"/g, '').replace(/\} .*$/, '}')))].sort();

  it('has the names, the help, the types and the labels of LiteLLM 1.81.15', async () => {
    const litellm = await sandbox();
    const { key, hash } = litellm.addKey('agent');
    await complete(litellm, key);
    await until(() => counter(litellm, 'litellm_spend_metric_total', hash));
    await complete(litellm, 'sk-stranger');
    const { data, headers } = await http.get<string>(`${litellm.url}/metrics/`);
    expect(shapes(data.split('\n'))).toEqual(shapes(recorded));
    expect(headers['content-type']).toMatch(/^text\/plain; version=/);
  });

  it('is not at /metrics', async () => {
    const litellm = await sandbox();
    const { status, headers } = await http.get(`${litellm.url}/metrics`);
    expect([status, headers.location]).toEqual([307, '/metrics/']);
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
