import { failureLimit, tokenChecker } from '../../../src/intake/http/tokens';
import { type Door, FakeDesk, FakeRecords, openDoor, secretOf, tokenOf, tokens } from '../../support/http';

describe('a bearer token', () => {
  const check = tokenChecker(tokens);

  it.each([
    ['Bearer n8n-secret', 'n8n'],
    ['bearer n8n-secret', 'n8n'],
    ['BEARER   reader-secret', 'reader'],
  ])('%j is known', (authorization, name) => {
    expect(check(authorization)).toMatchObject({ kind: 'known', token: { name } });
  });

  it.each([
    [undefined, 'missing'],
    ['', 'missing'],
    ['n8n-secret', 'missing'],
    ['Basic bjhuLXNlY3JldA==', 'missing'],
    ['Bearer', 'missing'],
    ['Bearer ', 'missing'],
    ['Bearer n8n-secret n8n-secret', 'missing'],
    ['Bearer n8n-secret,', 'missing'],
    ['Bearer n8n-secreT', 'wrong'],
    ['Bearer n8n-secret=', 'wrong'],
    ['Bearer n8n', 'wrong'],
    [`Bearer ${tokens[0]?.sha256}`, 'wrong'],
  ])('%j is %s', (authorization, kind) => {
    expect(check(authorization)).toEqual({ kind });
  });

  it('is known whatever the case of its configured hash, and nobody is when none is configured', () => {
    const upper = tokens.map((token) => ({ ...token, sha256: token.sha256.toUpperCase() }));
    expect(tokenChecker(upper)('Bearer n8n-secret')).toMatchObject({ kind: 'known' });
    expect(tokenChecker([])('Bearer n8n-secret')).toEqual({ kind: 'wrong' });
  });
});

describe('failures', () => {
  it('are within the limit up to the burst, and then at the rate', () => {
    let now = 0;
    const mayFail = failureLimit(() => now, 3, 0.5);
    expect([1, 2, 3, 4, 5].map(() => mayFail())).toEqual([true, true, true, false, false]);
    now += 1_900;
    expect(mayFail()).toBe(false);
    now += 200;
    expect([mayFail(), mayFail()]).toEqual([true, false]);
    now -= 60_000;
    expect(mayFail()).toBe(false);
    now += 3_600_000;
    expect([1, 2, 3, 4].map(() => mayFail())).toEqual([true, true, true, false]);
  });
});

describe('at the door', () => {
  let desk: FakeDesk;
  let records: FakeRecords;
  let door: Door;
  beforeEach(async () => {
    desk = new FakeDesk();
    records = new FakeRecords();
    door = await openDoor({ desk, records });
  });
  afterEach(() => door.listener.close());

  const reads = ['orders', 'orders/1', 'scopes', 'incidents', 'ledger', 'ledger/verify'].map(
    (path) => `/api/v1/${path}`,
  );

  it.each(reads)('%s takes a token, and one with the right status', async (path) => {
    expect(await door.call('GET', path, { token: '' })).toMatchObject({ status: 401, json: { reason: 'token-wrong' } });
    expect(await door.call('GET', path, { token: 'x' })).toMatchObject({
      status: 401,
      json: { reason: 'token-wrong' },
    });
    expect(await door.call('GET', path, { token: 'stopper' })).toMatchObject({
      status: 403,
      json: { reason: 'no-right' },
    });
    expect(records.asked).toEqual([]);
    expect(desk.refusals.map(({ reason }) => reason)).toEqual(['token-wrong', 'token-wrong', 'no-right']);
    expect((await door.call('GET', path, { token: 'reader' })).status).not.toBe(401);
  });

  it.each([
    ['n8n', ['stop', 'status']],
    ['stopper', ['stop']],
    ['reader', ['status']],
  ])('tells %s, with whatever right, who it is', async (token, rights) => {
    expect(await door.call('GET', '/api/v1/token', { token })).toMatchObject({
      status: 200,
      json: { name: token, rights },
    });
    expect(records.asked).toEqual([]);
    expect(desk.refusals).toEqual([]);
  });

  it.each(['', 'x'])('tells nobody else (%j)', async (token) => {
    const { status, json } = await door.call('GET', '/api/v1/token', { token });
    expect({ status, reason: json.reason, keys: Object.keys(json) }).toEqual({
      ...{ status: 401, reason: 'token-wrong' },
      keys: ['type', 'title', 'status', 'detail', 'reason'],
    });
    expect(desk.refusals.map(({ reason }) => reason)).toEqual(['token-wrong']);
  });

  it('challenges as RFC 6750 wants it: with an error only when a token was sent', async () => {
    const challenge = async (token: string) =>
      (await door.call('GET', '/api/v1/scopes', { token })).headers.get('www-authenticate');
    expect(await challenge('')).toBe('Bearer realm="pullcord"');
    expect(await challenge('x')).toBe('Bearer realm="pullcord", error="invalid_token"');
    expect(await challenge('stopper')).toBe('Bearer realm="pullcord", error="insufficient_scope"');
    expect(await challenge('reader')).toBeNull();
  });

  it('takes none from the address or the body', async () => {
    const secret = secretOf('n8n');
    expect(await door.call('GET', `/api/v1/scopes?access_token=${secret}`, { token: '' })).toMatchObject({
      status: 401,
    });
    const body = { action: 'sever', access_token: secret };
    expect(await door.call('POST', '/api/v1/orders', { token: '', body })).toMatchObject({ status: 401 });
    expect(desk.asked).toEqual([]);
  });

  it('a flood of wrong ones is cut short, and never keeps a right one from stopping', async () => {
    const statuses: number[] = [];
    for (let i = 0; i < 60; i++) statuses.push((await door.call('GET', '/api/v1/scopes', { token: `x${i}` })).status);
    expect(statuses.slice(0, 30)).toEqual(Array(30).fill(401));
    expect(statuses.at(-1)).toBe(429);
    expect(desk.refusals.length).toBeLessThan(35);
    expect(await door.call('POST', '/api/v1/orders', { body: { action: 'sever' } })).toMatchObject({ status: 200 });
    const late = await door.call('POST', '/api/v1/orders', { token: 'x', body: { action: 'sever' } });
    expect(late).toMatchObject({ status: 429, json: { reason: 'too-many-requests' } });
    expect(late.headers.get('retry-after')).toBe('60');
    expect(desk.asked).toHaveLength(1);
  });

  it('a refused one never had its body read', async () => {
    expect(await door.call('POST', '/api/v1/orders', { token: 'x', body: '{' })).toMatchObject({ status: 401 });
  });

  it('no token, code or query gets into the log, an answer or the desk’s refusals', async () => {
    const body = { action: 'restore', operator: 'alice', code: '918273' };
    await door.call('POST', '/api/v1/orders', { body });
    await door.call('POST', '/api/v1/orders', { token: 'guess', body });
    await door.call('GET', '/api/v1/orders?secret=hunter2', {});
    await door.call('POST', '/api/v1/orders', { body: '{"code":"918273"' });
    const all = JSON.stringify([door.logged, desk.refusals]);
    expect(door.logged.length).toBeGreaterThan(0);
    for (const secret of ['n8n-secret', 'guess-secret', '918273', 'hunter2', tokenOf('n8n', ['stop']).sha256])
      expect(all).not.toContain(secret);
  });
});
