import { StoreUnavailable } from '../../../src/ledger/store';
import type { Outcome, Receipt } from '../../../src/orders/desk';
import type { RefusalReason } from '../../../src/orders/reasons';
import { type CallOptions, type Door, FakeDesk, NOW, openDoor } from '../../support/http';
import { until } from '../../support/until';

let desk: FakeDesk;
let door: Door;
beforeEach(async () => {
  desk = new FakeDesk();
  door = await openDoor({ desk });
});
afterEach(() => door.listener.close());

const order = (body: unknown, options: Omit<CallOptions, 'body'> & { query?: string } = {}) =>
  door.call('POST', `/api/v1/orders${options.query ?? ''}`, { ...options, body });

describe('a sever', () => {
  it('by a token with the right stop reaches the desk, and comes back with all that is known', async () => {
    const answer = await order({ action: 'sever', scope: 'llm', reason: 'spend runs away' });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('location')).toBe('/api/v1/orders/1');
    expect(answer.json).toEqual({
      ...{ number: 1, action: 'sever', scope: 'llm', source: 'api', by: 'token:n8n', reason: 'spend runs away' },
      ...{ correlation: answer.headers.get('x-request-id'), at: new Date(NOW).toISOString() },
      ...{ state: 'severed', ms: 12, cut: 3, gateways: 2, missing: [] },
    });
    expect(desk.asked).toEqual([
      {
        request: {
          ...{ key: expect.stringMatching(/^api:n8n:id-\d+$/), action: 'sever', scope: 'llm', source: 'api' },
          ...{ correlation: answer.headers.get('x-request-id'), reason: 'spend runs away' },
        },
        proof: { kind: 'token', token: 'n8n', rights: ['stop', 'status'] },
      },
    ]);
    expect(desk.refusals).toEqual([]);
  });

  it('without a scope is about the default one', async () => {
    await order({ action: 'sever' });
    expect(desk.asked[0]?.request.scope).toBe('agent');
  });

  it('by an operator with a code is ordered by the operator, even with a token that may not stop', async () => {
    const answer = await order({ action: 'sever', operator: 'alice', code: '123456' }, { token: 'reader' });
    expect(answer.status).toBe(200);
    expect(desk.asked[0]?.proof).toEqual({ kind: 'operator', operator: 'alice', code: '123456' });
  });

  it('that the ledger could not number yet has no place to look again', async () => {
    desk.receipt = accepted(0);
    desk.result = { state: 'severing', missing: ['main has not reported yet'] };
    const answer = await order({ action: 'sever' });
    expect(answer.status).toBe(202);
    expect(answer.json).toMatchObject({ number: 0, state: 'severing', missing: ['main has not reported yet'] });
    expect(answer.headers.get('location')).toBeNull();
  });
});

describe('a restore', () => {
  it('by an operator with a code reaches the desk with a token of any right', async () => {
    for (const token of ['n8n', 'stopper', 'reader'])
      expect(await order({ action: 'restore', operator: 'alice', code: '123456' }, { token })).toMatchObject({
        status: 200,
        json: { by: 'alice', state: 'live' },
      });
    expect(desk.asked.map(({ proof }) => proof)).toEqual(
      Array(3).fill({ kind: 'operator', operator: 'alice', code: '123456' }),
    );
  });

  it('that waits for a second operator is 202 and says how long', async () => {
    desk.receipt = { kind: 'pending', scope: 'agent', operator: 'alice', withinSeconds: 600 };
    const answer = await order({ action: 'restore', operator: 'alice', code: '123456' });
    expect(answer).toMatchObject({
      status: 202,
      json: { state: 'pending', scope: 'agent', operator: 'alice', withinSeconds: 600 },
    });
    expect(desk.waits).toEqual([]);
  });
});

const accepted = (number: number): Receipt => ({
  kind: 'accepted',
  order: {
    ...{ key: 'k', number, action: 'sever', scope: 'agent', source: 'api' },
    by: 'x',
    correlation: 'c',
    at: NOW,
  },
});

describe('how long the answer waits', () => {
  it.each([
    ['', 0],
    ['?wait=0', 0],
    ['?wait=30', 30_000],
  ])('%s', async (query, ms) => {
    await order({ action: 'sever' }, { query });
    expect(desk.waits).toEqual([ms]);
  });

  it.each<[Outcome['state'], number]>([
    ['severing', 202],
    ['restoring', 202],
    ['severed', 200],
    ['live', 200],
    ['overtaken', 200],
  ])('%s is answered with %i', async (state, status) => {
    desk.result = { state };
    expect(await order({ action: 'sever' })).toMatchObject({ status, json: { state } });
  });

  it('ends at once, with how the order stands, when Pullcord goes down', async () => {
    let open = (): void => undefined;
    desk.gate = new Promise((resolve) => {
      open = resolve;
    });
    desk.result = { state: 'severing' };
    const waiting = order({ action: 'sever' }, { query: '?wait=30' });
    await until(() => desk.waits.length > 0);
    door.closing.abort();
    await door.listener.close();
    expect(await waiting).toMatchObject({ status: 202, json: { state: 'severing' } });
    expect(desk.waits).toEqual([30_000, 0]);
    open();
  });

  it('an accepted order is answered as accepted even when nobody can tell how it stands', async () => {
    desk.result = new Error('secret-detail');
    const answer = await order({ action: 'sever' });
    expect(answer).toMatchObject({ status: 202, json: { number: 1, state: 'severing' } });
    expect(answer.text).not.toContain('secret-detail');
  });
});

describe('the same idempotency key', () => {
  const headers = { 'idempotency-key': '"8e03978e-40d5-43dd-bc93-6894a57f9324"' };

  it('with the same body is the same order', async () => {
    const first = await order({ action: 'sever', reason: 'a' }, { headers });
    const second = await order({ action: 'sever', reason: 'a', scope: 'agent' }, { headers });
    expect(second.status).toBe(200);
    expect(second.json).toEqual(first.json);
    expect(desk.asked.map(({ request }) => request.key)).toEqual(
      Array(2).fill(`api:n8n:${headers['idempotency-key']}`),
    );
  });

  it('of another token is another order', async () => {
    await order({ action: 'sever' }, { headers });
    expect(await order({ action: 'sever' }, { headers, token: 'stopper' })).toMatchObject({ json: { number: 2 } });
  });

  it.each([
    ['another action', { action: 'restore', operator: 'alice', code: '123456' }],
    ['another scope', { action: 'sever', scope: 'llm' }],
    ['another reason', { action: 'sever', reason: 'b' }],
    ['another person', { action: 'sever', operator: 'alice', code: '123456' }],
  ])('with %s is refused', async (_what, body) => {
    await order({ action: 'sever' }, { headers });
    expect(await order(body, { headers })).toMatchObject({ status: 422, json: { reason: 'key-reused' } });
    expect(desk.refusals.map(({ reason }) => reason)).toEqual(['key-reused']);
    expect(desk.waits).toHaveLength(1);
  });

  it.each([
    ['a stop', { action: 'sever' }],
    ['a stop by the same person', { action: 'sever', operator: 'alice', code: '123456' }],
    ['the second operator', { action: 'restore', operator: 'bob', code: '123456' }],
    ['another scope', { action: 'restore', scope: 'llm', operator: 'alice', code: '123456' }],
  ])('of a pending restore is refused to %s: it would be told that it is pending', async (_who, body) => {
    desk.receipt = { kind: 'pending', scope: 'agent', operator: 'alice', withinSeconds: 600 };
    expect(await order(body, { headers })).toMatchObject({ status: 422, json: { reason: 'key-reused' } });
  });
});

describe('is refused before the desk is asked:', () => {
  const cases: [string, CallOptions & { query?: string }, number, RefusalReason][] = [
    ['no token', { token: '' }, 401, 'token-wrong'],
    ['a wrong token', { token: 'nobody' }, 401, 'token-wrong'],
    ['a token without the right stop', { token: 'reader' }, 403, 'no-right'],
    ['restore by a token', { body: { action: 'restore' } }, 403, 'not-restorable-by-token'],
    ['restore by a name alone', { body: { action: 'restore', operator: 'alice' } }, 401, 'code-missing'],
    ['sever by a name alone', { body: { action: 'sever', operator: 'alice' } }, 401, 'code-missing'],
    ['a code of nobody', { body: { action: 'restore', code: '123456' } }, 400, 'bad-request'],
    ['a code that is none', { body: { action: 'sever', operator: 'alice', code: '12345a' } }, 400, 'bad-request'],
    ['no action', { body: {} }, 400, 'bad-request'],
    ['another action', { body: { action: 'SEVER' } }, 400, 'bad-request'],
    ['a misspelt field', { body: { action: 'sever', scop: 'llm' } }, 400, 'bad-request'],
    ['a reason of two lines', { body: { action: 'sever', reason: 'a\nb' } }, 400, 'bad-request'],
    ['an endless reason', { body: { action: 'sever', reason: 'a'.repeat(201) } }, 400, 'bad-request'],
    ['a list', { body: [{ action: 'sever' }] }, 400, 'bad-request'],
    ['a bare word', { body: '"sever"' }, 400, 'bad-request'],
    ['nothing in it', { body: '' }, 400, 'bad-request'],
    ['malformed JSON', { body: '{"action":"sever"' }, 400, 'bad-request'],
    ['a body of 17 KiB', { body: { action: 'sever', reason: 'a'.repeat(17 * 1024) } }, 413, 'too-large'],
    ['a form', { headers: { 'content-type': 'application/x-www-form-urlencoded' } }, 415, 'wrong-media-type'],
    ['plain text', { headers: { 'content-type': 'text/plain' } }, 415, 'wrong-media-type'],
    ['a packed body', { headers: { 'content-encoding': 'gzip' } }, 415, 'wrong-media-type'],
    ['another charset', { headers: { 'content-type': 'application/json; charset=x' } }, 415, 'wrong-media-type'],
    ['an empty key', { headers: { 'idempotency-key': '' } }, 400, 'bad-request'],
    ['a key with a space', { headers: { 'idempotency-key': 'a b' } }, 400, 'bad-request'],
    ['an endless key', { headers: { 'idempotency-key': 'k'.repeat(201) } }, 400, 'bad-request'],
    ['a wait too long', { query: '?wait=31' }, 400, 'bad-request'],
    ['a wait below zero', { query: '?wait=-1' }, 400, 'bad-request'],
    ['a wait of a fraction', { query: '?wait=1.5' }, 400, 'bad-request'],
    ['two waits', { query: '?wait=1&wait=2' }, 400, 'bad-request'],
    ['a misspelt parameter', { query: '?wiat=1' }, 400, 'bad-request'],
  ];

  it.each(cases)('%s', async (_what, { body = { action: 'sever' }, ...options }, status, reason) => {
    const answer = await order(body, options);
    expect(answer).toMatchObject({ status, json: { status, reason, type: `urn:pullcord:refusal:${reason}` } });
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(desk.asked).toEqual([]);
    expect(desk.refusals.map((refusal) => refusal.reason)).toEqual([reason]);
  });

  it('and a bad request is told all its faults, without the values', async () => {
    const body = { action: 'stop', code: 'hunter2', operator: '' };
    const answer = await order(body, { query: '?wait=soon' });
    expect(answer.json.errors).toEqual([
      { in: 'query', path: 'wait', detail: 'a whole number' },
      { in: 'body', path: 'action', detail: expect.stringContaining('"sever"') },
      { in: 'body', path: 'operator', detail: expect.any(String) },
      { in: 'body', path: 'code', detail: expect.stringContaining('6 digits') },
    ]);
    expect(answer.text).not.toMatch(/hunter2|soon/);
  });
});

describe('what the desk refuses', () => {
  it.each<[RefusalReason, number, string | null]>([
    ['code-wrong', 401, 'Bearer realm="pullcord", error="insufficient_user_authentication"'],
    ['code-locked', 429, null],
    ['no-right', 403, 'Bearer realm="pullcord", error="insufficient_scope"'],
    ['unknown-scope', 404, null],
    ['nothing-to-restore', 409, null],
    ['clock-in-doubt', 503, null],
  ])('%s is a problem document, and the desk has already recorded it', async (reason, status, challenge) => {
    desk.receipt = { kind: 'refused', refused: reason, detail: 'One more fact.' };
    const answer = await order({ action: 'restore', operator: 'alice', code: '123456' });
    expect(answer).toMatchObject({ status, json: { reason, detail: expect.stringMatching(/One more fact\.$/) } });
    expect(answer.headers.get('www-authenticate')).toBe(challenge);
    expect(desk.refusals).toEqual([]);
  });

  it('a ledger that does not answer is said, an unforeseen error is not', async () => {
    desk.receipt = new StoreUnavailable('postgres://user:secret-detail@db');
    const away = await order({ action: 'restore', operator: 'alice', code: '123456' });
    expect(away).toMatchObject({ status: 503, json: { reason: 'ledger-unavailable' } });
    desk.receipt = new TypeError('secret-detail');
    const failed = await order({ action: 'sever' });
    expect(failed).toMatchObject({ status: 500, json: { reason: 'internal-error' } });
    for (const { text } of [away, failed]) expect(text).not.toMatch(/secret-detail|TypeError|\.ts|node_modules/);
    expect(door.logged.join('')).toContain('secret-detail');
  });
});
