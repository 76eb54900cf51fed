import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { listen } from '../../src/sandbox/apisix/listener';
import { createSource } from '../../src/tripwire/scrape/source';

/** Threat: who feeds the metrics makes them so large, so many or so odd that the tripwire is blind, dead or fooled. */

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  while (closing.length > 0) await closing.pop()?.();
});

const MIB = 1 << 20;
const HELP = '# TYPE litellm_spend_metric_total counter\n';
const sample = (labels: string, value = '1') => `litellm_spend_metric_total{${labels}} ${value}\n`;
const key = (name: string, model = 'gpt') => `hashed_api_key="${name}",model="${model}"`;

async function look(parts: Iterable<string>, maxBytes = 32 * MIB) {
  let written = 0;
  const listener = await listen({
    port: 0,
    onRequest: async (_request: IncomingMessage, response: ServerResponse) => {
      const closed = once(response, 'close');
      response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' });
      for (const part of parts) {
        if (response.destroyed) return;
        written += part.length;
        if (!response.write(part)) await Promise.race([once(response, 'drain'), closed]);
      }
      response.end();
    },
  });
  closing.push(() => listener.close());
  const source = createSource({
    ...{
      name: 'proxy',
      url: listener.url,
      maxBytes,
      timeoutMs: 25_000,
      now: Date.now,
      monotonic: () => performance.now(),
    },
  });
  closing.push(() => source.close());
  return { seen: await source.look(new AbortController().signal), written: () => written };
}

function* endless(line: (turn: number) => string): Generator<string> {
  yield HELP;
  for (let turn = 0; turn < 1e6; turn += 1) {
    let part = '';
    for (let i = 0; i < 100; i += 1) part += line(turn * 100 + i);
    yield part;
  }
}

// The first within all bytes that there may be: there the pairs are the bound.
it.each<[string, (turn: number) => string, number]>([
  ['keys', (turn) => sample(key(`k${turn}`)), 32 * MIB],
  ['models', (turn) => sample(key('k', `m${turn}`)), 4 * MIB],
  ['samples of nothing that is watched', (turn) => `http_requests_total{path="/${turn}"} 1\n`, 4 * MIB],
  ['families', (turn) => `# TYPE litellm_x${turn} counter\n`, 4 * MIB],
  ['labels', (turn) => sample(`${key('k')},l${turn}="${'x'.repeat(1_000)}"`), 4 * MIB],
])('%s without end are trouble, and are not read to the end', async (_what, line, maxBytes) => {
  const before = process.memoryUsage().rss;
  const { seen, written } = await look(endless(line), maxBytes);
  expect(seen).toMatchObject({ ok: false, why: expect.stringMatching(/^(too-large|malformed)$/) });
  expect(written()).toBeLessThan(48 * MIB);
  expect(process.memoryUsage().rss - before).toBeLessThan(400 * MIB);
});

it('a line without end is trouble', async () => {
  function* line() {
    yield `${HELP}litellm_spend_metric_total{hashed_api_key="`;
    for (let i = 0; i < 100; i += 1) yield 'x'.repeat(MIB);
  }
  const { seen, written } = await look(line());
  expect(seen).toMatchObject({ ok: false, why: 'malformed' });
  expect(written()).toBeLessThan(16 * MIB);
});

it.each(['NaN', '+Inf', '-Inf', '-1', '1e999'])(
  'a spend of %s is not spent, and makes nothing else unseen',
  async (value) => {
    const { seen } = await look([HELP, sample(key('odd'), value), sample(key('good'), '2.5')]);
    if (!seen.ok) throw new Error(seen.why);
    const spends = seen.scrape.readings.map(({ spendUsd }) => spendUsd);
    expect(spends).toContain(2.5);
    expect(spends.every((spend) => Number.isFinite(spend) && spend >= 0)).toBe(true);
  },
);

it.each(['__proto__', 'constructor', 'a\\nb', '\u202eevil', '</script>', "'; drop table x; --"])(
  'a key called %j is one like any other',
  async (name) => {
    const { seen } = await look([HELP, sample(key(name)), sample(key('good'), '2.5')]);
    expect(seen.ok).toBe(true);
    expect(({} as Record<string, unknown>).spendUsd).toBeUndefined();
  },
);
