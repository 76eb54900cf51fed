import { StoreUnavailable } from '../../../src/ledger/store';
import { MAX_SUBSCRIPTIONS } from '../../../src/notify/events/subscription';
import { type Door, NOW, openDoor } from '../../support/http';
import { subscriptionsInMemory } from '../../support/subscriptions';

const PATH = '/api/v1/subscriptions';
const URL = 'https://n8n.example.org/webhook/of-a-secret-name';
const at = new Date(NOW).toISOString();

let kept: ReturnType<typeof subscriptionsInMemory>;
let door: Door;
beforeEach(async () => {
  kept = subscriptionsInMemory(() => NOW);
  door = await openDoor({ subscriptions: kept.subscriptions });
});
afterEach(async () => {
  expect(door.logged.join()).not.toMatch(/secret-\d|of-a-secret-name/);
  await door.listener.close();
});

const call = (method: string, id = '', body?: unknown, token = 'listener') =>
  door.call(method, id === '' ? PATH : `${PATH}/${id}`, { token, ...(body === undefined ? {} : { body }) });
const subscribe = (more: object = {}, token = 'listener') =>
  call('POST', '', { url: URL, events: ['severed'], ...more }, token);

it('is made, with a secret that is given this once', async () => {
  const made = await subscribe({ events: ['severed', 'refused', 'severed'], scopes: ['agent', 'llm'] });
  const { secret, ...shown } = made.json;
  expect(made.status).toBe(201);
  expect(shown).toEqual({
    ...{ id: expect.stringMatching(/^[0-9a-f-]{36}$/), url: URL, events: ['severed', 'refused'], createdAt: at },
    scopes: ['agent', 'llm'],
  });
  expect(secret).toBe('secret-1');
  expect(made.headers.get('location')).toBe(`${PATH}/${shown.id}`);
  expect(await call('GET')).toMatchObject({ status: 200, json: { subscriptions: [shown] } });
  const one = await call('GET', String(shown.id));
  expect(one).toMatchObject({ status: 200, json: shown });
  expect(one.text).not.toContain('secret-1');
});

it('shows how it goes', async () => {
  await subscribe();
  const [one] = kept.kept;
  if (one) kept.kept[0] = { ...one, lastDelivery: { at: NOW, ok: false, status: 404 }, failingSince: NOW };
  const { json } = await call('GET');
  expect(json.subscriptions).toEqual([
    expect.objectContaining({ lastDelivery: { at, ok: false, status: 404 }, failingSince: at }),
  ]);
});

it('is replaced by one of the same token for the same address, and by no other', async () => {
  const first = await subscribe();
  await subscribe({ url: `${URL}-2` });
  await subscribe({}, 'all');
  expect(kept.kept).toHaveLength(3);
  const again = await subscribe({ events: ['drill'] });
  expect(again.json.id).not.toBe(first.json.id);
  expect(again.json.secret).not.toBe(first.json.secret);
  expect(kept.kept).toHaveLength(3);
  expect(kept.noted.at(-1)?.data).toMatchObject({ what: 'made', replaces: [first.json.id] });
});

it('is ended, once', async () => {
  const { json } = await subscribe();
  expect(await call('DELETE', String(json.id))).toMatchObject({ status: 204, text: '' });
  expect(await call('DELETE', String(json.id))).toMatchObject({ status: 404, json: { reason: 'not-found' } });
  expect(kept.kept).toEqual([]);
});

it('is seen and ended by its token alone: of those of others not even that they are there', async () => {
  const { json } = await subscribe();
  for (const method of ['GET', 'DELETE'])
    expect(await call(method, String(json.id), undefined, 'all')).toMatchObject({
      ...{ status: 404, json: { reason: 'not-found' } },
    });
  expect((await call('GET', '', undefined, 'all')).json).toEqual({ subscriptions: [] });
  expect(kept.kept).toHaveLength(1);
});

it.each(['n8n', 'stopper', 'reader', 'relayer'])('takes the right: %s has not got it', async (token) => {
  const answers = [await subscribe({}, token), await call('GET', '', undefined, token)];
  for (const answer of answers) expect(answer).toMatchObject({ status: 403, json: { reason: 'no-right' } });
  expect(kept.kept).toEqual([]);
});

it.each<[string, unknown]>([
  ['no address', { events: ['severed'] }],
  ['another protocol', { url: 'file:///etc/passwd', events: ['severed'] }],
  ['no address at all', { url: 'n8n', events: ['severed'] }],
  ['an address without end', { url: `https://a.example/${'x'.repeat(2_000)}`, events: ['severed'] }],
  ['no events', { url: URL, events: [] }],
  ['unknown events', { url: URL, events: ['restoring'] }],
  ['no scopes', { url: URL, events: ['severed'], scopes: [] }],
  ['a secret of its own', { url: URL, events: ['severed'], secret: 'x' }],
])('refuses %s', async (_name, body) => {
  expect(await call('POST', '', body)).toMatchObject({ status: 400, json: { reason: 'bad-request' } });
  expect(kept.kept).toEqual([]);
});

it('refuses a scope that there is not, and says which there are', async () => {
  const refused = await subscribe({ scopes: ['agent', 'agnet'] });
  expect(refused).toMatchObject({ status: 404, json: { reason: 'unknown-scope' } });
  expect(refused.json.detail).toContain('agent, llm');
});

it('has an end: fifty in all; one that replaces another still fits', async () => {
  for (let i = 0; i < MAX_SUBSCRIPTIONS; i++) expect((await subscribe({ url: `${URL}-${i}` })).status).toBe(201);
  const refused = await subscribe({ url: `${URL}-more` });
  expect(refused).toMatchObject({ status: 409, json: { reason: 'too-many-subscriptions' } });
  expect(refused.json.detail).toContain(String(MAX_SUBSCRIPTIONS));
  expect((await subscribe({ url: `${URL}-7` })).status).toBe(201);
  expect(kept.kept).toHaveLength(MAX_SUBSCRIPTIONS);
});

it('stands on paper by its host, without address and secret', async () => {
  const { json } = await subscribe({ scopes: ['agent'] });
  await call('DELETE', String(json.id));
  const about = {
    ...{ subscription: json.id, token: 'listener', events: ['severed'], scopes: ['agent'], host: 'n8n.example.org' },
  };
  expect(kept.noted).toEqual([
    { kind: 'subscription', data: { ...about, what: 'made' } },
    { kind: 'subscription', data: { ...about, what: 'ended', why: 'its token ended it' } },
  ]);
});

it('waits for the database: without it the answer says so', async () => {
  kept.state.failure = new StoreUnavailable('away');
  for (const answer of [await subscribe(), await call('GET')])
    expect(answer).toMatchObject({ status: 503, json: { reason: 'ledger-unavailable' } });
});

it('has one line of an id: what is none is refused', async () => {
  expect(await call('GET', 'x')).toMatchObject({ status: 400 });
  expect(await call('DELETE', '1')).toMatchObject({ status: 400 });
});
