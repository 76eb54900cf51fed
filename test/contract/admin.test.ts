import { type Gateway, openGateway } from './gateway';

/** What the switch relies on in the Admin API: how a PATCH changes an object, and what it refuses. */
let gateway: Gateway;
beforeAll(async () => {
  gateway = await openGateway();
});
afterAll(() => gateway.close());

const fault = (abort: object, more: object = {}) => ({
  'fault-injection': { abort: { http_status: 503, ...abort }, ...more },
});

/** The route without what every object has. */
async function read(id: string): Promise<object> {
  const { value } = (await gateway.admin('GET', `/routes/${id}`)).body as { readonly value: Record<string, unknown> };
  const { id: _, create_time: __, update_time: ___, ...rest } = value;
  return rest;
}

describe('a PATCH', () => {
  const base = () => ({ uri: `/${gateway.mark}/patched`, upstream: gateway.upstreamConf });

  test.each<[string, before: object, patch: unknown, after: object | string]>([
    ['adds a plugin', {}, { plugins: fault({}) }, { plugins: fault({}) }],
    [
      'merges into a plugin: what was there stays',
      { plugins: fault({ percentage: 1 }) },
      { plugins: fault({ body: 'x' }) },
      { plugins: fault({ percentage: 1, body: 'x' }) },
    ],
    [
      'takes away what is null',
      { plugins: fault({ percentage: 1, body: 'x' }) },
      { plugins: fault({ percentage: null }) },
      { plugins: fault({ body: 'x' }) },
    ],
    [
      'leaves the empty object where the last plugin was',
      { plugins: fault({}) },
      { plugins: { 'fault-injection': null } },
      { plugins: {} },
    ],
    ['takes plugins away altogether', { plugins: fault({}) }, { plugins: null }, {}],
    ['replaces by an empty object, merging nothing', { labels: { a: 'b' } }, { labels: {} }, { labels: {} }],
    ['replaces a list', { methods: ['GET', 'PUT'] }, { methods: ['PUT'] }, { methods: ['PUT'] }],
    [
      'keeps a null inside what is new, and its schema refuses it',
      {},
      { plugins: fault({ vars: null }) },
      'got userdata',
    ],
    [
      'refuses a plugin beside a script',
      { script: 'local _M = {} return _M' },
      { plugins: fault({}) },
      "wasn't supposed to match",
    ],
    ['refuses an unknown plugin', {}, { plugins: { nosuch: {} } }, 'unknown plugin [nosuch]'],
    ['refuses an unknown field', {}, { nosuch: 1 }, 'additional properties forbidden, found nosuch'],
    ['refuses an upstream that is not there', {}, { upstream_id: 'pc-nowhere' }, 'response code: 404'],
    [
      'refuses an expression without brackets',
      {},
      { plugins: fault({ vars: [['uri', '==', '/x']] }) },
      'wrapped inside brackets',
    ],
  ])('%s', async (_, before, patch, after) => {
    const id = await gateway.route('patched', { ...base(), ...before });
    const reply = await gateway.admin('PATCH', `/routes/${id}`, patch);
    if (typeof after === 'string') {
      expect(reply).toEqual({ status: 400, body: { error_msg: expect.stringContaining(after) } });
      expect(await read(id)).toEqual({ ...base(), ...before });
    } else {
      expect(reply.status).toBe(200);
      expect(await read(id)).toEqual({ ...base(), ...after });
    }
  });

  test('of a sub-path replaces the value there, whatever it was', async () => {
    const id = await gateway.route('sub', { ...base(), plugins: fault({ percentage: 1, body: 'x' }) });
    expect(
      (await gateway.admin('PATCH', `/routes/${id}/plugins/fault-injection/abort`, { http_status: 418 })).status,
    ).toBe(200);
    expect(await read(id)).toEqual({ ...base(), plugins: { 'fault-injection': { abort: { http_status: 418 } } } });
  });

  test('may set update_time back; a PUT may not', async () => {
    const id = await gateway.route('timed', base());
    const { body } = await gateway.admin('PATCH', `/routes/${id}`, { update_time: 1_700_000_000 });
    expect(body.value).toMatchObject({ update_time: 1_700_000_000 });
    const put = await gateway.admin('PUT', `/routes/${id}`, { ...base(), update_time: 1 });
    expect(put).toEqual({ status: 400, body: { error_msg: 'the property is forbidden:  update_time' } });
  });

  test('of which several come at once: a lost one is a 503 that says so, and wrote nothing', async () => {
    const id = await gateway.route('contended', base());
    const replies = await Promise.all(
      Array.from({ length: 16 }, (_, index) =>
        gateway.admin('PATCH', `/routes/${id}`, { labels: { [`k${index}`]: 'v' } }),
      ),
    );
    const lost = replies.filter(({ status }) => status !== 200);
    for (const reply of lost)
      expect(reply).toEqual({ status: 503, body: { error_msg: 'value changed before overwritten' } });
    const { labels } = (await read(id)) as { readonly labels: object };
    expect(Object.keys(labels)).toHaveLength(16 - lost.length);
  });
});

describe('secrets', () => {
  const secret = (plugins: unknown): unknown =>
    (plugins as Record<string, { auth: { header: { Authorization: string } } }>)['ai-proxy']?.auth.header.Authorization;
  const stored = async (id: string): Promise<unknown> =>
    secret(((await read(id)) as { readonly plugins: unknown }).plugins);

  test('a GET shows them, a PATCH shows their cipher, and putting that back breaks them', async () => {
    const plain = 'Bearer a-key';
    const id = await gateway.route('secret', {
      uri: `/${gateway.mark}/secret`,
      plugins: { 'ai-proxy': { provider: 'openai', auth: { header: { Authorization: plain } } } },
    });
    expect(await stored(id)).toBe(plain);
    const { body } = await gateway.admin('PATCH', `/routes/${id}`, { desc: 'patched' });
    const { plugins } = body.value as { readonly plugins: unknown };
    expect(secret(plugins)).not.toBe(plain);
    expect(await stored(id)).toBe(plain);
    await gateway.admin('PATCH', `/routes/${id}`, { plugins });
    expect(await stored(id)).not.toBe(plain);
  });
});

describe('a global rule', () => {
  test('is the only one that may hold a plugin', async () => {
    const [one, other] = [`${gateway.mark}-one`, `${gateway.mark}-other`];
    await gateway.admin('PUT', `/global_rules/${one}`, {
      plugins: { 'response-rewrite': { headers: { set: { 'x-a': '1' } } } },
    });
    const reply = await gateway.admin('PUT', `/global_rules/${other}`, { plugins: { 'response-rewrite': {} } });
    expect(reply).toEqual({
      status: 400,
      body: { error_msg: `plugin 'response-rewrite' already exists in global rule with id '${one}'` },
    });
    expect((await gateway.admin('DELETE', `/global_rules/${one}`)).status).toBe(200);
  });
});

test('a list past its end is an object, and a page is 10 to 500', async () => {
  await gateway.route('listed', { uri: `/${gateway.mark}/listed`, name: gateway.mark, upstream: gateway.upstreamConf });
  const list = (query: string) => gateway.admin('GET', `/routes?name=%5E${gateway.mark}%24&${query}`);
  expect((await list('page=1&page_size=10')).body).toMatchObject({
    total: 1,
    list: [{ value: { name: gateway.mark } }],
  });
  expect((await list('page=2&page_size=10')).body).toEqual({ total: 1, list: {} });
  expect((await list('page=1&page_size=9')).status).toBe(400);
});
