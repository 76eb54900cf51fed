import { openStream, upgrade } from '../support/stream';
import { until } from '../support/until';
import { type Gateway, openGateway } from './gateway';

/** What the switch relies on in the data plane: which route a request finds, and what a rule does to it. */
let gateway: Gateway;
beforeAll(async () => {
  gateway = await openGateway();
});
afterAll(() => gateway.close());

/** A route that says its own name. */
const named = { plugins: { 'fault-injection': { abort: { http_status: 200, body: '$route_id' } } } };

describe('routing', () => {
  const routes: Readonly<Record<string, object>> = {
    exact: { uri: '/a' },
    prefix: { uri: '/a*', priority: 50 },
    all: { uri: '/*', priority: -1 },
    long: { uri: '/deep/er/*' },
    short: { uri: '/deep/*', priority: 100 },
    high: { uri: '/same', priority: 2, methods: ['PUT'] },
    middle: { uri: '/same', priority: 1, vars: [['http_x_kind', '~~', '^agent']] },
    low: { uri: '/same' },
    wild: { uri: '/h/*', hosts: ['*.pc.example.org'] },
    host: { uri: '/h/*', host: 'a.pc.example.org' },
    'host-less': { uri: '/h/x/y' },
    off: { uri: '/off/*', status: 0 },
    several: { uris: ['/one', '/two/*'] },
    busy: {
      uri: '/vars',
      vars: [
        ['arg_n', 'in', ['1', '2']],
        ['arg_x', '!', '==', 'no'],
      ],
    },
  };
  beforeAll(async () => {
    for (const [name, { ...conf }] of Object.entries(routes)) {
      const under = (uri: string) => `/${gateway.mark}${uri}`;
      const { uri, uris, ...rest } = conf as { uri?: string; uris?: string[] };
      const paths = uris ? { uris: uris.map(under) } : { uri: under(uri ?? '') };
      await gateway.route(name, { ...rest, ...paths, ...named, upstream: gateway.upstreamConf });
    }
    await gateway.settle();
  });

  test.each<[path: string, found: string, headers?: Record<string, string>, method?: string]>([
    ['/a', 'exact'],
    ['/ab', 'prefix'],
    ['/a?q=1', 'exact'],
    ['/b', 'all'],
    ['/deep/er/x', 'long'],
    ['/deep/x', 'short'],
    ['/same', 'low'],
    ['/same', 'high', {}, 'PUT'],
    ['/same', 'middle', { 'x-kind': 'agent-7' }],
    ['/h/1', 'host', { host: 'a.pc.example.org' }],
    ['/h/1', 'wild', { host: 'b.pc.example.org:80' }],
    ['/h/x/y', 'wild', { host: 'b.pc.example.org' }],
    ['/h/x/y', 'host-less'],
    ['/h/1', 'all'],
    ['/off/x', 'all'],
    ['/two/x', 'several'],
    ['/vars?n=1', 'busy'],
    ['/vars?n=1&x=no', 'all'],
    ['/vars?n=3', 'all'],
  ])('%s finds %s', async (path, found, ...[headers, method]) => {
    const { text } = await gateway.get(`/${gateway.mark}${path}`, headers, method);
    expect(text).toBe(`${gateway.mark}-${found}`);
  });

  test('nothing found is a 404', async () => {
    const { status, text } = await gateway.get(`/nowhere-${gateway.mark}`);
    expect([status, JSON.parse(text)]).toEqual([404, { error_msg: '404 Route Not Found' }]);
  });
});

describe('proxying', () => {
  let path = '';
  beforeAll(async () => {
    path = `/${gateway.mark}-proxied`;
    await gateway.route('proxied', { uri: `${path}/*`, enable_websocket: true, upstream: gateway.upstreamConf });
    await gateway.route('no-websocket', { uri: `${path}-plain/*`, upstream: gateway.upstreamConf });
    await gateway.route('down', { uri: `${path}-down`, upstream: { type: 'roundrobin', nodes: { '127.0.0.1:1': 1 } } });
    await gateway.route('fails-over', {
      uri: `${path}-over`,
      upstream: {
        type: 'roundrobin',
        nodes: [
          { host: '127.0.0.1', port: 1, weight: 1 },
          { host: '127.0.0.1', port: gateway.upstream.port, weight: 1, priority: -1 },
        ],
      },
    });
    await gateway.settle();
  });

  test('a stream comes chunk by chunk, and ends upstream when the client leaves', async () => {
    const before = gateway.upstream.open();
    const stream = await openStream(`${gateway.gatewayUrls[0]}${path}/sse`);
    await until(() => stream.text().length > 50);
    expect(stream.ending()).toBeUndefined();
    expect(gateway.upstream.open()).toBe(before + 1);
    stream.leave();
    await until(() => gateway.upstream.open() === before);
  });

  test('a HEAD has the headers and no body', async () => {
    const { status, headers, text } = await gateway.get(`${path}/x`, {}, 'HEAD');
    expect([status, headers['content-type'], text]).toEqual([200, 'application/json', '']);
    expect(gateway.upstream.requests.at(-1)).toMatchObject({ method: 'HEAD', path: `${path}/x` });
  });

  test('a large response comes whole', async () => {
    expect((await gateway.get(`${path}/large`)).text).toHaveLength(3_000_000);
  });

  test('a WebSocket goes both ways where the route allows it', async () => {
    const socket = await upgrade(`${gateway.gatewayUrls[0]}${path}/socket`);
    if (typeof socket === 'number') throw new Error(`the upgrade was answered ${socket}`);
    let echoed = '';
    socket.on('data', (chunk: Buffer) => {
      echoed += chunk.toString();
    });
    socket.write('over and back');
    await until(() => echoed === 'over and back');
    socket.destroy();
    await until(() => gateway.upstream.open() === 0);
    expect(await upgrade(`${gateway.gatewayUrls[0]}${path}-plain/socket`)).toBe(200);
  });

  test('an upstream that refuses is a 502, unless another node takes over', async () => {
    expect((await gateway.get(`${path}-down`)).status).toBe(502);
    expect((await gateway.get(`${path}-over`)).status).toBe(200);
  });

  test("an upstream's own failure is passed on", async () => {
    const { status, text } = await gateway.get(`${path}/fails`);
    expect([status, text]).toEqual([500, 'failed']);
  });
});
