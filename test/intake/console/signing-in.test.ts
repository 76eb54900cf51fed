import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PGlite } from '@electric-sql/pglite';
import { request } from '../../support/desk';
import { pageHeaders } from '../../support/session';
import { cookieOf, type Stage, startStage } from '../../support/signing-in';
import { freshStore } from '../../support/store';
import { until } from '../../support/until';

/** Signing in by operator and code, before the real desk on a real ledger. */

let pglite: PGlite;
let stage: Stage;
beforeAll(async () => {
  ({ pglite } = await freshStore());
});
afterAll(() => pglite.close());
beforeEach(async () => {
  stage = await startStage(pglite);
});
afterEach(() => stage.close());

const order = (cookie: string, body: unknown, headers: Record<string, string> = {}) =>
  stage.page(cookie, 'POST', '/api/v1/orders?wait=5', { body, headers });

it('gives a session of 15 minutes in a cookie that no script reads, and puts it on paper without the code', async () => {
  const code = stage.code();
  const answer = await stage.signIn('alice', code);
  expect(answer).toMatchObject({
    status: 200,
    json: {
      ...{ name: 'alice', operator: 'alice', by: 'code', rights: ['stop', 'restore', 'status'] },
      until: new Date(stage.clock.now() + 900_000).toISOString(),
    },
  });
  expect(answer.headers.get('set-cookie')).toMatch(
    /^pullcord-session=[^;]+; Path=\/; HttpOnly; SameSite=Strict; Max-Age=900$/,
  );
  expect(await stage.page(cookieOf(answer), 'GET', '/console/session')).toMatchObject({ json: answer.json });
  const lines = await stage.lines();
  expect(lines.filter(({ kind }) => kind === 'session')).toMatchObject([
    { data: { what: 'signed in', by: 'alice', how: 'code', source: 'console' } },
  ]);
  expect(JSON.stringify([lines, stage.door.logged])).not.toContain(code);
  expect(JSON.stringify([lines, stage.door.logged])).not.toContain(cookieOf(answer).split('=')[1]);
});

it('reads and stops; who ordered it is the operator, and the door the console', async () => {
  const cookie = cookieOf(await stage.signIn());
  for (const path of ['orders', 'scopes', 'status', 'incidents', 'ledger', 'drills', 'fallbacks'])
    expect(await stage.page(cookie, 'GET', `/api/v1/${path}`)).toMatchObject({ status: 200 });
  expect(await order(cookie, { action: 'sever', reason: 'it runs away' })).toMatchObject({
    status: 200,
    json: { number: 1, state: 'severed', source: 'console', by: 'alice', reason: 'it runs away' },
  });
  expect([...stage.cutter.cut]).toEqual(['agent']);
});

describe('law 3, only a person restores, with a fresh code', () => {
  it('whoever is signed in, however: a session alone restores nothing', async () => {
    const cookie = cookieOf(await stage.signIn());
    await order(cookie, { action: 'sever' });
    expect(await order(cookie, { action: 'restore' })).toMatchObject({
      status: 403,
      json: { reason: 'not-restorable-by-session' },
    });
    expect(await order(cookie, { action: 'restore', operator: 'alice' })).toMatchObject({
      status: 401,
      json: { reason: 'code-missing' },
    });
    for (const [by, name] of [
      ['code', 'alice'],
      ['openid', 'alice'],
    ] as const) {
      const proof = { kind: 'session', by: `${by}:${name}`, rights: ['stop', 'restore', 'status'] } as const;
      const request = { key: by, action: 'restore', scope: 'agent', source: 'console', correlation: 'c' } as const;
      expect(await stage.desk.desk.order(request, proof)).toMatchObject({ refused: 'not-restorable-by-session' });
    }
    expect([...stage.cutter.cut]).toEqual(['agent']);
  });

  it('the code that signed in restores nothing, nor signs in again; the next one restores, by its operator', async () => {
    const code = stage.code();
    const cookie = cookieOf(await stage.signIn('alice', code));
    await order(cookie, { action: 'sever' });
    expect(await order(cookie, { action: 'restore', operator: 'alice', code })).toMatchObject({
      status: 401,
      json: { reason: 'code-used' },
    });
    expect(await stage.signIn('alice', code)).toMatchObject({ status: 401, json: { reason: 'code-used' } });
    expect([...stage.cutter.cut]).toEqual(['agent']);
    stage.clock.advance(30);
    expect(await order(cookie, { action: 'restore', operator: 'alice', code: stage.code() })).toMatchObject({
      status: 200,
      json: { state: 'live', source: 'console', by: 'alice' },
    });
  });

  it('two that come at the same moment with one code: one of them', async () => {
    const code = stage.code();
    const [first, second] = await Promise.all([stage.signIn('alice', code), stage.signIn('alice', code)]);
    expect([first?.status, second?.status].sort()).toEqual([200, 401]);
  });

  it('one that was used to restore does not sign in', async () => {
    const code = stage.code();
    await stage.door.call('POST', '/api/v1/orders?wait=5', { body: { action: 'sever' } });
    const body = { action: 'restore', operator: 'alice', code };
    expect(await stage.door.call('POST', '/api/v1/orders?wait=5', { body })).toMatchObject({ status: 200 });
    expect(await stage.signIn('alice', code)).toMatchObject({ status: 401, json: { reason: 'code-used' } });
  });
});

it('the same key is the same order, also when it is sent after signing in anew', async () => {
  const first = cookieOf(await stage.signIn());
  const key = { 'idempotency-key': 'queued-1' };
  expect((await order(first, { action: 'sever' }, key)).json).toMatchObject({ number: 1 });
  stage.clock.advance(16 * 60);
  expect(await order(first, { action: 'sever' }, key)).toMatchObject({
    status: 401,
    json: { reason: 'session-ended' },
  });
  const second = cookieOf(await stage.signIn());
  expect((await order(second, { action: 'sever' }, key)).json).toMatchObject({ number: 1 });
  const bob = cookieOf(await stage.signIn('bob'));
  expect((await order(bob, { action: 'sever' }, key)).json).toMatchObject({ number: 2, by: 'bob' });
});

describe('a wrong code', () => {
  it('counts as one of a STOP does: twenty lock, with an alarm, and each is on paper', async () => {
    const wrong = stage.code() === '000000' ? '111111' : '000000';
    for (let i = 0; i < 20; i++)
      expect(await stage.signIn('alice', wrong)).toMatchObject({ status: 401, json: { reason: 'code-wrong' } });
    expect(await stage.signIn()).toMatchObject({ status: 429, json: { reason: 'code-locked' } });
    expect(stage.alarms).toEqual(['code-locked']);
    const refusals = (await stage.lines()).filter(({ kind }) => kind === 'refusal');
    expect(refusals.slice(0, 20)).toEqual(
      Array(20).fill(
        expect.objectContaining({
          data: expect.objectContaining({ action: 'sign-in', by: 'alice', reason: 'code-wrong', source: 'console' }),
        }),
      ),
    );
    // Another operator's wrong codes lock nobody else's signing in.
    expect(await stage.signIn('bob')).toMatchObject({ status: 200 });
  });

  it('locks a restore as well, as early as any other does', async () => {
    const wrong = stage.code() === '000000' ? '111111' : '000000';
    for (let i = 0; i < 5; i++) await stage.signIn('alice', wrong);
    const body = { action: 'restore', operator: 'alice', code: stage.code() };
    expect(await stage.door.call('POST', '/api/v1/orders', { body })).toMatchObject({
      json: { reason: 'code-locked' },
    });
  });

  it.each(['mallory', 'drill'])('is all that %s is told, who is no operator of people', async (name) => {
    const code = stage.code();
    expect(await stage.signIn(name, code)).toMatchObject({ status: 401, json: { reason: 'code-wrong' } });
    expect((await stage.signIn(name, code)).headers.get('set-cookie')).toBeNull();
    await until(async () => (await stage.lines()).some(({ data }) => data.reason === 'unknown-sender'));
  });

  it('is never a backup code, which only stops', async () => {
    expect(await stage.signIn('alice', '111111111111')).toMatchObject({ status: 400 });
    const receipt = await stage.signIns.byCode({ operator: 'alice', code: '111111111111', correlation: 'c' });
    expect(receipt).toMatchObject({ refused: expect.stringMatching(/^code-/) });
  });
});

describe('law 4, while the ledger is away', () => {
  it.each(['away', 'silent'] as const)('%s: one signs in and stops; a restore is refused by itself', async (how) => {
    stage.database[how] = true;
    const code = stage.code();
    const answer = await stage.signIn('alice', code);
    expect(answer.status).toBe(200);
    const cookie = cookieOf(answer);
    expect(await stage.signIn('alice', code)).toMatchObject({ status: 401, json: { reason: 'code-used' } });
    expect(await order(cookie, { action: 'sever' })).toMatchObject({
      status: 200,
      json: { state: 'severed', number: 0 },
    });
    expect([...stage.cutter.cut]).toEqual(['agent']);
    stage.clock.advance(30);
    expect(await order(cookie, { action: 'restore', operator: 'alice', code: stage.code() })).toMatchObject({
      status: 503,
      json: { reason: 'ledger-unavailable' },
    });
    expect([...stage.cutter.cut]).toEqual(['agent']);
  });

  it('a code that signed in restores nothing after a restart, either, though the ledger never heard of it', async () => {
    await stage.desk.desk.order(request('sever'), stage.desk.by('bob'));
    stage.database.away = true;
    const code = stage.code();
    expect((await stage.signIn('alice', code)).status).toBe(200);
    stage.database.away = false;
    const again = await stage.restarted();
    expect(await again.desk.order(request('restore'), stage.desk.by('alice', code))).toMatchObject({
      refused: 'code-used',
    });
    await again.signIns.recordNoted();
    expect((await stage.lines()).filter(({ kind }) => kind === 'session')).toHaveLength(1);
    expect(readdirSync(stage.folder)).toEqual([]);
    await again.close();
    expect([...stage.cutter.cut]).toEqual(['agent']);
  });

  it('a disk that refuses, or a file that was spoilt, keeps nobody from signing in', async () => {
    stage.database.away = true;
    writeFileSync(join(stage.folder, 'sign-ins.json'), '{"uses":[{}]}');
    const again = await stage.restarted();
    await again.close();
    expect(stage.troubles).toHaveLength(1);
    rmSync(stage.folder, { recursive: true });
    writeFileSync(stage.folder, '');
    expect((await stage.signIn()).status).toBe(200);
    expect(stage.troubles.length).toBeGreaterThan(1);
  });

  it('a code that signed in is in the ledger as soon as it is back, for whatever instance', async () => {
    stage.database.away = true;
    const code = stage.code();
    const wrong = code === '000000' ? '111111' : '000000';
    await stage.signIn('alice', wrong);
    expect((await stage.signIn('alice', code)).status).toBe(200);
    stage.database.away = false;
    await stage.signIns.recordNoted();
    await stage.signIns.recordNoted();
    const lines = await stage.lines();
    expect(lines.filter(({ kind }) => kind === 'session')).toHaveLength(1);
    expect(lines.filter(({ data }) => data.reason === 'code-wrong')).toHaveLength(1);
    const uses = await stage.uses();
    expect(uses.get('alice')).toMatchObject({
      lastStep: Math.floor(stage.clock.now() / 30_000),
      failures: [stage.clock.now()],
    });
  });
});

describe('the file of operators is believed at each request', () => {
  it('one who was removed, or lost a right, has lost it at once', async () => {
    const cookie = cookieOf(await stage.signIn());
    const [alice, bob] = stage.operators as [(typeof stage.operators)[0], (typeof stage.operators)[0]];
    stage.operators = [{ ...alice, rights: ['status'] }, bob];
    expect(await order(cookie, { action: 'sever' })).toMatchObject({ status: 403, json: { reason: 'no-right' } });
    expect(await stage.page(cookie, 'GET', '/api/v1/scopes')).toMatchObject({ status: 200 });
    stage.operators = [bob];
    expect(await stage.page(cookie, 'GET', '/api/v1/scopes')).toMatchObject({ json: { reason: 'session-ended' } });
    expect([...stage.cutter.cut]).toEqual([]);
  });
});

it('signs out: the cookie goes, and is taken no more', async () => {
  const cookie = cookieOf(await stage.signIn());
  const out = await stage.page(cookie, 'DELETE', '/console/session');
  expect(out).toMatchObject({ status: 204, text: '' });
  expect(out.headers.get('set-cookie')).toBe('pullcord-session=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0');
  expect(await stage.page(cookie, 'GET', '/api/v1/scopes')).toMatchObject({ json: { reason: 'session-ended' } });
  await until(async () => (await stage.lines()).some(({ data }) => data.what === 'signed out' && data.by === 'alice'));
  expect(await stage.page(cookie, 'DELETE', '/console/session')).toMatchObject({ status: 204 });
});

it('what is for programs alone takes no session', async () => {
  const cookie = cookieOf(await stage.signIn());
  const relayed = { signature: '', params: {} };
  const wanted = { url: 'https://n8n.example.org/webhook/1', events: ['severed'] };
  for (const [method, path, body] of [
    ['GET', '/api/v1/token', undefined],
    ['GET', '/api/v1/subscriptions', undefined],
    ['POST', '/api/v1/subscriptions', wanted],
    ['POST', '/api/v1/relay/twilio', relayed],
  ] as const)
    expect(await stage.page(cookie, method, path, { body })).toMatchObject({
      status: 403,
      json: { reason: 'no-right' },
    });
  expect(await stage.door.call('GET', '/console/session', { token: 'all' })).toMatchObject({ status: 403 });
});

it('whoever may stop may rehearse', async () => {
  const cookie = cookieOf(await stage.signIn());
  expect(await stage.page(cookie, 'POST', '/api/v1/drills')).toMatchObject({ status: 202, json: { by: 'alice' } });
  stage.operators = stage.operators.map((one) => ({ ...one, rights: ['status'] }));
  expect(await stage.page(cookie, 'POST', '/api/v1/drills')).toMatchObject({ status: 403 });
});

it('a fallback is taken back by a session, and permitted by an operator with a code alone', async () => {
  const cookie = cookieOf(await stage.signIn());
  const decide = (body: unknown) => stage.page(cookie, 'POST', '/api/v1/fallbacks/fallback', { body });
  expect(await decide({ wish: 'fallback' })).toMatchObject({ json: { reason: 'not-restorable-by-session' } });
  expect(await decide({ wish: 'primary' })).toMatchObject({ status: 200 });
});

describe('a request from elsewhere', () => {
  const elsewhere: [string, Record<string, string>][] = [
    ['without the header of the page', { 'x-pullcord-console': '' }],
    ['with another one', { 'x-pullcord-console': 'true' }],
    ['that the browser calls cross-site', { 'sec-fetch-site': 'cross-site' }],
    ['from a neighbouring host', { 'sec-fetch-site': 'same-site' }],
    ['that nobody typed', { 'sec-fetch-site': 'none' }],
    ['of another origin', { origin: 'https://evil.example.org' }],
    ['of an origin that is hidden', { origin: 'null' }],
  ];
  it.each(elsewhere)('%s changes nothing, with the cookie of somebody who may', async (_what, headers) => {
    const cookie = cookieOf(await stage.signIn());
    expect(await order(cookie, { action: 'sever' }, headers)).toMatchObject({
      status: 403,
      json: { reason: 'cross-site' },
    });
    expect(await stage.page(cookie, 'POST', '/api/v1/drills', { headers })).toMatchObject({ status: 403 });
    expect(await stage.page(cookie, 'DELETE', '/console/session', { headers })).toMatchObject({ status: 403 });
    expect([...stage.cutter.cut]).toEqual([]);
    expect(await stage.page(cookie, 'GET', '/api/v1/scopes')).toMatchObject({ status: 200 });
  });

  it.each(elsewhere)('%s signs nobody in', async (_what, headers) => {
    const body = { operator: 'alice', code: stage.code() };
    const answer = await stage.page('', 'POST', '/console/session', { body, headers });
    expect(answer).toMatchObject({ status: 403, json: { reason: 'cross-site' } });
    expect(answer.headers.get('set-cookie')).toBeNull();
    expect((await stage.signIn('alice', body.code)).status).toBe(200);
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', ''])(
    'as a form can send it (%s) changes nothing',
    async (type) => {
      const cookie = cookieOf(await stage.signIn());
      const headers = { 'content-type': type };
      const body = '{"action":"sever"}';
      for (const path of ['/api/v1/orders', '/api/v1/drills', '/console/session'])
        expect(await stage.page(cookie, 'POST', path, { body, headers })).toMatchObject({
          status: 415,
          json: { reason: 'wrong-media-type' },
        });
      expect([...stage.cutter.cut]).toEqual([]);
    },
  );

  it('of the page at its own host is taken, with or without what browsers say of it', async () => {
    const cookie = cookieOf(await stage.signIn());
    for (const headers of [{ origin: stage.door.url }, { 'sec-fetch-site': 'same-origin' }] as Record<string, string>[])
      expect((await order(cookie, { action: 'sever' }, headers)).status).toBe(200);
  });

  it('is let to read nothing: no answer allows another origin', async () => {
    const cookie = cookieOf(await stage.signIn());
    const { headers } = await stage.page(cookie, 'GET', '/api/v1/scopes');
    expect([...headers.keys()].filter((name) => name.startsWith('access-control-'))).toEqual([]);
    const asked = { origin: 'https://evil.example.org', 'access-control-request-method': 'POST' };
    const preflight = await stage.page('', 'OPTIONS', '/api/v1/orders', { headers: asked });
    expect(preflight.status).toBe(405);
  });
});

describe('a cookie', () => {
  it('that was changed, or of another key, is nobody, and on paper', async () => {
    const cookie = cookieOf(await stage.signIn());
    const [payload = '', signature = ''] = cookie.replace('pullcord-session=', '').split('.');
    const values = { ...JSON.parse(Buffer.from(payload, 'base64url').toString()), name: 'bob' };
    const forged = Buffer.from(JSON.stringify(values)).toString('base64url');
    for (const wrong of [`${forged}.${signature}`, `${payload}.${signature.slice(1)}A`, `${payload}.`])
      expect(await order(`pullcord-session=${wrong}`, { action: 'sever' })).toMatchObject({
        status: 401,
        json: { reason: 'session-ended' },
      });
    expect([...stage.cutter.cut]).toEqual([]);
    await until(async () => (await stage.lines()).some(({ data }) => data.reason === 'session-ended'));
  });

  it('of a session that is over is nobody, which is an everyday matter', async () => {
    const cookie = cookieOf(await stage.signIn());
    stage.clock.advance(15 * 60);
    expect(await order(cookie, { action: 'sever' })).toMatchObject({ status: 401, json: { reason: 'session-ended' } });
    expect(await stage.page('', 'GET', '/api/v1/scopes')).toMatchObject({ json: { reason: 'session-ended' } });
    expect([...stage.cutter.cut]).toEqual([]);
    expect((await stage.lines()).filter(({ data }) => data.reason === 'session-ended')).toEqual([]);
  });

  it('is not looked at where a token was sent', async () => {
    const cookie = cookieOf(await stage.signIn());
    const headers = { ...pageHeaders, cookie };
    expect(await stage.door.call('GET', '/api/v1/scopes', { token: 'x', headers })).toMatchObject({
      json: { reason: 'token-wrong' },
    });
    const body = { action: 'sever' };
    expect((await stage.door.call('POST', '/api/v1/orders', { body, headers: { cookie } })).json).toMatchObject({
      ...{ by: 'token:n8n', source: 'api' },
    });
  });
});
