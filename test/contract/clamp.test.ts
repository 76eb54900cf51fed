import { readRecorded } from '../sandbox/recorded/exchange';
import { openStream, upgrade } from '../support/stream';
import { until } from '../support/until';
import { type Gateway, openGateway } from './gateway';

/**
 * One global rule that is armed ahead of time and then names routes, as it was measured on a real gateway: what it does
 * to new requests, and what its function does to responses that are open. It needs a gateway without another global
 * rule that holds `fault-injection` or `serverless-post-function`.
 */
let gateway: Gateway;
let rule = '';
let [cut, kept] = ['', ''];

const NONE = '-none-';
const armed = (withFunction = true): object => {
  const own = (text: string) => text.replaceAll('get(\\"ks\\")', `get(\\"${rule}\\")`);
  const { plugins } = readRecorded('ks-arm', own).request_body as { readonly plugins: Record<string, object> };
  return { plugins: withFunction ? plugins : { 'fault-injection': plugins['fault-injection'] } };
};

/** Names the routes that are cut, and waits until every gateway acts on it. */
async function name(...ids: readonly string[]): Promise<void> {
  const vars = [[['route_id', 'in', ids.length > 0 ? ids : [NONE]]]];
  const path = `/global_rules/${rule}/plugins/fault-injection/abort/vars`;
  expect((await gateway.admin('PATCH', path, vars)).status).toBe(200);
  const wanted = ids.includes(`${gateway.mark}-cut`) ? 503 : 200;
  let agreeing = 0;
  await until(async () => {
    agreeing = (await gateway.get(`${cut}/x`)).status === wanted ? agreeing + 1 : 0;
    return agreeing > 12;
  });
}

beforeAll(async () => {
  gateway = await openGateway();
  rule = `${gateway.mark}-rule`;
  [cut, kept] = [`/${gateway.mark}-cut`, `/${gateway.mark}-kept`];
  await gateway.route('cut', { uri: `${cut}/*`, enable_websocket: true, upstream: gateway.upstreamConf });
  await gateway.route('kept', { uri: `${kept}/*`, upstream: gateway.upstreamConf });
  await gateway.settle();
});
afterAll(() => gateway.close());
beforeEach(async () => {
  expect((await gateway.admin('PUT', `/global_rules/${rule}`, armed())).status).toBeLessThan(300);
  await name();
});
afterEach(() => until(() => gateway.upstream.open() === 0));

const open = (path: string) => openStream(`${gateway.gatewayUrls[0]}${path}`);

test('refuses new requests of the routes that it names, and nothing else', async () => {
  await name(`${gateway.mark}-cut`);
  const { status, headers, text } = await gateway.get(`${cut}/x`);
  expect([status, headers['x-ks-severed'], headers['retry-after']]).toEqual([503, '1', '60']);
  expect(JSON.parse(text)).toEqual({ error: { type: 'severed', code: 'ks_severed', route: `${gateway.mark}-cut` } });
  expect((await gateway.get(`${kept}/x`)).status).toBe(200);
  expect((await gateway.get(`/nowhere-${gateway.mark}`)).status).toBe(404);
  expect((await gateway.get(`${cut}/x`, {}, 'HEAD')).status).toBe(503);
  await name();
  expect((await gateway.get(`${cut}/x`)).status).toBe(200);
});

test('ends an open event stream with an error event, closes the upstream, and leaves the others alone', async () => {
  const [severed, other] = await Promise.all([open(`${cut}/sse`), open(`${kept}/sse`)]);
  await until(() => severed.text().length > 0 && other.text().length > 0);
  await name(`${gateway.mark}-cut`);
  await until(() => severed.ending());
  expect(severed.ending()).toBe('aborted');
  expect(severed.text()).toContain('event: error\ndata: {"error":{"type":"severed","code":"ks_severed"}}\n\n');
  await until(() => gateway.upstream.open() === 1);
  const length = other.text().length;
  await until(() => other.text().length > length + 20);
  expect(other.ending()).toBeUndefined();
  other.leave();
});

test('breaks off a response that is no event stream, without an event', async () => {
  const text = await open(`${cut}/text`);
  await until(() => text.text().length > 0);
  await name(`${gateway.mark}-cut`);
  await until(() => text.ending());
  expect(text.ending()).toBe('aborted');
  expect(text.text()).toMatch(/^(tick\n)+$/);
  await until(() => gateway.upstream.open() === 0);
});

test('hangs up on a response that had not begun, as soon as it does', async () => {
  const late = gateway.get(`${cut}/waits`).then(
    ({ status }) => status,
    () => 'hung up on',
  );
  await until(() => gateway.upstream.open() === 1);
  await name(`${gateway.mark}-cut`);
  gateway.upstream.push('too late');
  expect(await late).toBe('hung up on');
});

test('does not reach a stream that is silent until it speaks, nor a WebSocket', async () => {
  const silent = await open(`${cut}/held`);
  const socket = await upgrade(`${gateway.gatewayUrls[0]}${cut}/socket`);
  if (typeof socket === 'number') throw new Error(`the upgrade was answered ${socket}`);
  let echoed = '';
  socket.on('data', (chunk: Buffer) => {
    echoed += chunk.toString();
  });
  await until(() => silent.text() !== '');
  await name(`${gateway.mark}-cut`);
  socket.write('still here');
  await until(() => echoed === 'still here');
  expect([silent.ending(), gateway.upstream.open()]).toEqual([undefined, 2]);
  gateway.upstream.push('data: second\n\n');
  await until(() => silent.text().includes('severed'));
  gateway.upstream.push('data: third\n\n');
  await until(() => silent.ending() === 'aborted');
  socket.destroy();
});

test('without its function, open streams go on while new requests are refused', async () => {
  await gateway.admin('PUT', `/global_rules/${rule}`, armed(false));
  await name();
  const stream = await open(`${cut}/sse`);
  await until(() => stream.text().length > 0);
  await name(`${gateway.mark}-cut`);
  const length = stream.text().length;
  await until(() => stream.text().length > length + 100);
  expect([stream.ending(), stream.text().includes('severed')]).toEqual([undefined, false]);
  stream.leave();
});
