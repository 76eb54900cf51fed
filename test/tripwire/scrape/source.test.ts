import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createGzip, gzipSync } from 'node:zlib';
import { listen } from '../../../src/sandbox/apisix/listener';
import type { Look, Scrape } from '../../../src/tripwire/scrape/look';
import { createSource, type Source, type SourceOptions } from '../../../src/tripwire/scrape/source';
import { selfSigned } from '../../support/certificate';
import { exposition, RESEARCH } from '../../support/litellm-exposition';
import { until } from '../../support/until';

const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close();
});

const TOKEN = 'sk-scrape-secret';
const PLAIN = 'text/plain; version=0.0.4; charset=utf-8';
const OPEN = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

interface Server {
  readonly url: string;
  readonly requests: IncomingMessage[];
  close(): Promise<void>;
}

async function serve(onRequest: RequestListener): Promise<Server> {
  const requests: IncomingMessage[] = [];
  const listener = await listen({
    port: 0,
    onRequest: (request, response) => {
      requests.push(request);
      onRequest(request, response);
    },
  });
  const server = { url: listener.url, requests, close: () => listener.close() };
  opened.push(server);
  return server;
}

const answer =
  (status: number, body: string | Buffer, headers: Record<string, string> = { 'content-type': PLAIN }) =>
  (_request: IncomingMessage, response: ServerResponse): void => {
    response.writeHead(status, headers).end(body);
  };

function source(options: Partial<SourceOptions>): Source {
  const one = createSource({
    ...{ name: 'proxy', timeoutMs: 5_000, token: TOKEN },
    ...{ now: Date.now, monotonic: () => performance.now() },
    ...options,
  });
  opened.push(one);
  return one;
}

const pathOf = (request: IncomingMessage | undefined): string | undefined => request?.url?.split('?')[0];

const look = (options: Partial<SourceOptions>, signal = new AbortController().signal): Promise<Look> =>
  source(options).look(signal);

const scrapeOf = (seen: Look): Scrape => {
  if (!seen.ok) throw new Error(seen.detail);
  return seen.scrape;
};

const spent = (seen: Look): number => scrapeOf(seen).readings.reduce((sum, { spendUsd }) => sum + spendUsd, 0);

describe('a look', () => {
  it('asks /metrics/ with the token, for OpenMetrics first, and reads what it is answered', async () => {
    const { url, requests } = await serve(answer(200, exposition(1)));
    const before = Date.now();
    const seen = await look({ url });
    expect(seen).toMatchObject({ source: 'proxy', ok: true });
    expect(seen.at).toBeGreaterThanOrEqual(before);
    expect(seen.tookMs).toBeGreaterThan(0);
    expect(spent(seen)).toBeCloseTo(0.08148);
    const [request, ...more] = requests;
    expect(more).toEqual([]);
    expect(pathOf(request)).toBe('/metrics/');
    expect(request?.headers).toMatchObject({ authorization: `Bearer ${TOKEN}`, 'accept-encoding': 'gzip' });
    expect(request?.headers.accept).toMatch(/^application\/openmetrics-text;version=1\.0\.0,text\/plain/);
  });

  it.each(['', '/', '/metrics', '/metrics/', '//'])('finds the metrics behind %j', async (path) => {
    const { url, requests } = await serve(answer(200, exposition(1)));
    expect((await look({ url: `${url}${path}` })).ok).toBe(true);
    expect(requests.map(pathOf)).toEqual(['/metrics/']);
  });

  it('finds them below a path, and sends no token where there is none', async () => {
    const { url, requests } = await serve(answer(200, exposition(1)));
    expect((await look({ url: `${url}/llm`, token: undefined })).ok).toBe(true);
    expect(pathOf(requests[0])).toBe('/llm/metrics/');
    expect(requests[0]?.headers.authorization).toBeUndefined();
  });

  it('reads gzip', async () => {
    const { url } = await serve(
      answer(200, gzipSync(exposition(7)), { 'content-type': OPEN, 'content-encoding': 'gzip' }),
    );
    expect(spent(await look({ url }))).toBeCloseTo(5.23772);
  });

  it('comes over a fresh connection each time, so that every worker has its turn', async () => {
    const { url, requests } = await serve(answer(200, exposition(1)));
    const one = source({ url });
    for (let n = 0; n < 3; n += 1) await one.look(new AbortController().signal);
    expect(new Set(requests.map(({ socket }) => socket)).size).toBe(3);
  });

  it('follows a redirect to the same origin', async () => {
    const { url, requests } = await serve((request, response) =>
      pathOf(request) === '/metrics/'
        ? answer(307, '', { location: '/prometheus/' })(request, response)
        : answer(200, exposition(1))(request, response),
    );
    expect((await look({ url })).ok).toBe(true);
    expect(requests.map(({ headers }) => headers.authorization)).toEqual([`Bearer ${TOKEN}`, `Bearer ${TOKEN}`]);
  });

  describe('asks for what it needs, by name', () => {
    /** A LiteLLM that knows names, or knows none, as with PROMETHEUS_MULTIPROC_DIR. */
    const named = (text: () => string, knows: boolean): RequestListener => {
      return (request, response) => {
        const names = new URL(request.url ?? '', 'http://x').searchParams.getAll('name[]');
        const lines = text()
          .split('\n')
          .filter((line) => names.length === 0 || (knows && names.includes(/^\w+/.exec(line)?.[0] ?? '')));
        answer(200, lines.map((line) => `${line}\n`).join(''))(request, response);
      };
    };
    const byName = (requests: readonly IncomingMessage[]): boolean[] =>
      requests.map(({ url }) => url?.includes('name%5B%5D=litellm_spend_metric_total&') === true);

    it.each([1, 2, 3, 4, 6, 7, 8, 9])('and misses nothing of exposition %d', async (number) => {
      const text = exposition(number).replace('# EOF\n', '');
      const knowing = await serve(named(() => text, true));
      const all = await serve(answer(200, text));
      const [less, more] = [await look({ url: knowing.url }), await look({ url: all.url })];
      const { samples: few, ...short } = scrapeOf(less);
      const { samples: many, ...long } = scrapeOf(more);
      const timeless = (scrape: object): string =>
        JSON.stringify(scrape).replaceAll(/"(at|resetsAt)":\d+(\.\d+)?/g, '');
      expect(timeless({ ...short, keys: [...short.keys], teams: [...short.teams] })).toBe(
        timeless({ ...long, keys: [...long.keys], teams: [...long.teams] }),
      );
      expect(few).toBeLessThan(many / 3);
      expect(byName(knowing.requests)).toEqual([true]);
    });

    it('and for everything where that shows nothing, at once; from the third time on at first', async () => {
      const { url, requests } = await serve(named(() => exposition(5), false));
      const one = source({ url });
      for (let n = 0; n < 5; n += 1) expect((await one.look(new AbortController().signal)).ok).toBe(true);
      expect(byName(requests)).toEqual([true, false, true, false, true, false, false, false]);
    });

    it('again and again while one of two workers has nothing yet', async () => {
      const texts = ['process_start_time_seconds 1', exposition(1)];
      let turn = 0;
      const { url, requests } = await serve(named(() => texts[turn++ % 2] ?? '', true));
      const one = source({ url });
      for (let n = 0; n < 5; n += 1) expect((await one.look(new AbortController().signal)).ok).toBe(true);
      expect(byName(requests)).toEqual([true, false, true, false, true, false, true, false, true, false]);
    });

    it('again and again while there is nothing yet', async () => {
      let text = '# TYPE litellm_spend_metric_total counter\nprocess_start_time_seconds 1';
      const { url, requests } = await serve(named(() => text, true));
      const one = source({ url });
      for (let n = 0; n < 5; n += 1) expect((await one.look(new AbortController().signal)).ok).toBe(true);
      text = exposition(1);
      requests.length = 0;
      expect(spent(await one.look(new AbortController().signal))).toBeCloseTo(0.08148);
      expect(byName(requests)).toEqual([true]);
    });

    it('within the time of one look', async () => {
      const { url, requests } = await serve((request, response) => {
        if (request.url?.includes('?')) setTimeout(() => answer(200, '')(request, response), 60);
      });
      const began = performance.now();
      expect(await look({ url, timeoutMs: 200 })).toMatchObject({ ok: false, why: 'timeout' });
      expect(performance.now() - began).toBeLessThan(350);
      expect(requests).toHaveLength(2);
    });
  });

  it('that is only declared is a proxy before its first request: seen, and nothing spent', async () => {
    const { url } = await serve(answer(200, '# TYPE litellm_spend_metric counter\nprocess_start_time_seconds 1\n'));
    const seen = await look({ url });
    expect(seen).toMatchObject({ ok: true, scrape: { readings: [], process: '1' } });
  });
});

describe('nothing is seen', () => {
  const JSON_TYPE = { 'content-type': 'application/json' };
  it.each<[string, string, RequestListener]>([
    ['unauthorised', '401', answer(401, '"Unauthorized access to metrics endpoint"', JSON_TYPE)],
    ['unauthorised', '403', answer(403, '{}', JSON_TYPE)],
    ['not-premium', 'no licence', answer(200, exposition(10))],
    ['not-metrics', 'a page', answer(200, '<!doctype html><title>x</title>', { 'content-type': 'text/html' })],
    ['not-metrics', 'JSON', answer(200, '{"status":"ok"}', JSON_TYPE)],
    ['not-metrics', 'a page that there is not', answer(404, '<h1>no</h1>', { 'content-type': 'text/html' })],
    ['malformed', 'a page that says it is text', answer(200, '<!doctype html>\n')],
    ['malformed', 'half an exposition', answer(200, exposition(1).slice(0, 30_001))],
    ['malformed', 'OpenMetrics without an end', answer(200, 'litellm_x 1\n', { 'content-type': OPEN })],
    [
      'malformed',
      'gzip that is none',
      answer(200, 'litellm_x 1\n', { 'content-type': PLAIN, 'content-encoding': 'gzip' }),
    ],
    ['no-callbacks', 'no such path', answer(404, '{"detail":"Not Found"}', JSON_TYPE)],
    ['no-callbacks', "somebody else's metrics", answer(200, 'process_start_time_seconds 1\n')],
    ['nothing-shown', 'no metric at all', answer(200, '')],
    ['bad-status', '500', answer(500, 'oops')],
    ['led-elsewhere', 'in circles', answer(307, '', { location: '/metrics/' })],
    ['led-elsewhere', 'to nowhere', answer(307, '')],
    ['no-answer', 'the connection breaks off', (_request, response) => void response.socket?.destroy()],
    [
      'no-answer',
      'it breaks off in the middle',
      (_request, response) => {
        response.writeHead(200, { 'content-type': PLAIN, 'content-length': '1000' });
        response.write('litellm_x 1\n', () => response.socket?.destroy());
      },
    ],
  ])('%s: %s', async (why, _what, onRequest) => {
    const { url } = await serve(onRequest);
    const seen = await look({ url });
    expect(seen).toMatchObject({ ok: false, why, source: 'proxy' });
    if (seen.ok) return;
    expect(seen.detail).toMatch(/^[A-Z].+\. .+[.?]$/s);
    expect(seen.detail).not.toContain(TOKEN);
  });

  it('no-answer: nobody is there', async () => {
    const { url, close } = await serve(answer(200, ''));
    await close();
    expect(await look({ url })).toMatchObject({
      ok: false,
      why: 'no-answer',
      detail: 'LiteLLM cannot be reached (ECONNREFUSED). Is LiteLLM running, and does url lead to it?',
    });
  });

  it.each<[string, RequestListener]>([
    ['before the head', () => {}],
    [
      'after a piece',
      (_request, response) => {
        response.writeHead(200, { 'content-type': PLAIN });
        response.write('litellm_x 1\n');
      },
    ],
    [
      'while pieces drip',
      (_request, response) => {
        response.writeHead(200, { 'content-type': PLAIN });
        const drip = setInterval(() => response.write('litellm_x 1\n'), 5);
        response.on('close', () => clearInterval(drip));
      },
    ],
  ])('timeout: silence %s', async (_what, onRequest) => {
    const { url } = await serve(onRequest);
    const began = performance.now();
    expect(await look({ url, timeoutMs: 100 })).toMatchObject({
      ok: false,
      why: 'timeout',
      detail: expect.stringMatching(/^LiteLLM did not answer in full within 100 ms\./),
    });
    expect(performance.now() - began).toBeLessThan(2_000);
  });

  it('stopped: it is given up, at once', async () => {
    const { url, requests } = await serve(() => {});
    const controller = new AbortController();
    const seen = look({ url }, controller.signal);
    await until(() => requests.length === 1);
    controller.abort();
    expect(await seen).toMatchObject({ ok: false, why: 'stopped' });
    expect(await look({ url }, controller.signal)).toMatchObject({ ok: false, why: 'stopped' });
    expect(requests).toHaveLength(1);
  });

  it('led-elsewhere: the token never goes to another origin', async () => {
    const other = await serve(answer(200, exposition(1)));
    const { url } = await serve(answer(307, '', { location: `${other.url}/metrics/` }));
    expect(await look({ url })).toMatchObject({
      ok: false,
      why: 'led-elsewhere',
      detail: expect.stringMatching(new RegExp(`^LiteLLM leads to ${other.url}\\.`)),
    });
    expect(other.requests).toEqual([]);
  });

  it('too-large: a bomb is put out early', async () => {
    let sent = 0;
    const { url } = await serve((_request, response) => {
      response.writeHead(200, { 'content-type': PLAIN, 'content-encoding': 'gzip' });
      const gzip = createGzip();
      gzip.pipe(response);
      const line = Buffer.from(`# ${'x'.repeat(65_533)}\n`);
      const pump = (): void => {
        for (; sent < 2 ** 30 && !response.destroyed; sent += line.length)
          if (!gzip.write(line)) return void gzip.once('drain', pump);
        gzip.end();
      };
      pump();
    });
    expect(await look({ url, timeoutMs: 10_000 })).toMatchObject({
      ok: false,
      why: 'too-large',
      detail: expect.stringMatching(/^LiteLLM shows more than 33554432 bytes\./),
    });
    expect(sent).toBeLessThan(2 ** 28);
  });

  it('after what could not be read, the next look is a look as any other', async () => {
    let broken = true;
    const { url } = await serve((request, response) =>
      answer(200, broken ? 'litellm_x' : exposition(1))(request, response),
    );
    const one = source({ url });
    const { signal } = new AbortController();
    expect((await one.look(signal)).ok).toBe(false);
    broken = false;
    const seen = await one.look(signal);
    expect(seen.ok && seen.scrape.readings.map(({ key }) => key)).toEqual([RESEARCH]);
  });
});

describe('https', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pullcord-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  async function secured(): Promise<{ url: string; caFile: string }> {
    const pair = selfSigned();
    const caFile = join(folder, 'ca.pem');
    writeFileSync(caFile, pair.cert);
    const server = createServer(pair, answer(200, exposition(1)));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    opened.push({ close: () => new Promise<void>((resolve) => server.close(() => resolve())) });
    return { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, caFile };
  }

  it('is trusted by the authority that is given', async () => {
    expect((await look(await secured())).ok).toBe(true);
  });

  it('is not trusted without one', async () => {
    const { url } = await secured();
    expect(await look({ url })).toMatchObject({
      ok: false,
      why: 'no-answer',
      detail: expect.stringMatching(/^The certificate of LiteLLM is not trusted \(\w+\): give caFile\./),
    });
  });

  it('wants an authority that can be read', () => {
    expect(() => source({ url: 'https://127.0.0.1', caFile: join(folder, 'none.pem') })).toThrow(/ENOENT.*none\.pem/);
  });
});

it('what can be seen of nothing is refused at construction', () => {
  expect(() => createSource({ name: 'x', timeoutMs: 1, now: Date.now, monotonic: Date.now })).toThrow(
    'tripwire source x has neither url nor database: nothing of it can be seen',
  );
});

it('what was refused again and again holds no connection: it sees as soon as there is something to see', async () => {
  let refuses = true;
  const { url } = await serve((request, response) =>
    refuses ? answer(500, '{"error":"x"}')(request, response) : answer(200, exposition(1))(request, response),
  );
  const one = source({ url, timeoutMs: 1_000 });
  const once = () => one.look(new AbortController().signal);
  for (let i = 0; i < 20; i += 1) expect(await once()).toMatchObject({ ok: false, why: 'bad-status' });
  refuses = false;
  expect(await once()).toMatchObject({ ok: true });
});
