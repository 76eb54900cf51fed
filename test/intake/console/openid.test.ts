import { type ConsoleConfig, consoleOptions } from '../../../src/config/console';
import { openConsole } from '../../../src/intake/console';
import { mapped } from '../../../src/intake/console/openid/claims';
import { people, TestClock, testOperators } from '../../support/desk';
import { type Answered, type Door, FakeDesk, openDoor } from '../../support/http';
import { client, type IdentityProvider, type Lie, startIdentityProvider } from '../../support/identity-provider';
import { pageHeaders, sent } from '../../support/session';

/** Signing in by OpenID Connect: our doors and a provider, both for real, with a browser that keeps cookies. */

const CONSOLE = 'https://console.example.org';
let provider: IdentityProvider;
let door: Door;
let desk: FakeDesk;
let noted: Readonly<Record<string, unknown>>[];
let clock: TestClock;
let cookies: Map<string, string>;

const configOf = (more: object = {}): ConsoleConfig =>
  consoleOptions.parse({
    url: CONSOLE,
    openid: {
      ...{ issuer: provider.issuer, clientId: client.id, clientSecret: client.secret, name: 'Keycloak' },
      roles: { 'pullcord-stop': ['stop', 'status'], 'pullcord-look': ['status'] },
      ...more,
    },
  });

async function open(more: object = {}): Promise<void> {
  const config = configOf(more);
  desk = new FakeDesk();
  noted = [];
  cookies = new Map();
  clock = new TestClock(Date.now());
  let ids = 0;
  const people_ = openConsole({
    ...{ config: { console: config }, key: Buffer.alloc(32, 9), operators: testOperators(people), desk },
    ...{ signIns: { note: (data) => noted.push(data) }, now: clock.now, randomId: () => `session-${++ids}` },
  });
  const { sessions, origin } = people_;
  door = await openDoor({
    ...{ desk, sessions, origin: origin ?? '', openid: config.openid, beside: people_.routers },
  });
}

beforeAll(async () => {
  provider = await startIdentityProvider();
});
afterAll(() => provider.stop());
beforeEach(async () => {
  provider.lie = {};
  provider.person = { preferred_username: 'alice', realm_access: { roles: ['pullcord-stop', 'offline_access'] } };
  provider.asked.length = 0;
  await open();
});
afterEach(() => door.listener.close());

/** A browser at our door: keeps what it is given, and follows nothing by itself. */
async function browse(address: string, headers: Record<string, string> = {}): Promise<Answered> {
  const cookie = [...cookies.values()].join('; ');
  const answer = await door.call('GET', address.replace(CONSOLE, ''), { token: '', headers: { cookie, ...headers } });
  for (const set of answer.headers.getSetCookie()) {
    const [name = ''] = set.split('=');
    if (set.includes('Max-Age=0')) cookies.delete(name);
    else cookies.set(name, sent(set));
  }
  return answer;
}

const leave = async (): Promise<string> => {
  const { status, headers } = await browse('/console/openid');
  expect(status).toBe(303);
  return headers.get('location') ?? '';
};
const signIn = async (): Promise<Answered> => browse(provider.visit(await leave()));
const session = () => browse('/console/session', pageHeaders);

it('signs in, with the rights of the roles, and leads to the console', async () => {
  const answer = await signIn();
  expect({ status: answer.status, to: answer.headers.get('location') }).toEqual({ status: 303, to: '/console/' });
  const [first, second] = answer.headers.getSetCookie();
  expect(first).toMatch(/^__Host-pullcord-session=[^;]+; Path=\/; HttpOnly; SameSite=Strict; Secure; Max-Age=900$/);
  expect(second).toMatch(/^__Host-pullcord-openid=; .*Max-Age=0$/);
  expect(await session()).toMatchObject({
    status: 200,
    json: { name: 'alice', operator: 'alice', by: 'openid', rights: ['stop', 'status'] },
  });
  expect(noted).toEqual([
    expect.objectContaining({
      what: 'signed in',
      by: 'openid:alice',
      how: 'openid',
      sub: 'f3a1',
      rights: ['stop', 'status'],
    }),
  ]);
  expect(desk.refusals).toEqual([]);
});

it('stops by the name that the provider gives, and restores nothing', async () => {
  await signIn();
  const cookie = [...cookies.values()].join('; ');
  const order = (body: object) =>
    door.call('POST', '/api/v1/orders', { token: '', headers: { ...pageHeaders, cookie, origin: CONSOLE }, body });
  await order({ action: 'sever' });
  expect(desk.asked).toMatchObject([
    {
      request: { action: 'sever', source: 'console' },
      proof: { kind: 'session', by: 'openid:alice', rights: ['stop', 'status'] },
    },
  ]);
  expect(await order({ action: 'restore' })).toMatchObject({ json: { reason: 'not-restorable-by-session' } });
  await order({ action: 'restore', operator: 'alice', code: '123456' });
  expect(desk.asked[1]?.proof).toEqual({ kind: 'operator', operator: 'alice', code: '123456' });
  expect(desk.asked).toHaveLength(2);
});

it('asks with PKCE, a state and a nonce, each time others, and to come back to the configured address', async () => {
  const [one, two] = [new URL(await leave()), new URL(await leave())];
  expect(one.href.startsWith(`${provider.issuer}/auth?`)).toBe(true);
  expect(Object.fromEntries(one.searchParams)).toMatchObject({
    ...{ redirect_uri: `${CONSOLE}/console/openid/callback`, response_type: 'code', code_challenge_method: 'S256' },
    scope: 'openid profile',
  });
  for (const name of ['state', 'nonce', 'code_challenge']) {
    expect(one.searchParams.get(name)?.length).toBeGreaterThan(40);
    expect(one.searchParams.get(name)).not.toBe(two.searchParams.get(name));
  }
  expect(cookies.size).toBe(1);
});

it('the way back is lax, and short: a page elsewhere leads to it', async () => {
  const answer = await browse('/console/openid');
  expect(answer.headers.getSetCookie()).toEqual([
    expect.stringMatching(/^__Host-pullcord-openid=[^;]+; Path=\/; HttpOnly; SameSite=Lax; Secure; Max-Age=600$/),
  ]);
});

const now = () => Math.floor(Date.now() / 1000);
describe('what is not right in every part', () => {
  it.each<[string, () => Lie]>([
    ['of another nonce', () => ({ claims: { nonce: 'x' } })],
    ['without a nonce', () => ({ claims: { nonce: undefined } })],
    ['of another issuer', () => ({ claims: { iss: 'https://evil.example.org' } })],
    ['for another client', () => ({ claims: { aud: 'somebody-else' } })],
    ['for others as well, made out to one of them', () => ({ claims: { aud: [client.id, 'other'], azp: 'other' } })],
    ['that is over', () => ({ claims: { iat: now() - 120, exp: now() - 60 } })],
    ['without an end', () => ({ claims: { exp: undefined } })],
    ['of nobody', () => ({ claims: { sub: undefined } })],
    ['that somebody else signed', () => ({ forged: true })],
    ['that was changed', () => ({ changed: true })],
    ['without a signature', () => ({ header: { alg: 'none' } })],
    ['signed in another way', () => ({ header: { alg: 'HS256' } })],
    ['that did not come', () => ({ none: true })],
  ])('an ID token %s signs nobody in', async (_what, lie) => {
    provider.lie = lie();
    const answer = await signIn();
    expect(answer.status).toBe(403);
    expect(answer.text).toContain('did not show who you are');
    expect((await session()).status).toBe(401);
    expect(noted).toEqual([]);
    expect(desk.refusals).toMatchObject([{ reason: 'openid-unproven', data: { how: 'openid' } }]);
    // The next one, that is right, does.
    provider.lie = {};
    expect((await signIn()).headers.get('location')).toBe('/console/');
  });
});

describe('what comes back otherwise than it went signs nobody in', () => {
  const refused = async (answer: Answered): Promise<void> => {
    expect(answer.status).toBe(403);
    expect(cookies.has('__Host-pullcord-session')).toBe(false);
  };

  it('another state: nobody is asked for tokens', async () => {
    const back = new URL(provider.visit(await leave()));
    back.searchParams.set('state', 'x');
    await refused(await browse(back.href));
    expect(provider.asked.filter((path) => path.endsWith('/token'))).toEqual([]);
  });

  it('to another browser than the one that began', async () => {
    const back = provider.visit(await leave());
    cookies.clear();
    await refused(await browse(back));
    await leave();
    await refused(await browse(back));
  });

  it('too late', async () => {
    const back = provider.visit(await leave());
    clock.advance(600);
    await refused(await browse(back));
  });

  it('a second time', async () => {
    const back = provider.visit(await leave());
    const kept = new Map(cookies);
    expect((await browse(back)).status).toBe(303);
    cookies = kept;
    await refused(await browse(back));
  });

  it('an error, or nothing at all', async () => {
    const { searchParams } = new URL(await leave());
    await refused(await browse(`/console/openid/callback?error=access_denied&state=${searchParams.get('state')}`));
    await leave();
    await refused(await browse('/console/openid/callback'));
  });

  it('under a cookie that we did not make, or made for something else', async () => {
    const back = provider.visit(await leave());
    const own = [...cookies.values()][0] ?? '';
    cookies = new Map([['__Host-pullcord-openid', `${own}x`]]);
    await refused(await browse(back));
  });
});

it('leads nowhere else, whatever the address says', async () => {
  const back = new URL(provider.visit(await leave()));
  for (const name of ['return', 'redirect', 'next', 'to', 'redirect_uri', 'iss_'])
    back.searchParams.set(name, 'https://evil.example.org/');
  expect((await browse(back.href)).headers.get('location')).toBe('/console/');
  const away = await browse('/console/openid?redirect_uri=https://evil.example.org&to=//evil.example.org');
  expect(away.headers.get('location')?.startsWith(`${provider.issuer}/auth?`)).toBe(true);
  expect(away.headers.get('location')).not.toContain('evil');
});

describe('a person', () => {
  it.each<[string, object, string]>([
    ['without a role that is mapped', { realm_access: { roles: ['offline_access'] } }, 'None of your roles'],
    ['without any', { realm_access: { roles: [] } }, 'None of your roles'],
    ['whose provider tells no roles', { realm_access: undefined }, 'the ID token has no claim realm_access.roles'],
  ])('%s is told so plainly, and is not let in', async (_what, claims, text) => {
    provider.person = { ...provider.person, ...claims };
    const answer = await signIn();
    expect(answer.status).toBe(403);
    expect(answer.text).toContain(text);
    expect(answer.text).toContain('Keycloak calls you alice');
    expect((await session()).status).toBe(401);
    expect(desk.refusals).toMatchObject([{ reason: 'openid-no-role' }]);
  });

  it('whose name is markup is shown as text', async () => {
    provider.person = { preferred_username: '<img src=x onerror=alert(1)>', realm_access: { roles: [] } };
    const { text } = await signIn();
    expect(text).not.toContain('<img');
    expect(text).toContain('&#60;img');
  });

  it('who is no operator has no codes here', async () => {
    provider.person = { ...provider.person, preferred_username: 'dora' };
    await signIn();
    const { json } = await session();
    expect(json).toMatchObject({ name: 'dora', by: 'openid' });
    expect(json).not.toHaveProperty('operator');
  });
});

describe('while the provider is away', () => {
  afterEach(() => provider.start());

  it('one is told to sign in with a code, and it is asked again as soon as it is back', async () => {
    await provider.stop();
    const answer = await browse('/console/openid');
    expect(answer.status).toBe(503);
    expect(answer.text).toContain('Sign in with an operator and a code');
    expect(await browse('/console/ways')).toMatchObject({ json: { code: true, openid: { name: 'Keycloak' } } });
    await provider.start();
    expect((await signIn()).headers.get('location')).toBe('/console/');
    await provider.stop();
  });

  it('in the middle of it, too', async () => {
    const back = provider.visit(await leave());
    await provider.stop();
    expect((await browse(back)).status).toBe(503);
    expect(desk.refusals).toMatchObject([{ reason: 'openid-away' }]);
  });
});

it('no secret, code or token gets into the log, an answer or the ledger', async () => {
  provider.lie = { forged: true };
  const back = new URL(provider.visit(await leave()));
  const pending = [...cookies.values()].join();
  const answer = await browse(back.href);
  const all = JSON.stringify([door.logged, desk.refusals, noted, answer.text]);
  expect(door.logged.length).toBeGreaterThan(1);
  for (const secret of [client.secret, back.searchParams.get('code') ?? '', pending.split('=')[1] ?? '', 'eyJ'])
    expect(all).not.toContain(secret);
});

describe('claims', () => {
  const config = {
    rolesClaim: 'realm_access.roles',
    roles: { a: ['stop'], b: ['status', 'stop'] },
    operatorClaim: 'preferred_username',
  } as const;
  const of = (claims: object, more: object = {}) =>
    mapped({ sub: 's1', ...claims }, { ...config, roles: { a: ['stop'], b: ['status', 'stop'] }, ...more });

  it.each<[string, object, object, object]>([
    ['all rights of all roles, once', { realm_access: { roles: ['a', 'b'] } }, {}, { rights: ['stop', 'status'] }],
    ['a role that is written otherwise is none', { realm_access: { roles: ['A', ' a', 1, null] } }, {}, { rights: [] }],
    ['what every object has is none', { realm_access: { roles: ['constructor', '__proto__'] } }, {}, { rights: [] }],
    ['one role as a text', { groups: 'a' }, { rolesClaim: 'groups' }, { rights: ['stop'] }],
    [
      'a claim whose name has dots',
      { 'https://x.org/roles': ['a'] },
      { rolesClaim: 'https://x.org/roles' },
      { rights: ['stop'] },
    ],
    ['no claim', {}, {}, { rights: [], hasRoles: false, name: 's1' }],
    ['a name of several lines is not taken', { preferred_username: 'a\nb' }, {}, { name: 's1' }],
    ['nor one that turns the text around', { preferred_username: 'a\u202eb' }, {}, { name: 's1' }],
    ['nor one without end', { preferred_username: 'a'.repeat(65) }, {}, { name: 's1' }],
    ['nor what is no text', { preferred_username: { a: 1 } }, {}, { name: 's1' }],
  ])('%s', (_what, claims, more, expected) => {
    expect(of(claims, more)).toMatchObject(expected);
  });
});

describe('its configuration', () => {
  const faults = (value: unknown) => consoleOptions.safeParse(value).error?.issues.map(({ path }) => path.join('.'));
  it.each<[string, unknown, string[] | undefined]>([
    ['nothing at all is good', {}, undefined],
    ['the page alone', { url: 'https://pullcord.example.org' }, undefined],
    ['a page below a path', { url: 'https://example.org/pullcord' }, ['url']],
    ['no address', { url: 'pullcord' }, ['url']],
    [
      'a provider without the address of the page',
      { openid: { ...configOfNothing(), roles: { a: ['stop'] } } },
      ['url'],
    ],
    ['no role', { url: CONSOLE, openid: { ...configOfNothing(), roles: {} } }, ['openid.roles']],
    [
      'a right that there is not',
      { url: CONSOLE, openid: { ...configOfNothing(), roles: { a: ['all'] } } },
      ['openid.roles.a.0'],
    ],
  ])('%s', (_what, value, expected) => {
    expect(faults(value)).toEqual(expected);
  });
});

function configOfNothing() {
  return { issuer: 'https://id.example.org/realms/home', clientId: 'a', clientSecret: 'b' };
}
