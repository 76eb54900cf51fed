import { type Apisix, startApisix } from '../../src/sandbox/apisix';
import { send } from './recorded/exchange';

/** The bad days that can be ordered, each with what it must not do. */
let apisix: Apisix;
beforeEach(async () => {
  apisix = await startApisix({ nodes: 2 });
});
afterEach(() => apisix.close());

const admin = (method: string, path: string, body?: object) =>
  send(apisix.adminUrl, method, `/apisix/admin${path}`, { 'x-api-key': apisix.adminKey }, body && JSON.stringify(body));
const route = { uri: '/r', plugins: { 'fault-injection': { abort: { http_status: 200, body: 'r' } } } };
const stored = (): boolean => apisix.store.get('/apisix/routes/r') !== undefined;

test.each([401, 500, 503] as const)('the Admin API answers %d and writes nothing', async (status) => {
  apisix.faults.answer(status);
  expect((await admin('PUT', '/routes/r', route)).status).toBe(status);
  expect(stored()).toBe(false);
  await apisix.faults.clear();
  expect((await admin('PUT', '/routes/r', route)).status).toBe(201);
});

test('a fault hits what it is told to, as often as it is told to', async () => {
  apisix.faults.answer(503, { match: (method) => method === 'PUT', times: 2 });
  expect((await admin('GET', '/routes')).status).toBe(200);
  const writes = [await admin('PUT', '/routes/r', route), await admin('PUT', '/routes/r', route)];
  expect(writes.map(({ status }) => status)).toEqual([503, 503]);
  expect((await admin('PUT', '/routes/r', route)).status).toBe(201);
});

test('a late answer comes late, and is the right one', async () => {
  apisix.faults.delay(80);
  const began = performance.now();
  expect((await admin('PUT', '/routes/r', route)).status).toBe(201);
  expect(performance.now() - began).toBeGreaterThanOrEqual(75);
});

test.each([
  [true, 'is applied when etcd comes back'],
  [false, 'is lost'],
])('what is written while the Admin API hangs (applied: %s) %s', async (applied) => {
  apisix.faults.hang({ applied });
  const hanging = admin('PUT', '/routes/r', route).then(
    ({ status }) => status,
    () => 'cut off',
  );
  const first = await Promise.race([hanging, send(apisix.gatewayUrl, 'GET', '/r').then(() => 'nothing yet')]);
  expect([first, stored()]).toEqual(['nothing yet', false]);
  await apisix.faults.clear();
  expect(await hanging).toBe(applied ? 201 : 'cut off');
  expect(stored()).toBe(applied);
});

test('close lets go of a request that hangs, and applies nothing', async () => {
  apisix.faults.hang({ applied: true });
  const hanging = admin('PUT', '/routes/r', route);
  const settled = expect(hanging).rejects.toThrow();
  await send(apisix.gatewayUrl, 'GET', '/r');
  await apisix.close();
  await settled;
  expect(stored()).toBe(false);
});

test('a port that refuses comes back where it was', async () => {
  await admin('PUT', '/routes/r', route);
  await apisix.faults.refuse();
  await apisix.faults.gateway(1, 'refuse');
  await expect(admin('GET', '/routes')).rejects.toThrow('ECONNREFUSED');
  await expect(send(apisix.gatewayUrls[1] ?? '', 'GET', '/r')).rejects.toThrow('ECONNREFUSED');
  expect((await send(apisix.gatewayUrl, 'GET', '/r')).text).toBe('r');
  await apisix.faults.clear();
  expect((await admin('GET', '/routes')).status).toBe(200);
  expect((await send(apisix.gatewayUrls[1] ?? '', 'GET', '/r')).text).toBe('r');
});

test('a gateway that hangs takes requests and answers none, the others go on', async () => {
  await admin('PUT', '/routes/r', route);
  await apisix.faults.gateway(0, 'hang');
  const hanging = send(apisix.gatewayUrl, 'GET', '/r').then(
    ({ text }) => text,
    () => 'cut off',
  );
  expect(await Promise.race([hanging, send(apisix.gatewayUrls[1] ?? '', 'GET', '/r').then(() => 'the other')])).toBe(
    'the other',
  );
  await apisix.faults.clear();
  expect((await send(apisix.gatewayUrl, 'GET', '/r')).text).toBe('r');
  await apisix.close();
  expect(await hanging).toBe('cut off');
});
