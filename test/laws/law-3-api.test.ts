import fc from 'fast-check';
import { type Door, FakeDesk, openDoor, tokens } from '../support/http';

/** Law 3 at the door of the HTTP API: a token can stop, never restore. */

let desk: FakeDesk;
let door: Door;
beforeAll(async () => {
  desk = new FakeDesk();
  door = await openDoor({ desk });
});
afterAll(() => door.listener.close());
beforeEach(() => {
  desk.asked.length = 0;
});

const word = fc.oneof(
  fc.constantFrom('restore', 'sever', 'RESTORE', 'alice', 'token:n8n', '', '123456', '000000000000', 'n8n'),
  fc.string(),
);
const value = fc.oneof({ weight: 4, arbitrary: word }, { weight: 1, arbitrary: fc.jsonValue() });
const plain = fc.record(
  {
    action: fc.oneof({ weight: 4, arbitrary: fc.constantFrom('restore', 'sever') }, value),
    scope: fc.constantFrom('agent', 'llm', 'x'),
    operator: fc.oneof(fc.constantFrom('alice', 'bob'), value),
    code: fc.oneof(fc.constantFrom('123456', '123456789012'), value),
  },
  { requiredKeys: ['action'] },
);
const more = fc.record(
  {
    scope: value,
    reason: value,
    proof: fc.constant({ kind: 'operator', operator: 'alice', code: '123456' }),
    kind: fc.constant('operator'),
    by: fc.constant('alice'),
    rights: fc.constant(['restore']),
  },
  { requiredKeys: [] },
);
const body = fc
  .tuple(plain, fc.oneof({ weight: 2, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: more }))
  .map(([a, b]) => ({ ...a, ...b }));
const token = fc.constantFrom(...tokens.map(({ name }) => name));

it('whatever the body: a restore reaches the desk only as an operator with a code from that very body', async () => {
  let restores = 0;
  await fc.assert(
    fc.asyncProperty(fc.oneof({ weight: 9, arbitrary: body }, fc.jsonValue()), token, async (sent, name) => {
      desk.asked.length = 0;
      await door.call('POST', '/api/v1/orders', { token: name, body: JSON.stringify(sent) });
      for (const { request, proof } of desk.asked) {
        if (request.action !== 'restore') continue;
        restores += 1;
        expect(sent).toMatchObject({ action: 'restore' });
        const { operator, code } = sent as { operator: string; code: string };
        expect(code).toMatch(/^(\d{6}|\d{12})$/);
        expect(proof).toEqual({ kind: 'operator', operator, code });
      }
    }),
    { numRuns: 600 },
  );
  // Else the property would hold of a door that takes nothing.
  expect(restores).toBeGreaterThan(0);
});

it('whatever else is in the body: without an operator and a code no token restores', async () => {
  const alone = body.map(({ operator: _operator, code: _code, ...rest }) => ({ ...rest, action: 'restore' }));
  await fc.assert(
    fc.asyncProperty(alone, token, async (sent, name) => {
      const { status } = await door.call('POST', '/api/v1/orders', { token: name, body: JSON.stringify(sent) });
      expect([400, 403]).toContain(status);
      expect(desk.asked).toEqual([]);
    }),
    { numRuns: 200 },
  );
});

it.each([
  '{"action":"restore","__proto__":{"operator":"alice","code":"123456"}}',
  '{"action":"sever","action":"restore"}',
  '{"action":"restore","operator":"alice","code":"123456","code":null}',
  '{"action":"restore","operator":{"toString":"alice"},"code":["123456"]}',
])('nor by a trick of JSON: %s', async (sent) => {
  for (const { name } of tokens) {
    const { status } = await door.call('POST', '/api/v1/orders', { token: name, body: sent });
    expect([400, 403]).toContain(status);
  }
  expect(desk.asked).toEqual([]);
});

it('a token with the right stop severs, whatever the scope and the reason', async () => {
  const reason = fc.string({ maxLength: 200 }).filter((text) => !/\p{Cc}/u.test(text));
  const scope = fc.string({ minLength: 1, maxLength: 32 });
  await fc.assert(
    fc.asyncProperty(scope, reason, async (inScope, why) => {
      desk.asked.length = 0;
      const sent = { action: 'sever', scope: inScope, reason: why };
      expect(await door.call('POST', '/api/v1/orders', { token: 'stopper', body: sent })).toMatchObject({
        status: 200,
      });
      expect(desk.asked).toMatchObject([{ request: sent, proof: { kind: 'token', token: 'stopper' } }]);
    }),
    { numRuns: 200 },
  );
});
