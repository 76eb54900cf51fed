import { gatewayScopes } from '../../../src/sandbox/gateway-objects';
import { bearing, eventsToken, isSigned, type Subscriber, subscribe } from '../../support/subscriber';
import { until } from '../../support/until';
import { startWhole, type Whole } from '../../support/whole';

let whole: Whole;
let subscribers: Subscriber[];
const listen = async (...parameters: Parameters<typeof subscribe> extends [string, ...infer R] ? R : never) => {
  const one = await subscribe(whole.pullcord.internalUrl, ...parameters);
  subscribers.push(one);
  return one;
};
const call = (method: string, path: string) =>
  fetch(`${whole.pullcord.internalUrl}/api/v1/${path}`, { method, headers: bearing() });
/** Each code once: the clock goes on before it. */
const text = (what: (code: string) => string, pattern: RegExp, who: 'alice' | 'bob' = 'alice') => {
  whole.clock.advance(31);
  return whole.phone
    .text(whole[who].phone, what(whole[who].code()))
    .then(() => whole.phone.expectReply(whole[who].phone, pattern, 10_000));
};

beforeAll(async () => {
  const tokens = [eventsToken(), eventsToken('other', 'other-token')];
  whole = await startWhole({ config: { scopes: gatewayScopes, enforcer: { periodSeconds: 1 }, api: { tokens } } });
}, 30_000);
afterAll(() => whole.close());
beforeEach(() => {
  subscribers = [];
});
afterEach(async () => {
  for (const one of subscribers) {
    await call('DELETE', `subscriptions/${one.id}`);
    await one.close();
  }
});

it('tells an order from its beginning to its end, signed, with who ordered it', async () => {
  const all = await listen(['severing', 'severed', 'restored', 'refused', 'trouble']);
  const few = await listen(['severed'], { scopes: ['llm'] });
  await text((code) => `STOP ${code}`, /SEVERED/);
  // Which of them comes first is not promised.
  await until(() => new Set(all.types()).size === 2);
  const about = { scope: 'agent', order: 1, incident: 1, source: 'sms', by: 'alice' };
  const first = all.events();
  expect(first.find(({ type }) => type === 'severing')).toMatchObject(about);
  expect(first.find(({ type }) => type === 'severed')).toEqual({
    ...about,
    ...{ id: expect.stringMatching(/^[0-9a-f-]{36}$/), type: 'severed' },
    ...{ at: new Date(whole.clock.now()).toISOString() },
    text: expect.stringMatching(/^agent is severed/),
  });
  await text((code) => `RESTORE ${code}`, /RESTORED/, 'bob');
  await until(() => all.types().includes('restored'));
  const restored = { scope: 'agent', order: 2, incident: 1, source: 'sms', by: 'bob' };
  expect(all.events().find(({ type }) => type === 'restored')).toMatchObject(restored);

  for (const { headers, body, raw } of all.receiver.received) {
    expect(headers['x-pullcord-event']).toBe(body.type);
    expect(headers['x-pullcord-delivery']).toBe(body.id);
    expect(headers['user-agent']).toMatch(/^Pullcord\/\d/);
    expect(headers['content-type']).toBe('application/json');
    expect(isSigned({ headers, body, raw }, 'another secret')).toBe(false);
    expect(isSigned({ headers, body, raw: `${raw} ` }, all.secret)).toBe(false);
  }
  expect(all.receiver.received).toHaveLength(3);
  expect(few.receiver.received).toEqual([]);
});

it('brings what is owed after a restart: the same events, with the same ids, once they are taken', async () => {
  const one = await listen(['severing', 'severed']);
  one.receiver.answer = 404;
  await text((code) => `STOP ${code}`, /SEVERED/);
  await until(() => new Set(one.types()).size === 2);
  const ids = new Set(one.events().map(({ id }) => id));
  await whole.restart();
  one.receiver.answer = 200;
  const before = one.receiver.received.length;
  await until(() => new Set(one.receiver.received.slice(before).map(({ body }) => body.id)).size === 2, 10_000);
  expect(new Set(one.events().map(({ id }) => id))).toEqual(ids);
  const { subscriptions } = (await (await call('GET', 'subscriptions')).json()) as { subscriptions: object[] };
  expect(subscriptions).toEqual([
    expect.objectContaining({ id: one.id, lastDelivery: expect.objectContaining({ ok: true, status: 200 }) }),
  ]);
  expect(JSON.stringify(subscriptions)).not.toContain(one.secret);
});

it('ends at 410, and stands on paper without the address', async () => {
  const one = await listen(['severing', 'severed']);
  one.receiver.answer = 410;
  await text((code) => `STOP ${code}`, /SEVERED/);
  await until(async () => (await call('GET', `subscriptions/${one.id}`)).status === 404);
  const before = one.receiver.received.length;
  await text((code) => `STOP ${code}`, /SEVERED/);
  expect(one.receiver.received).toHaveLength(before);
});

it('makes of a flood of forged messages a handful of events, and no text message', async () => {
  const one = await listen(['refused']);
  const forge = () =>
    fetch(`${whole.pullcord.publicUrl}/sms/twilio`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', 'x-twilio-signature': 'forged' },
      body: 'Body=STOP',
    });
  const before = [whole.alice, whole.bob, whole.carol].map(({ phone }) => whole.phone.inbox(phone).all.length);
  const answers = await Promise.all(Array.from({ length: 200 }, forge));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([403]));
  await until(() => one.receiver.received.length === 1);
  await whole.restart();
  await until(() => one.receiver.received.length === 2, 10_000);
  expect(one.events().map(({ type, refusal }) => [type, refusal])).toEqual([
    ['refused', 'bad-signature'],
    ['refused', 'bad-signature'],
  ]);
  expect(one.events()[1]?.text).toMatch(/^Refused 199 times more/);
  const after = [whole.alice, whole.bob, whole.carol].map(({ phone }) => whole.phone.inbox(phone).all.length);
  expect(after).toEqual(before);
});

it('tells a wrong code with whose it was said to be', async () => {
  const one = await listen(['refused']);
  await text(() => 'STOP 000000', /Wrong code/);
  await until(() => one.receiver.received.length === 1);
  expect(one.events()[0]).toMatchObject({ refusal: 'code-wrong', source: 'sms', by: 'alice', scope: 'agent' });
});

it('lets no order wait for receivers that are silent, nor the end', async () => {
  const silent = await Promise.all(Array.from({ length: 8 }, () => listen(['severing', 'severed', 'restored'])));
  for (const { receiver } of silent) receiver.answer = 'silence';
  for (let i = 0; i < 3; i++) {
    const began = performance.now();
    await text((code) => `STOP ${code}`, /SEVERED/);
    expect(performance.now() - began).toBeLessThan(5_000);
  }
  await until(() => silent.every(({ receiver }) => receiver.received.length > 0));
  const began = performance.now();
  await whole.restart();
  expect(performance.now() - began).toBeLessThan(8_000);
  for (const { receiver } of silent) receiver.answer = 200;
});
