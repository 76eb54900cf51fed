import { createHash } from 'node:crypto';
import { type CollectedSpan, type Collector, pathsOf, startCollector } from '../support/collector';
import { until } from '../support/until';
import { startWhole, type Whole } from '../support/whole';

/** An order's way as a real receiver of OTLP gets it. */

const TOKEN = 'a-token-for-orders-0123456789abcdef';
const sha256 = createHash('sha256').update(TOKEN).digest('hex');
const CALLER = { trace: '0af7651916cd43dd8448eb211c80319c', span: 'b7ad6b7169203331' };

let collector: Collector;
let whole: Whole;
beforeAll(async () => {
  collector = await startCollector();
  whole = await startWhole({
    now: Date.now,
    config: {
      scopes: { agent: { routes: [{ label: 'agent=openclaw' }] } },
      api: { tokens: [{ name: 'n8n', sha256, rights: ['stop', 'status'] }] },
      enforcer: { periodSeconds: 1 },
      tracing: { otlpUrl: collector.url, headers: { authorization: 'Bearer of-the-collector' } },
    },
  });
});
afterAll(async () => {
  await whole.close();
  await collector.close();
});

const named = (name: string): CollectedSpan[] => collector.spans.filter((span) => span.name === name);
const one = async (find: () => CollectedSpan | undefined): Promise<CollectedSpan> => until(find, 10_000);
const inTrace = (traceId: string): CollectedSpan[] => collector.spans.filter((span) => span.traceId === traceId);

it('a text message is one trace, from the door to the probe and the reply', async () => {
  await whole.phone.text(whole.alice.phone, `STOP ${whole.alice.code()}`);
  await whole.phone.expectReply(whole.alice.phone, /SEVERED/, 10_000);
  const door = await one(() => named('door sms')[0]);
  await until(() => pathsOf(inTrace(door.traceId)).includes('door sms > order sever > queue enforce'), 10_000);
  const trace = inTrace(door.traceId);
  const paths = [...new Set(pathsOf(trace))].sort();
  expect(paths).toEqual([
    'door sms',
    'door sms > order sever',
    'door sms > order sever > commit',
    'door sms > order sever > commit > authorise',
    'door sms > order sever > pass',
    'door sms > order sever > pass > probe',
    'door sms > order sever > pass > write',
    'door sms > order sever > queue enforce',
    'door sms > outcome',
    'door sms > reply',
  ]);
  expect(door.kind).toBe(2);
  expect(door.attributes).toMatchObject({ 'http.response.status_code': 200 });
  const order = trace.find(({ name }) => name === 'order sever');
  expect(order?.attributes).toEqual({
    ...{ 'pullcord.action': 'sever', 'pullcord.scope': 'agent', 'pullcord.source': 'sms', 'pullcord.order': 1 },
    ...{ 'pullcord.result': 'accepted', 'pullcord.correlation': expect.stringMatching(/^SM[0-9a-f]{32}$/) },
  });
  const pass = trace.find(({ name }) => name === 'pass');
  expect(pass?.attributes).toEqual({
    ...{ 'pullcord.cutter': 'apisix main', 'pullcord.order': 1, 'pullcord.writes': 1, 'pullcord.result': 'seen' },
  });
  expect(trace.find(({ name }) => name === 'outcome')?.attributes).toMatchObject({ 'pullcord.result': 'severed' });
});

it('each span begins within the one above it, and not before it', async () => {
  const byId = new Map(collector.spans.map((span) => [span.spanId, span]));
  for (const span of collector.spans) {
    const parent = byId.get(span.parentSpanId ?? '');
    expect(BigInt(span.endTimeUnixNano)).toBeGreaterThanOrEqual(BigInt(span.startTimeUnixNano));
    // The door's beginning is by the millisecond.
    if (parent)
      expect(BigInt(span.startTimeUnixNano) + 2_000_000n).toBeGreaterThanOrEqual(BigInt(parent.startTimeUnixNano));
  }
});

it('who orders by HTTP with a traceparent has it in their own trace', async () => {
  const answer = await fetch(`${whole.pullcord.internalUrl}/api/v1/orders?wait=5`, {
    method: 'POST',
    headers: {
      ...{ 'content-type': 'application/json', authorization: `Bearer ${TOKEN}`, 'x-request-id': 'run-7' },
      traceparent: `00-${CALLER.trace}-${CALLER.span}-01`,
    },
    body: JSON.stringify({ action: 'sever', scope: 'agent', reason: 'a reason of their own' }),
  });
  expect(answer.status).toBe(200);
  const door = await one(() => named('door http')[0]);
  expect(door).toMatchObject({ traceId: CALLER.trace, parentSpanId: CALLER.span });
  expect(door.attributes).toMatchObject({ 'pullcord.correlation': 'run-7' });
  const order = await one(() => inTrace(CALLER.trace).find(({ name }) => name === 'order sever'));
  expect(order.parentSpanId).toBe(door.spanId);
});

it('who wants no trace of theirs has none', async () => {
  const before = collector.spans.length;
  const trace = 'f'.repeat(32);
  await fetch(`${whole.pullcord.internalUrl}/api/v1/orders?wait=5`, {
    method: 'POST',
    headers: {
      ...{ 'content-type': 'application/json', authorization: `Bearer ${TOKEN}` },
      traceparent: `00-${trace}-${CALLER.span}-00`,
    },
    body: JSON.stringify({ action: 'sever', scope: 'agent' }),
  });
  await whole.phone.text(whole.bob.phone, `RESTORE ${whole.bob.code()}`);
  await whole.phone.expectReply(whole.bob.phone, /RESTORED/, 10_000);
  await one(() => named('order restore')[0]);
  expect(inTrace(trace)).toEqual([]);
  expect(collector.spans.length).toBeGreaterThan(before);
});

it('what is refused at a door, and what is only looked at, is no trace', async () => {
  await fetch(`${whole.pullcord.publicUrl}/sms/twilio`, { method: 'POST', body: 'From=x' });
  await fetch(`${whole.pullcord.internalUrl}/api/v1/orders`, { method: 'POST', body: '{}' });
  await fetch(`${whole.pullcord.internalUrl}/readyz`);
  // A refusal that gets as far as the desk is one, and comes after them.
  await whole.phone.text(whole.carol.phone, 'STOP 000000');
  await whole.phone.expectReply(whole.carol.phone, /Wrong code/, 10_000);
  const refused = await one(() =>
    collector.spans.find(({ attributes }) => attributes['pullcord.reason'] === 'code-wrong'),
  );
  expect(refused.attributes).toMatchObject({ 'pullcord.result': 'refused' });
  expect(named('door sms')).toHaveLength(3);
  expect(named('door http')).toHaveLength(1);
});

it('holds no number, no name of a person, no code, no token and no text', async () => {
  const said = collector.spans.flatMap(({ name, attributes }) => [name, ...Object.values(attributes).map(String)]);
  const { alice, bob, carol } = whole;
  const people = [alice, bob, carol].flatMap(({ name, phone }) => [name, phone, phone.slice(1)]);
  const others = [TOKEN, 'n8n', '000000', 'STOP', 'a reason', whole.dataDir, whole.apisix.adminKey];
  expect(said.length).toBeGreaterThan(50);
  for (const secret of [...people, ...others]) expect(said.filter((text) => text.includes(secret))).toEqual([]);
  for (const secret of people) expect(collector.bodies.join()).not.toContain(secret);
  expect(collector.headers[0]?.authorization).toBe('Bearer of-the-collector');
});
