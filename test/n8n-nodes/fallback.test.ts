import { credentialOf, type Parameters as Fields, run, STARTS_MS, startTokenWhole } from '../support/n8n/pullcord';
import { startUpstream, type Upstream } from '../support/upstream';
import type { Whole } from '../support/whole';

/** The node's operations about fallbacks, over real HTTP, against a whole Pullcord with its stand-in gateway. */

type Options = Parameters<typeof run>[2];
let whole: Whole;
let primary: Upstream;
let cloud: Upstream;
let execution = 0;
beforeAll(async () => {
  [primary, cloud] = await Promise.all([startUpstream('primary'), startUpstream('cloud')]);
  const nodes = [
    { host: '127.0.0.1', port: cloud.port, weight: 1, priority: -1 },
    { host: '127.0.0.1', port: primary.port, weight: 1, priority: 0 },
  ];
  const about = { gateway: 'main', upstream: 'models', primary: [`127.0.0.1:${primary.port}`] };
  whole = await startTokenWhole(
    {
      scopes: { agent: { routes: [{ all: true }] } },
      fallbacks: { cloud: about, never: { ...about, upstream: 'others', decide: 'never' } },
    },
    {
      objects: [
        ['upstreams/models', { type: 'roundrobin', retries: 1, nodes }],
        ['upstreams/others', { type: 'roundrobin', retries: 1, nodes }],
        ['routes/chat', { uri: '/v1/*', upstream_id: 'models' }],
      ],
    },
  );
}, STARTS_MS);
afterAll(async () => {
  await whole.close();
  await Promise.all([primary.close(), cloud.close()]);
});
beforeEach(() => {
  execution += 1;
});
afterEach(() => whole.apisix.faults.clear());

const node = (parameters: Fields, token = 'n8n', options: Options = {}) =>
  run(credentialOf(whole, token), parameters, { execution: String(execution), ...options });
const freshCode = (who: 'alice' | 'bob' | 'carol'): string => {
  whole.clock.advance(30);
  return whole[who].code();
};
const permit = (more: Fields = {}, token?: string, options?: Options) =>
  node(
    { operation: 'permitFallback', fallback: 'cloud', operator: 'alice', code: freshCode('alice'), ...more },
    token,
    options,
  );
const takeBack = (more: Fields = {}, token?: string, options?: Options) =>
  node({ operation: 'takeBackFallback', fallback: 'cloud', ...more }, token, options);
const dealtTo = async (): Promise<number[]> => {
  const found = (await whole.admin('GET', 'upstreams/models')) as { value: { nodes: { port: number }[] } };
  return found.value.nodes.map(({ port }) => port);
};

it('permits with a true code, shows it, and takes back with a token that may only stop', async () => {
  const permitted = await permit({ reason: 'the machine is down' });
  expect(permitted.error).toBeUndefined();
  const until = new Date(permitted.json[0]?.until as string).getTime();
  expect(permitted.json).toEqual([
    expect.objectContaining({ name: 'cloud', state: 'fallback', seen: 'fallback', by: 'alice', missing: [] }),
  ]);
  expect(Math.abs(until - whole.clock.now() - 7_200_000)).toBeLessThan(60_000);
  expect(permitted.sent.map(({ at }) => at)).toEqual(['POST /api/v1/fallbacks/cloud?wait=30']);
  expect(await dealtTo()).toEqual([cloud.port, primary.port]);

  const { json } = await node({ operation: 'getFallbacks' }, 'status');
  expect(json).toEqual([
    expect.objectContaining({ name: 'cloud', state: 'fallback', why: 'the machine is down' }),
    expect.objectContaining({ name: 'never', state: 'primary' }),
  ]);

  const back = await takeBack({ reason: 'too dear' }, 'stop');
  expect(back.error).toBeUndefined();
  expect(back.json).toEqual([
    expect.objectContaining({ state: 'primary', seen: 'primary', by: 'token:stop', why: 'too dear' }),
  ]);
  expect(await dealtTo()).toEqual([primary.port]);
});

it.each([
  ['no code', { code: '' }, /one-time password is missing: nothing was sent/],
  ['a backup code', { code: '123456789012' }, /not a one-time password: nothing was sent/],
  ['no operator', { operator: ' ' }, /operator is missing: nothing was sent/],
  ['no fallback', { fallback: '' }, /fallback is missing: nothing was sent/],
])('sends nothing with %s', async (_, more, message) => {
  const { error, items, sent } = await permit(more);
  expect(error?.message).toMatch(message);
  expect({ items, sent }).toEqual({ items: [], sent: [] });
  expect(await dealtTo()).toEqual([primary.port]);
});

it('says why nothing was permitted', async () => {
  const right = freshCode('bob');
  const wrong = String((Number(right) + 1) % 1_000_000).padStart(6, '0');
  const said = async (more: Fields, loop: number) =>
    (await permit({ operator: 'bob', ...more }, 'n8n', { runIndex: loop })).error?.message;
  expect(await said({ code: wrong }, 1)).toBe('The one-time password is wrong');
  expect(await said({ code: freshCode('bob'), fallback: 'clout' }, 2)).toBe('Pullcord has no such fallback');
  expect(await said({ code: freshCode('bob'), fallback: 'never' }, 3)).toBe('This fallback is forbidden');
  expect(await said({ operator: 'mallory', code: freshCode('bob') }, 4)).toMatch(/does not know this operator/);
  expect(await dealtTo()).toEqual([primary.port]);
});

it('a repetition of the same run is the same wish: a used code is no trouble, and what was taken back stays so', async () => {
  const code = freshCode('carol');
  const once = await permit({ operator: 'carol', code });
  expect(once.error).toBeUndefined();
  const again = await permit({ operator: 'carol', code });
  expect(again.error).toBeUndefined();
  expect(again.json[0]?.order).toBe(once.json[0]?.order);
  await takeBack();
  const late = await permit({ operator: 'carol', code });
  expect(late.error?.message).toBe('cloud was taken back after it was permitted');
  expect(late.error?.context.data).toMatchObject({ reason: 'overtaken', state: 'primary' });
  expect(await dealtTo()).toEqual([primary.port]);
});

it('a STOP of what holds it forbids it, and a permit from before says so', async () => {
  const code = freshCode('alice');
  expect((await permit({ code })).error).toBeUndefined();
  await node({ operation: 'sever', scope: 'agent' });
  expect(await dealtTo()).toEqual([primary.port]);
  const before = await permit({ code });
  expect(before.error).toMatchObject({
    message: 'cloud was forbidden after it was permitted',
    description: 'Severed: agent. A person restores that first.',
  });
  expect((await permit({}, 'n8n', { runIndex: 1 })).error?.message).toBe('This fallback is forbidden');
  // Taking back what is forbidden is no failure: it is as it was wanted.
  expect((await takeBack()).json).toEqual([expect.objectContaining({ state: 'forbidden', seen: 'primary' })]);
  const restored = { operation: 'requestRestore', scope: 'agent', operator: 'bob', code: freshCode('bob') };
  expect((await node(restored)).error).toBeUndefined();
});

it('fails when it is not seen in time, and says what is missing', async () => {
  whole.apisix.faults.answer(500);
  const { error } = await permit({ timeout: 1 });
  expect(error?.message).toBe('cloud is permitted, but was not seen to be used by every gateway within 1 s');
  expect(error?.description).toMatch(/^Missing: .+\. Pullcord keeps writing and looking/);
  const back = await takeBack({ waitUntilVerified: false });
  expect(back.error).toBeUndefined();
  expect(back.json).toEqual([expect.objectContaining({ state: 'primary' })]);
});

it('names the right that a token lacks', async () => {
  expect((await takeBack({}, 'status')).error?.message).toContain('lacks the right "stop"');
  expect((await node({ operation: 'getFallbacks' }, 'relay')).error?.message).toContain('lacks the right "status"');
});
