import { credentialOf, run, STARTS_MS, startTokenWhole } from '../support/n8n/pullcord';
import { until } from '../support/until';
import type { Whole } from '../support/whole';

/** The node, over real HTTP, against a whole Pullcord with its stand-in gateway. */

const AGENT = '/v1/embeddings';
let whole: Whole;
let execution = 0;
beforeAll(async () => {
  whole = await startTokenWhole();
}, STARTS_MS);
afterAll(() => whole.close());
beforeEach(() => {
  execution += 1;
});
afterEach(async () => {
  await whole.apisix.faults.clear();
  for (const scope of ['agent', 'llm']) {
    const parameters = { operation: 'requestRestore', scope, operator: 'alice', code: freshCode('alice') };
    const { error } = await node(parameters, { execution: `clean-up-${execution}-${scope}` });
    if (error && !error.message.startsWith('Nothing is severed')) throw error;
  }
});

const node = (parameters: Parameters<typeof run>[1], options: Parameters<typeof run>[2] = {}, token = 'n8n') =>
  run(credentialOf(whole, token), parameters, { execution: String(execution), ...options });
/** Digits that were not used before: each time from the next time step. */
const freshCode = (who: 'alice' | 'bob' | 'carol'): string => {
  whole.clock.advance(30);
  return whole[who].code();
};
const orders = async (): Promise<Record<string, unknown>[]> => {
  const { baseUrl, token } = credentialOf(whole);
  const answer = await fetch(`${String(baseUrl)}/api/v1/orders`, { headers: { authorization: `Bearer ${token}` } });
  return ((await answer.json()) as { orders: Record<string, unknown>[] }).orders;
};

describe('sever', () => {
  it('severs, and says so when every gateway was seen to refuse; a restore with a true code restores', async () => {
    const severed = await node({ operation: 'sever', reason: 'runaway' });
    expect(severed.error).toBeUndefined();
    const json = { action: 'sever', scope: 'agent', state: 'severed', by: 'token:n8n', reason: 'runaway', missing: [] };
    expect(severed.items).toEqual([{ json: expect.objectContaining(json), pairedItem: { item: 0 } }]);
    expect(await whole.status(AGENT)).toBe(503);
    expect(severed.sent.map(({ at }) => at)).toEqual(['POST /api/v1/orders?wait=30']);

    const restored = await node({ operation: 'requestRestore', operator: 'alice', code: freshCode('alice') });
    expect(restored.error).toBeUndefined();
    expect(restored.json).toEqual([expect.objectContaining({ action: 'restore', state: 'live', by: 'alice' })]);
    expect(await whole.status(AGENT)).not.toBe(503);
  });

  it('takes a token that may do nothing else, and the scope that it is told', async () => {
    const { json, error } = await node({ operation: 'sever', scope: ' llm ' }, {}, 'stop');
    expect(error).toBeUndefined();
    expect(json).toEqual([expect.objectContaining({ scope: 'llm', state: 'severed', by: 'token:stop' })]);
    expect(await whole.status('/tools/x')).not.toBe(503);
  });

  it('doesn’t fail for its reason, whatever an agent or an expression writes', async () => {
    const { json, error } = await node({
      operation: 'sever',
      reason: `it\nwent\u0000 wild ${'\u{1f6a8}'.repeat(150)}`,
    });
    expect(error).toBeUndefined();
    expect(json[0]?.reason).toBe(`it went wild ${'\u{1f6a8}'.repeat(93)}`);
  });

  it('waits for nothing when it isn’t to', async () => {
    await whole.apisix.faults.gateway(0, 'deaf');
    const { json, error, sent } = await node({ operation: 'sever', waitUntilVerified: false });
    expect(error).toBeUndefined();
    expect(json).toEqual([expect.objectContaining({ state: 'severing' })]);
    expect(sent.map(({ at }) => at)).toEqual(['POST /api/v1/orders']);
  });

  it('fails when it isn’t seen in time, with what is missing and the number; Pullcord goes on and gets there', async () => {
    await whole.apisix.faults.gateway(0, 'deaf');
    const { error, items } = await node({ operation: 'sever', timeout: 1 });
    const [newest] = await orders();
    expect(items).toEqual([]);
    expect(error?.message).toBe(`Order ${newest?.number}: agent was not seen to be cut within 1 s`);
    expect(error?.description).toMatch(/^Missing: .+\. Pullcord keeps cutting and looking; Get Order shows/);
    expect(error?.context.data).toMatchObject({ reason: 'not-seen', order: newest?.number, state: 'severing' });

    await whole.apisix.faults.clear();
    await until(async () => (await whole.status(AGENT)) === 503);
    // Retry On Fail: the same execution again, and now it is seen.
    const again = await node({ operation: 'sever', timeout: 5 });
    expect(again.json).toEqual([expect.objectContaining({ number: newest?.number, state: 'severed' })]);
  });

  it('fails when a later order overtook it: the scope may be open', async () => {
    await node({ operation: 'sever' });
    await node({ operation: 'requestRestore', operator: 'bob', code: freshCode('bob') }, { execution: 'restore' });
    const { error } = await node({ operation: 'sever' });
    expect(error?.message).toMatch(/^Order \d+ was overtaken by a later one: agent may be open$/);
    expect(error?.description).toContain('new execution');
    expect(await whole.status(AGENT)).not.toBe(503);
    // And so it is done.
    const anew = await node({ operation: 'sever' }, { execution: 'a new one' });
    expect(anew.json).toEqual([expect.objectContaining({ state: 'severed' })]);
  });

  it('is content when the later order cut it, too', async () => {
    const [first] = (await node({ operation: 'sever' })).json;
    const [second] = (await node({ operation: 'sever' }, { execution: 'at the same time' })).json;
    // Retry On Fail: the same execution again.
    const { json, error } = await node({ operation: 'sever' });
    expect(error).toBeUndefined();
    const overtakenBy = { order: second?.number, state: 'severed' };
    expect(json).toEqual([expect.objectContaining({ number: first?.number, state: 'overtaken', overtakenBy })]);
  });

  it('one run is one order; another item, loop, execution, n8n and beginning is another', async () => {
    const number = async (options: Parameters<typeof run>[2] = {}, items = 1) =>
      (await node(Array(items).fill({ operation: 'sever' }), options)).json.map((json) => json.number);
    const [first] = await number({ began: 1 });
    expect(await number({ began: 1 })).toEqual([first]);
    const others = [
      await number({ began: 1, runIndex: 1 }),
      await number({ began: 1, execution: 'other' }),
      await number({ began: 1, instance: 'other' }),
      await number({ began: 2 }),
      await number({ began: 3 }, 2),
    ].flat();
    expect(new Set([first, ...others]).size).toBe(7);
  });

  it('runs that n8n gives no number are orders of their own: none is taken for another', async () => {
    const number = async () => (await node({ operation: 'sever' }, { execution: '' })).json[0]?.number;
    expect(await number()).not.toBe(await number());
  });
});

describe('request restore', () => {
  it.each([
    ['no code', { operator: 'alice' }, /one-time password is missing: nothing was sent/],
    ['an empty one', { operator: 'alice', code: '  ' }, /one-time password is missing: nothing was sent/],
    ['what an expression gives for nothing', { operator: 'alice', code: null }, /one-time password is missing/],
    ['no operator', { code: '123456' }, /operator is missing: nothing was sent/],
    ['something else', { operator: 'alice', code: 'hunter2' }, /not a one-time password: nothing was sent/],
    ['a backup code', { operator: 'alice', code: '123456789012' }, /not a one-time password: nothing was sent/],
  ])('sends nothing with %s', async (_, parameters, message) => {
    await node({ operation: 'sever' });
    const before = await orders();
    const { error, items, sent } = await node({ operation: 'requestRestore', ...parameters });
    expect(error?.message).toMatch(message);
    expect(error?.description).toMatch(/Code|Operator/);
    expect(JSON.stringify(error)).not.toContain('hunter2');
    expect({ items, sent }).toEqual({ items: [], sent: [] });
    expect(await orders()).toEqual(before);
    expect(await whole.status(AGENT)).toBe(503);
  });

  it('takes digits as people and forms write them', async () => {
    await node({ operation: 'sever' });
    const code = freshCode('carol');
    const written = code.startsWith('0') ? Number(code) : `${code.slice(0, 3)} ${code.slice(3)}`;
    const { error } = await node({ operation: 'requestRestore', operator: 'carol', code: written });
    expect(error).toBeUndefined();
  });

  it('tells a wrong code, a used one, a stranger, and that nothing is cut', async () => {
    await node({ operation: 'sever' });
    const restore = (operator: string, code: string, run: string) =>
      node({ operation: 'requestRestore', operator, code }, { execution: `${execution}-${run}` });
    const right = freshCode('alice');
    const wrong = String((Number(right) + 1) % 1_000_000).padStart(6, '0');
    const first = await restore('alice', wrong, 'wrong');
    expect(first.error?.message).toBe('The one-time password is wrong');
    expect(first.error?.context.data).toEqual({ reason: 'code-wrong', status: 401 });
    // Repeated with the same code, it is the same answer and no second guess.
    expect((await restore('alice', wrong, 'wrong')).error?.message).toBe('The one-time password is wrong');
    expect((await restore('mallory', right, 'stranger')).error?.message).toMatch(/does not know this operator/);
    expect(await whole.status(AGENT)).toBe(503);
    expect((await restore('alice', right, 'right')).error).toBeUndefined();
    expect((await restore('alice', right, 'used')).error?.message).toBe('This one-time password was used before');
    expect((await restore('bob', freshCode('bob'), 'nothing')).error?.message).toBe('Nothing is severed there');
  });
});

describe('looking', () => {
  it('get status: armed, and how every scope stands', async () => {
    await node({ operation: 'sever', scope: 'llm' });
    const { json, error } = await node({ operation: 'getStatus' }, {}, 'status');
    expect(error).toBeUndefined();
    expect(json).toHaveLength(1);
    expect(Object.keys(json[0] ?? {})).toEqual(['state', 'parts', 'scopes']);
    expect(json[0]).toMatchObject({
      state: 'armed',
      parts: expect.arrayContaining([expect.objectContaining({ ok: true })]),
    });
    expect(json[0]?.scopes).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ scope: 'llm', state: 'severed' }),
        expect.objectContaining({ scope: 'agent', state: 'live' }),
      ]),
    );
  });

  it('list incidents: an item each, as many as one wants', async () => {
    await node({ operation: 'sever' });
    await node({ operation: 'sever', scope: 'llm' }, { runIndex: 1 });
    const { json } = await node({ operation: 'getIncidents', limit: 2 }, {}, 'status');
    expect(json).toEqual([
      expect.objectContaining({ scope: 'llm', openedBy: 'token:n8n' }),
      expect.objectContaining({ scope: 'agent', openedBy: 'token:n8n' }),
    ]);
    expect((await node({ operation: 'getIncidents', limit: 1 })).json).toHaveLength(1);
  });

  it('get order: as it stands, or once it is verified', async () => {
    await whole.apisix.faults.gateway(0, 'deaf');
    const [order] = (await node({ operation: 'sever', waitUntilVerified: false })).json;
    const look = (parameters: object) =>
      node({ operation: 'getOrder', orderNumber: order?.number, ...parameters }, {}, 'status');
    expect((await look({})).json).toEqual([expect.objectContaining({ number: order?.number, state: 'severing' })]);
    const late = await look({ waitUntilVerified: true, timeout: 1 });
    expect(late.error?.message).toBe(`Order ${order?.number} was not seen to be carried out within 1 s`);
    const waiting = look({ waitUntilVerified: true, timeout: 10 });
    await whole.apisix.faults.clear();
    expect((await waiting).json).toEqual([expect.objectContaining({ state: 'severed' })]);
  });

  it.each([0, -1, 1.5, 'x', undefined])(
    'get order: %j is no number of an order, and nothing is sent',
    async (orderNumber) => {
      const { error, sent } = await node({ operation: 'getOrder', orderNumber });
      expect(error?.message).toBe('The order number is not a whole number from 1 on');
      expect(sent).toEqual([]);
    },
  );

  it('get order: says which one there isn’t', async () => {
    expect((await node({ operation: 'getOrder', orderNumber: 4711 })).error?.message).toBe(
      'Pullcord has no order 4711',
    );
  });

  it('explain a refusal: tells who, by a path and by a scope, and sends no key in clear', async () => {
    const { json, sent } = await node({ operation: 'explainRefusal', subject: 'GET /nowhere?key=sk-secret-key' });
    expect(json).toMatchObject([{ kind: 'path', subject: 'GET /nowhere', refused: true, by: 'routes' }]);
    expect((await node({ operation: 'explainRefusal', subject: ' agent ' })).json).toMatchObject([{ kind: 'scope' }]);
    const key = await node({ operation: 'explainRefusal', subject: 'sk-secret-key' });
    expect(key.json).toMatchObject([{ kind: 'key', subject: expect.stringMatching(/^[0-9a-f]{64}$/) }]);
    expect(JSON.stringify([sent, key.sent, key.json])).not.toContain('sk-secret');
  });

  it('explain a refusal: says what is missing, and what is none', async () => {
    const { error, sent } = await node({ operation: 'explainRefusal', subject: ' ' });
    expect([error?.message, sent]).toEqual(['There is no subject', []]);
  });

  it('get spend: says that nobody counts', async () => {
    const { error } = await node({ operation: 'getSpend' });
    expect(error?.message).toBe('No tripwire is configured: nobody counts the spend');
    expect(error?.description).toContain('pullcord.yaml');
  });
});

describe('failures', () => {
  it.each([
    ['sever', 'status', 'stop'],
    ['getStatus', 'stop', 'status'],
    ['getIncidents', 'relay', 'status'],
    ['getOrder', 'events', 'status'],
    ['getSpend', 'drill', 'status'],
    ['explainRefusal', 'stop', 'status'],
  ])('%s with a token that may only %s: names the right %s', async (operation, token, right) => {
    const { error } = await node({ operation, orderNumber: 1, subject: 'agent' }, {}, token);
    expect(error?.message).toBe(`The token of this credential lacks the right "${right}"`);
    expect(error?.description).toContain('api.tokens');
    expect(await whole.status(AGENT)).not.toBe(503);
  });

  it('a wrong token: says so, and what to do, without the token', async () => {
    const { error } = await node({ operation: 'sever' }, {}, 'unknown');
    expect(error).toMatchObject({
      message: 'Pullcord does not know the token of this credential',
      description: expect.stringMatching(/pullcord token new.*Pullcord says: .*Nothing was severed by this\.$/),
      httpCode: '401',
    });
    expect(JSON.stringify({ ...error, cause: error?.cause })).not.toContain('unknown-secret');
    expect(await whole.status(AGENT)).not.toBe(503);
  });

  it('an unknown scope: says which there are', async () => {
    const { error } = await node({ operation: 'sever', scope: 'agnet' });
    expect(error?.message).toBe('Pullcord has no such scope');
    expect(error?.description).toContain('There are: agent, llm, fallback');
  });

  it('a parameter that Pullcord does not take: names it', async () => {
    const { error } = await node({ operation: 'sever', scope: 'x'.repeat(40) });
    expect(error?.message).toBe('Pullcord does not take a parameter of this node');
    expect(error?.description).toMatch(/body scope: /);
  });

  it('with Continue On Fail every item says how it went', async () => {
    const { items, error } = await node(
      [
        { operation: 'sever', scope: 'agnet' },
        { operation: 'sever' },
        { operation: 'requestRestore', operator: 'alice' },
      ],
      { continueOnFail: true },
    );
    expect(error).toBeUndefined();
    expect(items.map(({ json, pairedItem }) => [pairedItem, json.state ?? json.error])).toEqual([
      [{ item: 0 }, 'Pullcord has no such scope'],
      [{ item: 1 }, 'severed'],
      [{ item: 2 }, expect.stringContaining('nothing was sent')],
    ]);
    // With any other field, or with `error` beside `json`, n8n would not send all of it to the error output.
    const details = { reason: 'unknown-scope', status: 404 };
    expect(items[0]).toEqual({
      json: { error: expect.any(String), message: expect.any(String), details },
      pairedItem: { item: 0 },
    });
    expect(await whole.status(AGENT)).toBe(503);
  });

  it('the first failure ends the run, and later items send nothing', async () => {
    const { sent, error } = await node([{ operation: 'sever', scope: 'agnet' }, { operation: 'sever' }]);
    expect(error?.context.itemIndex).toBe(0);
    expect(sent).toHaveLength(1);
    expect(await whole.status(AGENT)).not.toBe(503);
  });
});
