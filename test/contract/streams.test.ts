import { performance } from 'node:perf_hooks';
import type { Duplex } from 'node:stream';
import { CLAMP_PATH, clampRule, setIds } from '../../src/cutters/apisix/clamp';
import { ENDERS, type Ender } from '../../src/cutters/apisix/clamp-functions';
import { type AdminApi, createAdminApi } from '../../src/cutters/apisix/client';
import { type ClientStream, openHttp2, openStream, upgrade } from '../support/stream';
import { until } from '../support/until';
import { type Gateway, openGateway } from './gateway';

/**
 * What becomes of each kind of open response when the clamp comes to name its route. On a real gateway it takes the rule
 * `pullcord-clamp` for the time of the run and puts it back; nothing may be severed there meanwhile.
 */
let gateway: Gateway;
let api: AdminApi;
let found: { readonly plugins: object } | undefined;
let enders: readonly Ender[] = ENDERS;
let ids: readonly string[] = [];

/** Generous: this suite asks whether it ends, `npm run bench` how soon. */
const BOUND_MS = 2_000;
const EVENT = 'event: error\ndata: {"error":{"type":"severed","code":"pullcord_severed"}}\n\n';

const arm = (): Promise<unknown> => gateway.admin('PUT', `/${CLAMP_PATH}`, clampRule([], enders));
const sever = (): Promise<void> => setIds(api, ids, enders);
const path = (name: string): string => `/${gateway.mark}-${name}`;
const open = (name: string): Promise<ClientStream> => openStream(`${gateway.gatewayUrls[0]}${path(name)}`);

/** As a client of OpenAI's API does, through the plugin that makes the request to the model by itself. */
function ask(model: string): Promise<ClientStream> {
  const body = JSON.stringify({ stream: true, messages: [{ role: 'user', content: 'hello' }] });
  return openStream(`${gateway.gatewayUrls[0]}${path(`ai-${model}`)}`, { 'content-type': 'application/json' }, body);
}

const onReal = process.env.APISIX_ADMIN_URL ? test : test.skip;

beforeAll(async () => {
  gateway = await openGateway();
  api = createAdminApi({ url: gateway.adminUrl, key: gateway.adminKey, timeoutMs: 2_000 });
  const { status, body } = await gateway.admin('GET', `/${CLAMP_PATH}`);
  found = status === 200 ? (body.value as { readonly plugins: object }) : undefined;
  const upstream = gateway.upstreamConf;
  const plain = { enable_websocket: true, upstream };
  const unbuffered = { plugins: { 'proxy-buffering': { disable_proxy_buffering: true } } };
  const model = (name: string) => ({
    provider: 'openai-compatible',
    auth: { header: { Authorization: 'Bearer sk-none' } },
    options: { model: 'm' },
    override: { endpoint: `http://127.0.0.1:${gateway.upstream.port}/${name}` },
  });
  ids = [
    await gateway.route('buffered', { ...plain, uri: `${path('buffered')}/*` }),
    await gateway.route('unbuffered', { ...plain, ...unbuffered, uri: `${path('unbuffered')}/*` }),
    ...(await Promise.all(
      ['tokens', 'thinking'].map((name) =>
        gateway.route(`ai-${name}`, { uri: path(`ai-${name}`), plugins: { 'ai-proxy': model(name) } }),
      ),
    )),
  ];
  await gateway.route('other', { ...plain, uri: `${path('other')}/*` });
  await gateway.settle();
}, 60_000);
afterAll(async () => {
  api.close();
  if (found) await gateway.admin('PUT', `/${CLAMP_PATH}`, { plugins: found.plugins });
  else await gateway.admin('DELETE', `/${CLAMP_PATH}`);
  await gateway.close();
}, 60_000);

/** Arms, and waits until every worker notes what comes: a stream that was open before is none of the clamp's. */
async function armed(): Promise<void> {
  await arm();
  await gateway.settle();
}
beforeEach(async () => {
  enders = ENDERS;
  await armed();
});
afterEach(() => until(() => gateway.upstream.open() === 0));

const spoken = (stream: ClientStream) => until(() => stream.text() !== '');

/** Severs, and waits until nothing but what is not severed is open upstream. @returns how long that took. */
async function severUntil(left: number): Promise<number> {
  const before = performance.now();
  await sever();
  await until(() => gateway.upstream.open() === left, BOUND_MS);
  return performance.now() - before;
}

const BUFFERINGS = ['buffered', 'unbuffered'];

describe.each(BUFFERINGS)('of a route that is %s', (buffering) => {
  test.each([
    ['sends chunks', 'sse'],
    ['is silent', 'held'],
  ])('an event stream that %s gets a last event and its end; the upstream is closed', async (_, kind) => {
    const stream = await open(`${buffering}/${kind}`);
    await spoken(stream);
    await severUntil(0);
    await until(() => stream.ending(), BOUND_MS);
    expect(stream.ending()).toBe('end');
    expect(stream.text().endsWith(EVENT)).toBe(true);
  });

  test.each([
    ['trickles', 'text'],
    ['is fast', 'endless'],
  ])('a download that %s is broken off', async (_, kind) => {
    const stream = await open(`${buffering}/${kind}`);
    await spoken(stream);
    await severUntil(0);
    await until(() => stream.ending(), BOUND_MS);
    expect(stream.ending()).toBe('aborted');
    expect(stream.text()).not.toContain('severed');
  });

  test('a download whose client takes nothing is broken off, too', async () => {
    const stream = await open(`${buffering}/endless`);
    await spoken(stream);
    stream.pause();
    await severUntil(0);
    stream.resume();
    await until(() => stream.ending(), BOUND_MS);
    expect(stream.ending()).toBe('aborted');
  });

  test('a response that has not begun is never given', async () => {
    const waiting = open(`${buffering}/waits`).then(
      ({ status }) => status,
      () => 'hung up on',
    );
    await until(() => gateway.upstream.open() === 1);
    await severUntil(0);
    expect(await waiting).toBe('hung up on');
  });

  test.each([
    ['is busy', 'busy'],
    ['is silent', 'silent'],
  ])('a WebSocket that %s is closed on both sides', async (_, kind) => {
    const socket = await upgrade(`${gateway.gatewayUrls[0]}${path(`${buffering}/${kind}`)}`);
    if (typeof socket === 'number') throw new Error(`the upgrade was answered ${socket}`);
    const ended = endOf(socket);
    await until(() => gateway.upstream.open() === 1);
    await severUntil(0);
    await until(() => ended(), BOUND_MS);
  });
});

function endOf(socket: Duplex): () => boolean {
  let isOver = false;
  socket.resume();
  for (const event of ['close', 'error', 'end'])
    socket.on(event, () => {
      isOver = true;
    });
  return () => isOver;
}

test('what is not severed goes on: event streams, silent ones, WebSockets', async () => {
  const [cut, busy, silent] = await Promise.all([open('buffered/held'), open('other/sse'), open('other/held')]);
  const socket = await upgrade(`${gateway.gatewayUrls[0]}${path('other/silent')}`);
  if (typeof socket === 'number') throw new Error(`the upgrade was answered ${socket}`);
  const over = endOf(socket);
  await Promise.all([spoken(cut), spoken(busy), spoken(silent)]);
  await severUntil(3);
  await until(() => cut.ending());
  const length = busy.text().length;
  await until(() => busy.text().length > length + 200);
  gateway.upstream.push('data: second\n\n');
  await until(() => silent.text().endsWith('data: second\n\n'));
  let echoed = '';
  socket.on('data', (chunk: Buffer) => {
    echoed += chunk.toString();
  });
  socket.write('still here');
  await until(() => echoed === 'still here');
  expect([busy.ending(), silent.ending(), over()]).toEqual([undefined, undefined, false]);
  busy.leave();
  silent.leave();
  socket.destroy();
});

onReal('over HTTP/2 the streams of severed routes end, and the connection that they share goes on', async () => {
  const client = await openHttp2(gateway.gatewayUrls[0] ?? '');
  const [events, silent, download, other] = await Promise.all(
    ['buffered/sse', 'unbuffered/held', 'buffered/text', 'other/sse'].map((name) => client.open(path(name))),
  );
  if (!events || !silent || !download || !other) throw new Error('not opened');
  await Promise.all([events, silent, download, other].map(spoken));
  await severUntil(1);
  await until(() => events.ending() && silent.ending() && download.ending(), BOUND_MS);
  expect([events.ending(), silent.ending(), download.ending()]).toEqual(['end', 'end', 'aborted']);
  expect([events.text(), silent.text()].every((text) => text.endsWith(EVENT))).toBe(true);
  const length = other.text().length;
  await until(() => other.text().length > length + 200);
  expect((await client.open(path('other/x'))).status).toBe(200);
  expect((await client.open(path('buffered/x'))).status).toBe(503);
  expect([other.ending(), client.isClosed()]).toEqual([undefined, false]);
  client.close();
});

describe('where another rule has', () => {
  test('serverless-post-function: all end, event streams without an event', async () => {
    enders = ['serverless-pre-function'];
    await armed();
    const [busy, silent] = await Promise.all([open('buffered/sse'), open('unbuffered/held')]);
    await Promise.all([spoken(busy), spoken(silent)]);
    await severUntil(0);
    await until(() => busy.ending() && silent.ending(), BOUND_MS);
    expect([busy.ending(), silent.ending()]).toEqual(['aborted', 'aborted']);
    expect(busy.text() + silent.text()).not.toContain('severed');
  });

  test('serverless-pre-function: what sends something ends, what is silent goes on until it does', async () => {
    enders = ['serverless-post-function'];
    await armed();
    const [busy, silent] = await Promise.all([open('buffered/sse'), open('unbuffered/held')]);
    await Promise.all([spoken(busy), spoken(silent)]);
    await severUntil(1);
    await until(() => busy.ending());
    expect(busy.text().endsWith(EVENT)).toBe(true);
    expect(silent.ending()).toBeUndefined();
    gateway.upstream.push('data: second\n\n');
    await until(() => silent.ending());
    expect(silent.text().endsWith(EVENT)).toBe(true);
  });
});

test('twenty in a row, each armed and given back, leave nothing open and nothing noted', async () => {
  for (let round = 0; round < 20; round += 1) {
    const [stream, silent] = await Promise.all([open('buffered/sse'), open('buffered/held')]);
    await Promise.all([spoken(stream), spoken(silent)]);
    await severUntil(0);
    await until(() => stream.ending() && silent.ending());
    await setIds(api, [], enders);
    await until(async () => (await gateway.get(`${path('buffered')}/x`)).status === 200);
  }
}, 60_000);

/** The plugin is APISIX's alone: the sandbox stores it, and does not run it. */
describe('ai-proxy', () => {
  onReal('a stream that sends tokens, and one that thinks, get a last event; the models are hung up on', async () => {
    const [busy, thinking] = await Promise.all([ask('tokens'), ask('thinking')]);
    await Promise.all([spoken(busy), spoken(thinking)]);
    await severUntil(0);
    await until(() => busy.ending() && thinking.ending(), BOUND_MS);
    expect([busy.text(), thinking.text()].every((text) => text.includes(EVENT))).toBe(true);
  });
});
