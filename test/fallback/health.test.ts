import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import type { Doc } from '../../src/cutters/apisix/document';
import { createHealthApi, type HealthApi } from '../../src/fallback/health';
import { readHealthAnswer } from '../../src/fallback/health-answer';
import { partOf, type Subject } from '../../src/fallback/subject';
import { HEALTH } from './recorded';

const at = (name: string) => {
  const found = HEALTH.find((one) => one.name === name);
  if (!found?.object) throw new Error(`not recorded: ${name}`);
  const subject: Subject = { kind: 'upstream', holder: found.holder, id: found.id };
  return { ...found, object: found.object, subject };
};

/** `primary fallback`, with the primary's failures; or why nothing is seen. */
function read(name: string): string {
  const { status, body, subject, object } = at(name);
  const seen = readHealthAnswer(status, body, subject, partOf(subject, object) ?? {});
  if ('blind' in seen) return seen.blind.why;
  const [first] = seen.nodes;
  const { success, httpFailure, tcpFailure, timeoutFailure } = first?.counters ?? {};
  return [...seen.nodes.map(({ health }) => health), success, httpFailure, tcpFailure, timeoutFailure].join(' ').trim();
}

test.each([
  ['before the first request', 'not-begun'],
  ['healthy', 'healthy healthy 0 0 0 0'],
  ['mostly_healthy', 'healthy healthy 0 1 0 0'],
  ['unhealthy', 'unhealthy healthy 0 3 0 0'],
  ['mostly_unhealthy', 'unhealthy healthy 1 0 0 0'],
  ['forgotten soon', 'unknown unknown'],
  ['in a route', 'healthy healthy 0 0 0 0'],
  ['in a service', 'healthy healthy 0 0 0 0'],
  ['a name', 'healthy healthy 0 0 0 0'],
  ['a host for the probes, nodes as an object', 'healthy healthy 0 0 0 0'],
  // The probes of both go to one address.
  ['one port for the probes', 'healthy healthy 0 0 0 0'],
  ['no checks', 'no-checks'],
  ['a route of a service', 'no-checks'],
])('recorded, %s: %s', (name, expected) => expect(read(name)).toBe(expected));

const { body: good, subject, object } = at('unhealthy');
const [node, other] = (good as { nodes: [Doc, Doc] }).nodes;
const said = (status: number, body: unknown): string => {
  const seen = readHealthAnswer(status, body, subject, object);
  return 'blind' in seen ? seen.blind.why : seen.nodes.map(({ health }) => health).join(' ');
};

test.each<[what: string, status: number, body: unknown, said: string]>([
  ['an error', 500, good, 'not-understood'],
  ['a page', 200, '<html>', 'not-understood'],
  ['nothing', 200, undefined, 'not-understood'],
  ['an empty object', 200, {}, 'not-understood'],
  ['another upstream', 200, { ...(good as Doc), name: '/apisix/upstreams/x' }, 'not-understood'],
  ["a proxy's 404", 404, '<html>', 'not-understood'],
  ['an unknown id', 404, { error_msg: `upstreams[${subject.id}] not found` }, 'no-object'],
  ["another's 404", 404, { error_msg: 'upstreams[x] not found' }, 'not-understood'],
  ['an unknown status', 200, { ...(good as Doc), nodes: [{ ...node, status: 'resting' }, other] }, 'unknown healthy'],
  ['a status of another type', 200, { ...(good as Doc), nodes: [{ ...node, status: true }, other] }, 'not-understood'],
  ['no counters', 200, { ...(good as Doc), nodes: [{ ...node, counter: undefined }, other] }, 'not-understood'],
  ['a node that is missing', 200, { ...(good as Doc), nodes: [other] }, 'unknown healthy'],
  ['a node on another port', 200, { ...(good as Doc), nodes: [{ ...node, port: 1 }, other] }, 'unknown healthy'],
  [
    'nodes that the upstream has no more',
    200,
    { ...(good as Doc), nodes: [node, other, { ...other, port: 9 }] },
    'unhealthy healthy',
  ],
])('%s is never good news', (_what, status, body, expected) => expect(said(status, body)).toBe(expected));

test('whatever comes, nothing is healthy that is not said to be', () =>
  fc.assert(
    fc.property(fc.nat(599), fc.anything(), fc.json(), (status, body, json) => {
      for (const one of [body, JSON.parse(json) as unknown]) expect(said(status, one)).not.toContain('healthy');
    }),
  ));

test('a name with several addresses is used as long as one of them is; the port tells whose they are', () => {
  const upstream = {
    nodes: [
      { host: 'llm.example.org', port: 80, weight: 1 },
      { host: '10.0.0.2', port: 81, weight: 1 },
    ],
  };
  const target = (ip: string, port: number, status: string) => ({ ...node, ip, hostname: ip, port, status });
  const reading = (...statuses: string[]) => {
    const nodes = [
      ...statuses.map((status, i) => target(`10.1.0.${i}`, 80, status)),
      target('10.0.0.2', 81, 'healthy'),
    ];
    const seen = readHealthAnswer(200, { name: '/apisix/upstreams/u', nodes }, { ...subject, id: 'u' }, upstream);
    return 'nodes' in seen && seen.nodes[0]?.health;
  };
  expect(reading('unhealthy', 'healthy')).toBe('healthy');
  expect(reading('unhealthy', 'mostly_unhealthy')).toBe('unhealthy');
  expect(reading('healthy', 'odd')).toBe('unknown');
  expect(reading()).toBe('unknown');
});

/** Of each question. Long enough for a busy machine, and for one that never answers short enough to be waited for. */
const TIMEOUT_MS = 1_500;

describe('asked at each gateway', () => {
  let servers: Server[] = [];
  let api: HealthApi | undefined;
  afterEach(async () => {
    api?.close();
    for (const server of servers) server.closeAllConnections();
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
    servers = [];
  });

  async function gateway(listener: RequestListener): Promise<string> {
    const server = createServer(listener);
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }
  const answering =
    (name: string): RequestListener =>
    (request, response) => {
      const { status, body, holder, id } = at(name);
      const found =
        request.url === `/base/v1/healthcheck/${holder}/${id}` && request.headers.accept === 'application/json';
      response.writeHead(found ? status : 404, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
  const look = async (...listeners: RequestListener[]) => {
    const urls = await Promise.all(listeners.map(gateway));
    api = createHealthApi({ controlUrls: urls.map((url) => `${url}/base/`), timeoutMs: TIMEOUT_MS });
    return api.look(subject, object);
  };
  const joint = async (...listeners: RequestListener[]): Promise<string> =>
    (await look(...listeners)).nodes.map(({ health }) => health).join(' ');

  test('all say well: well', async () =>
    expect(await joint(answering('healthy'), answering('mostly_healthy'))).toBe('healthy healthy'));
  test('one says ill: ill', async () =>
    expect(await joint(answering('healthy'), answering('unhealthy'))).toBe('unhealthy healthy'));
  test('one says nothing: unknown, or ill where another one says so', async () => {
    const silent: RequestListener = () => undefined;
    expect(await joint(answering('healthy'), silent)).toBe('unknown unknown');
    expect(await joint(silent, answering('unhealthy'))).toBe('unhealthy unknown');
  });
  test('nobody is asked: unknown', async () => expect(await joint()).toBe('unknown unknown'));

  test('why a gateway shows nothing', async () => {
    const odd: RequestListener = (_, response) => void response.writeHead(302, { location: '/elsewhere' }).end();
    const { gateways } = await look(
      () => undefined,
      odd,
      (request) => request.socket.destroy(),
      answering('healthy'),
    );
    expect(gateways.map(({ blind }) => blind?.why)).toEqual([
      'unreachable',
      'not-understood',
      'unreachable',
      undefined,
    ]);
    expect(gateways[0]?.blind?.what).toBe(`no answer within ${TIMEOUT_MS} ms`);
    expect(gateways[0]?.nodes.map(({ name, health }) => `${name} ${health}`)).toEqual([
      '127.0.0.1:19301 unknown',
      '127.0.0.1:19302 unknown',
    ]);
  });

  test('given up: unknown at once', async () => {
    const url = await gateway(() => undefined);
    api = createHealthApi({ controlUrls: [url], timeoutMs: 20_000 });
    expect((await api.look(subject, object, AbortSignal.abort())).nodes[0]?.health).toBe('unknown');
  });
});
