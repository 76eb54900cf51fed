import { readdirSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Apisix, startApisix } from '../../src/sandbox/apisix';
import { until } from '../support/until';
import { ADMIN, type Chapter, NOT_REPLAYED, type Setup } from './recorded/admin';
import {
  bodyOf,
  FIXTURES,
  headersThatMatter,
  lasting,
  type Recorded,
  type Reply,
  readRecorded,
  send,
} from './recorded/exchange';
import { TRAFFIC } from './recorded/traffic';

/** The upstreams of the recording, by their ports there. */
const UPSTREAMS = { '19001': 'primary', '19002': 'fallback', '19003': 'aux' } as const;

let servers: readonly { readonly recorded: string; readonly server: Server }[] = [];
let apisix: Apisix;

beforeAll(async () => {
  servers = await Promise.all(
    Object.entries(UPSTREAMS).map(async ([recorded, from]) => {
      const server = createServer((request, response) => {
        if (request.url === '/uf/fails') {
          response.writeHead(500).end();
          return;
        }
        const choices = [{ message: { role: 'assistant', content: `hi ${from}` } }];
        const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };
        const body = JSON.stringify({ from, path: request.url, model: 'm', choices, usage });
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length }).end(body);
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return { recorded, server };
    }),
  );
});
afterAll(() => Promise.all(servers.map(({ server }) => new Promise((resolve) => server.close(resolve)))));
beforeEach(async () => {
  apisix = await startApisix();
});
afterEach(() => apisix.close());

/** Puts this run's upstream ports in the place of the recorded ones. */
const translate = (text: string): string =>
  servers.reduce(
    (done, { recorded, server }) => done.replaceAll(recorded, String((server.address() as AddressInfo).port)),
    text,
  );

const BASES: Readonly<Record<number, (from: Apisix) => string>> = {
  9180: ({ adminUrl }) => adminUrl,
  9080: ({ gatewayUrl }) => gatewayUrl,
  9090: ({ controlUrl }) => controlUrl,
  7085: ({ statusUrl }) => statusUrl,
};

/** The recordings hide every key: which one was meant is in their names. */
function keyOf({ name }: Recorded): string {
  if (name === 'auth-wrong-key') return 'wrong';
  return name.startsWith('auth-viewer') ? apisix.viewerKey : apisix.adminKey;
}

function replay(recorded: Recorded): Promise<Reply> {
  const { name, port = 9180, method, path, request_body, request_headers = { 'X-API-KEY': '' }, note } = recorded;
  const headers = { ...request_headers };
  if (headers['X-API-KEY'] !== undefined) headers['X-API-KEY'] = keyOf(recorded);
  if (headers.apikey !== undefined) headers.apikey = name.includes('bob') ? 'bob-key' : 'alice-key';
  const isRaw = name === 'route-put-invalid-json';
  const hasBody = request_body !== null || note?.includes('raw JSON null');
  return send(
    BASES[port]?.(apisix) ?? '',
    method,
    path.replace('api_key=[REDACTED]', `api_key=${apisix.adminKey}`),
    headers,
    hasBody ? (isRaw ? String(request_body) : JSON.stringify(request_body)) : undefined,
  );
}

async function prepare([method, path, body]: Setup): Promise<void> {
  const text = body === undefined ? undefined : translate(JSON.stringify(body));
  const reply = await send(apisix.adminUrl, method, `/apisix/admin${path}`, { 'x-api-key': apisix.adminKey }, text);
  if (reply.status >= 300) throw new Error(`${method} ${path} was answered ${reply.status}: ${reply.text}`);
}

function compare(recorded: Recorded, reply: Reply): void {
  const told = (status: unknown, headers: Readonly<Record<string, string>>, body: unknown) => ({
    exchange: recorded.name,
    status,
    headers: headersThatMatter(headers),
    body: withoutProse(lasting(body)),
  });
  expect(told(reply.status, reply.headers, bodyOf(reply.text))).toEqual(
    told(recorded.status, recorded.response_headers ?? {}, recorded.response_body),
  );
}

/** The sandbox's schemas leave out what is there for a reader. */
function withoutProse(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutProse);
  if (typeof value !== 'object' || value === null) return value;
  const prose = 'error_msg' in value ? [] : ['title', 'description'];
  const kept = Object.entries(value).filter(([key]) => !prose.includes(key));
  return Object.fromEntries(kept.map(([key, item]) => [key, withoutProse(item)]));
}

async function play({ steps }: Chapter): Promise<void> {
  for (const step of steps) {
    if (typeof step !== 'string') await prepare(step);
    else {
      const recorded = readRecorded(step, translate);
      compare(recorded, await replay(recorded));
    }
  }
}

describe('the sandbox answers as APISIX 3.18.0 was recorded to answer', () => {
  test.each([...ADMIN, ...TRAFFIC].map((chapter) => [chapter.title, chapter] as const))('%s', (_, chapter) =>
    play(chapter),
  );

  test('a lease deletes the whole object at its end, whatever wrote it', async () => {
    await prepare([
      'PUT',
      '/routes/rp',
      {
        uri: '/rp',
        upstream: { type: 'roundrobin', nodes: { '127.0.0.1:19001': 1 } },
      },
    ]);
    for (const name of ['route-put-ttl-bad', 'route-put-ttl', 'route-patch-ttl', 'global-rule-put-ttl']) {
      const recorded = readRecorded(name, translate);
      compare(recorded, await replay(recorded));
    }
    const gone = ['/apisix/routes/rttl', '/apisix/routes/rp', '/apisix/global_rules/kttl'];
    expect(gone.map((key) => apisix.store.get(key)?.key)).toEqual(gone);
    await until(() => gone.every((key) => apisix.store.get(key) === undefined));
    const after = readRecorded('route-get-after-ttl');
    compare(after, await replay(after));
  });

  test('of many PATCHes at once on one route, some lose and say so', async () => {
    const lost = readRecorded('route-patch-conflict');
    await apisix.close();
    apisix = await startApisix({ writeMs: 20 });
    await prepare([
      'PUT',
      '/routes/c1',
      { uri: '/c1', upstream: { type: 'roundrobin', nodes: { '127.0.0.1:19001': 1 } } },
    ]);
    const replies = await Promise.all(
      Array.from({ length: 16 }, (_, index) => replay({ ...lost, request_body: { labels: { [`k${index}`]: 'v' } } })),
    );
    const won = replies.filter(({ status }) => status === 200);
    expect(won.length).toBeGreaterThanOrEqual(1);
    expect(won.length).toBeLessThan(16);
    for (const reply of replies.filter(({ status }) => status !== 200)) compare(lost, reply);
    // Nothing of a lost one was written, and nothing of a won one was overwritten.
    const kept = readRecorded('route-patch-conflict-example', translate);
    const { value } = bodyOf((await replay(kept)).text) as { readonly value: { readonly labels: object } };
    expect(Object.keys(value.labels)).toHaveLength(won.length);
    const recorded = (kept.response_body as { readonly value: object }).value;
    expect(Object.keys(value).sort()).toEqual(Object.keys(recorded).sort());
  });

  test('health checks: all is well at first, and the primary is not after three failures', async () => {
    await apisix.close();
    apisix = await startApisix({ checkSecondMs: 50 });
    const nodes = [19001, 19002].map((port, index) => ({ host: '127.0.0.1', port, weight: 1, priority: -index }));
    const unhealthy = { http_failures: 3 };
    const checks = { active: { unhealthy }, passive: { unhealthy } };
    await prepare(['PUT', '/upstreams/uf', { type: 'roundrobin', nodes, checks }]);
    await prepare(['PUT', '/routes/uf', { uri: '/uf/*', upstream_id: 'uf' }]);
    const well = readRecorded('control-healthcheck-healthy', translate);
    await until(async () => {
      await send(apisix.gatewayUrl, 'GET', '/uf/x');
      return (await replay(well)).text.includes('counter');
    });
    compare(well, await replay(well));
    for (let i = 0; i < 3; i += 1) expect((await send(apisix.gatewayUrl, 'GET', '/uf/fails')).status).toBe(500);
    const failed = readRecorded('control-healthcheck-primary-unhealthy', translate);
    compare(failed, await replay(failed));
    expect((await send(apisix.gatewayUrl, 'GET', '/uf/x')).text).toContain('fallback');
  });

  test('etcd down: every call of the Admin API is refused, the status port says ok', async () => {
    apisix.faults.answer(503);
    const names = ['get', 'put-global-rule', 'status-ready', ...[0, 1, 2, 3, 4, 5].map((index) => `patch-${index}`)];
    for (const name of names) {
      const recorded = readRecorded(`etcd-down-${name}`);
      compare(recorded, await replay(recorded));
    }
  });

  test('etcd hanging: no answer comes, and the write is applied later', async () => {
    await prepare([
      'PUT',
      '/routes/r1',
      { uri: '/a', upstream: { type: 'roundrobin', nodes: { '127.0.0.1:19001': 1 } } },
    ]);
    apisix.faults.hang({ applied: true });
    const replies = ['etcd-hung-patch', 'etcd-hung-patch-2'].map((name) => replay(readRecorded(name)));
    const first = await Promise.race([...replies, send(apisix.gatewayUrl, 'GET', '/elsewhere')]);
    expect(first.status).toBe(404);
    expect(apisix.store.get('/apisix/routes/r1')?.value.status).toBeUndefined();
    await apisix.faults.clear();
    await Promise.all(replies);
    expect(apisix.store.get('/apisix/routes/r1')?.value.status).toBe(0);
  });
});

/** Two recordings are tables: what was written, and the status or the refusal that came. */
describe('the rules of names', () => {
  const upstream = { type: 'roundrobin', nodes: { '127.0.0.1:19001': 1 } };
  const told = ({ status, text }: Reply): string =>
    status < 300 ? String(status) : `${status} ${(bodyOf(text) as { readonly error_msg: string }).error_msg}`;
  const table = (name: string): readonly (readonly [string, string])[] =>
    Object.entries(readRecorded(name) as unknown as Record<string, string>);
  const write = async (id: string, more: object = {}): Promise<string> => {
    const path = `/apisix/admin/routes/${encodeURIComponent(id)}`;
    const body = JSON.stringify({ uri: '/x', upstream, ...more });
    return told(await send(apisix.adminUrl, 'PUT', path, { 'x-api-key': apisix.adminKey }, body));
  };

  test('ids', async () => {
    for (const [id, expected] of table('id-rules')) expect([id, await write(id)]).toEqual([id, expected]);
  });

  const LABELS: Readonly<Record<string, object>> = {
    plain: { a: 'b' },
    emptyVal: { a: '' },
    emptyKey: { '': 'b' },
    space: { a: 'b c' },
    tab: { a: 'b\tc' },
    nl: { a: 'b\nc' },
    utf8: { a: 'é' },
    colon: { a: 'b:c' },
    len256: { a: 'x'.repeat(256) },
    len257: { a: 'x'.repeat(257) },
    keylong: { ['k'.repeat(300)]: 'b' },
    keyspace: { 'a b': 'c' },
    keyslash: { 'a/b': 'c' },
    num: { a: 1 },
    bool: { a: true },
    obj: { a: { b: 'c' } },
    json: { a: '{"b":"c"}' },
    iso: { a: '2026-01-01T00:00:00Z' },
  };

  test('labels', async () => {
    for (const [rule, expected] of table('label-rules'))
      expect([rule, await write('labelled', { labels: LABELS[rule] })]).toEqual([rule, expected]);
  });
});

test('every recording is replayed, or listed with its reason', () => {
  const elsewhere = [
    ...['route-put-ttl-bad', 'route-put-ttl', 'route-patch-ttl', 'global-rule-put-ttl', 'route-get-after-ttl'],
    ...['route-patch-conflict', 'route-patch-conflict-example', 'etcd-hung-patch', 'etcd-hung-patch-2'],
    ...['control-healthcheck-healthy', 'control-healthcheck-primary-unhealthy'],
    ...['etcd-down-get', 'etcd-down-put-global-rule', 'etcd-down-status-ready'],
    ...[0, 1, 2, 3, 4, 5].map((index) => `etcd-down-patch-${index}`),
    ...['id-rules', 'label-rules'],
  ];
  const replayed = [...ADMIN, ...TRAFFIC].flatMap(({ steps }) => steps.filter((step) => typeof step === 'string'));
  const covered = new Set([...replayed, ...elsewhere]);
  // What a guard answered is replayed beside it, in guard-recorded.test.ts.
  const kept = readdirSync(FIXTURES).flatMap((file) => (file.startsWith('guard-') ? [] : file.replace('.json', '')));
  expect([...covered].sort()).toEqual(kept.sort());
  expect(Object.keys(NOT_REPLAYED).filter((name) => covered.has(name))).toEqual([]);
  expect(covered.size + Object.keys(NOT_REPLAYED).length).toBe(285);
});
