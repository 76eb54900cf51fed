import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type AdminApi, createAdminApi } from '../../src/cutters/apisix/client';
import { same } from '../../src/cutters/apisix/document';
import { createGuardApi } from '../../src/cutters/apisix/guard/api';
import { createProber } from '../../src/cutters/apisix/probe';
import { routeOf } from '../../src/cutters/apisix/route';
import { createLiteLLMClient } from '../../src/cutters/litellm/client';
import { post as postCutter } from '../../src/cutters/webhook/post';
import { createTwilioSender } from '../../src/intake/sms/sender';
import { createWebhook } from '../../src/notify/webhook';
import { ask as askForCheck } from '../../src/supervision/checks/ask';

/** Threat: whoever answers in a gateway's place, or in another part's, answers what does harm. */

const BOUND_MS = 700;
const SECRET = 'sk-admin-secret';

let server: Server;
let url: string;
let requests: IncomingMessage[];
let answer: (res: ServerResponse, req: IncomingMessage) => void;
const ends: (() => void)[] = [];
beforeEach(async () => {
  requests = [];
  server = createServer((req, res) => {
    requests.push(req.resume());
    answer(res, req);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  for (const end of ends.splice(0)) end();
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

function admin(timeoutMs = BOUND_MS): AdminApi {
  const api = createAdminApi({ url, key: SECRET, timeoutMs });
  ends.push(() => api.close());
  return api;
}

const never = () => new AbortController().signal;
const said = async (work: Promise<unknown>): Promise<string> => {
  try {
    return JSON.stringify(await work) ?? '';
  } catch (error) {
    return `threw ${error instanceof Error ? `${error.name} ${error.message}` : String(error)}`;
  }
};

/** What asks somebody outside, and how it says that it got no good answer. */
const askers: Readonly<Record<string, { ask: () => Promise<unknown>; bad: RegExp }>> = {
  'the Admin API, list': { ask: () => admin().list('routes'), bad: /^threw GatewayError GET routes/ },
  'the Admin API, one object': { ask: () => admin().get('routes/r1'), bad: /^threw GatewayError GET routes\/r1/ },
  'the Admin API, plugins': { ask: () => admin().plugins(), bad: /^threw GatewayError GET plugins/ },
  'the guard': {
    ask: () => {
      const guard = createGuardApi({ controlUrl: url, secret: SECRET, timeoutMs: BOUND_MS, now: Date.now });
      ends.push(() => guard.close());
      return guard.state(never());
    },
    bad: /^threw GuardError /,
  },
  LiteLLM: {
    ask: () => {
      const litellm = createLiteLLMClient({ url, adminKey: SECRET, timeoutMs: BOUND_MS });
      ends.push(() => litellm.close());
      return litellm.look('a'.repeat(64), never());
    },
    bad: /^\{"state":"unseen"/,
  },
  'a check': {
    ask: async () => {
      const came = await askForCheck(BOUND_MS, { url });
      return 'code' in came ? came : { status: came.status };
    },
    bad: /^\{"(code|status)":/,
  },
  Twilio: {
    ask: () =>
      createTwilioSender({
        ...{ accountSid: `AC${'0'.repeat(32)}`, authToken: SECRET, from: '+15550100500', baseUrl: url },
        timeoutMs: BOUND_MS,
      }).send('+15550100001', 'x'),
    bad: /^\{"ok":false/,
  },
};

const deep = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
const nest = (depth: number): string => `${'{"value":'.repeat(depth)}1${'}'.repeat(depth)}`;

/** Writes until nobody takes more. */
function flood(res: ServerResponse, chunk: Buffer | string): void {
  const more = (): void => {
    while (!res.destroyed && res.write(chunk));
  };
  res.on('drain', more);
  more();
}

const attacks: readonly (readonly [string, (res: ServerResponse) => void])[] = [
  [
    'a body without end',
    (res) => flood(res.writeHead(200, { 'content-type': 'application/json' }), 'x'.repeat(1 << 20)),
  ],
  [
    'a bomb: 100 MiB of nulls in 100 KiB',
    (res) => res.writeHead(200, { 'content-encoding': 'gzip', 'content-type': 'application/json' }).end(bomb),
  ],
  [
    'a trickle',
    (res) => {
      res.writeHead(200, { 'content-type': 'application/json' });
      const timer = setInterval(() => res.write(' '), 20);
      res.on('close', () => clearInterval(timer));
    },
  ],
  ['headers without end', (res) => flood(res.socket as never, `HTTP/1.1 200 OK\r\nX-A: ${'x'.repeat(1 << 16)}\r\n`)],
  ['very many headers', (res) => void res.socket?.end(`HTTP/1.1 200 OK\r\n${'X-A: 1\r\n'.repeat(20_000)}\r\n{}`)],
  ['silence', () => undefined],
  ['a hang-up in the middle', (res) => res.writeHead(200, { 'content-length': 100 }).write('{', () => res.destroy())],
  ['no HTTP', (res) => void res.socket?.end('SSH-2.0-x\r\n')],
  ['HTML', (res) => res.writeHead(200, { 'content-type': 'text/html' }).end('<html>login</html>')],
  ['JSON that is broken off', (res) => res.end('{"value":{"id":"r1"')],
  ['a number in place of an object', (res) => res.end('7')],
  ['null', (res) => res.end('null')],
  ['the wrong types', (res) => res.end('{"total":"1","list":"x","value":[],"info":7,"sid":{},"workers":null}')],
  ['a hundred thousand brackets', (res) => res.end(deep(100_000))],
  ['a redirect', (res) => res.writeHead(302, { location: `${url}/elsewhere` }).end()],
];
const bomb = gzipSync(Buffer.alloc(100 << 20));

describe.each(Object.entries(askers))('%s', (_name, { ask, bad }) => {
  it.each(attacks)('answered with %s: sees nothing, soon, and tells no secret', async (_what, attack) => {
    answer = attack;
    const began = Date.now();
    const result = await said(ask());
    expect(result).toMatch(bad);
    expect(result).not.toContain(SECRET);
    expect(result.length).toBeLessThan(1_000);
    // The bound, and what a busy machine adds to it.
    expect(Date.now() - began).toBeLessThan(BOUND_MS + 5_000);
    // Nobody is followed anywhere.
    expect(requests.map((req) => req.url)).not.toContain('/elsewhere');
  });
});

describe('whoever is only told something', () => {
  const tellers: Readonly<Record<string, () => Promise<unknown>>> = {
    'a notice': () =>
      createWebhook({ url, now: () => 0, timeoutMs: BOUND_MS }).tell({ kind: 'alarm', text: 'x', at: 0 }),
    'a cutter': () => postCutter({ url, body: {}, idempotencyKey: 'k', timeoutMs: BOUND_MS }, never()),
  };
  const unfinished = attacks.filter(([what]) =>
    /without end|bomb|trickle|silence|hang-up|no HTTP|very many/.test(what),
  );

  it.each(Object.keys(tellers).flatMap((name) => unfinished.map(([what, attack]) => [name, what, attack] as const)))(
    '%s is not held up by %s',
    async (name, _what, attack) => {
      answer = attack;
      const began = Date.now();
      expect(await said(tellers[name]?.() ?? Promise.reject())).toMatch(/retry|not answer|cannot be reached/);
      expect(Date.now() - began).toBeLessThan(BOUND_MS + 5_000);
    },
  );
});

describe('the Admin API', () => {
  it('that shows pages without end is not read without end', async () => {
    const page = JSON.stringify({ total: 1e9, list: Array.from({ length: 500 }, () => ({ value: { id: 'r' } })) });
    answer = (res) => res.end(page);
    expect(await said(admin(5_000).list('routes'))).toMatch(/^threw GatewayError GET routes\?page=100/);
    expect(requests).toHaveLength(100);
  });

  it('that names keys like the parts of an object changes no object', async () => {
    const text = '{"value":{"id":"r1","__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}}';
    answer = (res) => res.end(text);
    const route = await admin().get('routes/r1');
    expect(JSON.stringify(route)).toBe(JSON.stringify(JSON.parse(text).value));
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });

  it('that nests a route a hundred thousand deep is trouble, and not the end', async () => {
    answer = (res) => res.end(`{"value":${nest(100_000)}}`);
    const route = await admin().get('routes/r1');
    expect(() => same(route, JSON.parse(nest(100_000)))).toThrow(RangeError);
    expect(
      routeOf({ ...route, id: JSON.parse(deep(100_000)), labels: { a: JSON.parse(deep(100_000)) } }),
    ).toMatchObject({
      ...{ id: '', labels: { a: '' } },
    });
  });

  it('that words its refusal with escapes and secrets is quoted short', async () => {
    answer = (res) => res.writeHead(400).end(JSON.stringify({ error_msg: `failed with "sk-leak" ${'x'.repeat(1e6)}` }));
    const result = await said(admin().get('routes/r1'));
    expect(result).not.toContain('sk-leak');
    expect(result.length).toBeLessThan(600);
  });
});

describe('a probe', () => {
  const glance = () =>
    createProber({ gatewayUrls: [url], connections: 1, timeoutMs: BOUND_MS }).glance(
      { path: '/', method: 'GET', headers: {} } as never,
      never(),
    );

  it.each(attacks.filter(([what]) => /headers|silence|no HTTP/.test(what)))(
    'answered with %s has seen nothing',
    async (_what, attack) => {
      answer = attack;
      expect(await glance()).toEqual([expect.objectContaining({ glimpse: 'silent' })]);
    },
  );

  it('reads no body, however long it is', async () => {
    let written = 0;
    answer = (res) => {
      const more = (): void => {
        while (!res.destroyed && res.write('x'.repeat(1 << 20))) written += 1;
      };
      res.writeHead(200).on('drain', more);
      more();
    };
    expect(await glance()).toEqual([expect.objectContaining({ glimpse: 'served' })]);
    expect(written).toBeLessThan(32);
  });

  it('does not take for refused what only says 503', async () => {
    answer = (res) => res.writeHead(503).end();
    expect(await glance()).toEqual([expect.objectContaining({ glimpse: 'served' })]);
  });
});

it('every client that there is follows nobody, and reads no more than it has room for', () => {
  const top = join(__dirname, '../../src');
  const clients = readdirSync(top, { recursive: true })
    .map(String)
    .filter((path) => path.endsWith('.ts') && !path.startsWith('sandbox'))
    .map((path) => ({ path, source: readFileSync(join(top, path), 'utf8') }))
    .filter(({ source }) => /\baxios\b[^;]*\.(create|get|post|request|use)\(/.test(source))
    // Agents alone: whatever is asked by them goes through tripwire/scrape/ask, which sets both.
    .filter(({ source }) => !source.includes('axios.create(agents)'));
  expect(clients.length).toBeGreaterThan(8);
  const careless = clients.filter(
    ({ source }) => !/maxRedirects: 0/.test(source) || !/maxContentLength|responseType: 'stream'/.test(source),
  );
  expect(careless.map(({ path }) => path)).toEqual([]);
});
