import { type Door, FakeFallbacks, NOW, openDoor } from '../../support/http';

const at = (ms: number): string => new Date(ms).toISOString();
const PATH = '/api/v1/fallbacks/fallback';

let fallbacks: FakeFallbacks;
let door: Door;
beforeEach(async () => {
  fallbacks = new FakeFallbacks();
  door = await openDoor({ fallbacks });
});
afterEach(() => door.listener.close());

it('shows how every fallback stands, to whoever may look', async () => {
  const { status, json } = await door.call('GET', '/api/v1/fallbacks', { token: 'reader' });
  expect(status).toBe(200);
  const [only] = json.fallbacks as unknown[];
  expect(only).toEqual({ name: 'fallback', state: 'primary', order: 0, forbiddenBy: [], seen: 'primary', missing: [] });
  expect((await door.call('GET', '/api/v1/fallbacks', { token: 'stopper' })).status).toBe(403);
});

it('permits with an operator and a code, and says until when', async () => {
  const body = { wish: 'fallback', operator: 'alice', code: '123456', reason: 'the card has died' };
  const { status, json } = await door.call('POST', `${PATH}?wait=5`, { token: 'n8n', body });
  expect(status).toBe(200);
  expect(json).toMatchObject({ state: 'fallback', order: 7, since: at(NOW), until: at(NOW + 1), by: 'alice' });
  expect(fallbacks.asked).toEqual([
    {
      wish: {
        ...{ key: expect.stringMatching(/^api:n8n:/), fallback: 'fallback', wish: 'fallback', source: 'api' },
        ...{ correlation: expect.any(String), reason: 'the card has died' },
      },
      proof: { kind: 'operator', operator: 'alice', code: '123456' },
    },
    { name: 'fallback', order: 7, waitMs: 5_000 },
  ]);
});

it('takes back with a token that may stop', async () => {
  const { status } = await door.call('POST', PATH, { token: 'stopper', body: { wish: 'primary' } });
  expect(status).toBe(200);
  expect(fallbacks.asked[0]).toMatchObject({ wish: { wish: 'primary' }, proof: { kind: 'token', token: 'stopper' } });
});

it.each([
  ['law 3: a token alone never permits', 'all', { wish: 'fallback' }, 403, 'not-restorable-by-token'],
  ['a token that only looks takes nothing back', 'reader', { wish: 'primary' }, 403, 'no-right'],
  ['who relays decides nothing', 'relayer', { wish: 'fallback', operator: 'alice', code: '123456' }, 403, 'no-right'],
  ['an operator without a code', 'n8n', { wish: 'fallback', operator: 'alice' }, 401, 'code-missing'],
  ['a backup code', 'n8n', { wish: 'fallback', operator: 'alice', code: '123456789012' }, 400, 'bad-request'],
  ['a wish that is none', 'n8n', { wish: 'cloud' }, 400, 'bad-request'],
])('%s', async (_what, token, body, status, reason) => {
  const answer = await door.call('POST', PATH, { token, body });
  expect([answer.status, answer.json.reason]).toEqual([status, reason]);
  expect(fallbacks.asked).toEqual([]);
});

it('passes a refusal on', async () => {
  fallbacks.receipt = { kind: 'refused', refused: 'fallback-forbidden', detail: 'Severed: agent.' };
  const body = { wish: 'fallback', operator: 'alice', code: '123456' };
  const { status, json } = await door.call('POST', PATH, { token: 'n8n', body });
  expect([status, json.reason]).toEqual([409, 'fallback-forbidden']);
  expect(json.detail).toContain('Severed: agent.');
});
