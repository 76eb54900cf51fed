import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { RestorePreview } from '../../../src/desk/restore-preview';
import { openapi } from '../../../src/intake/http/openapi';
import { operations, refusalsOf } from '../../../src/intake/http/operations';
import type { RelayReceipt } from '../../../src/intake/sms/relay';
import type { Paper } from '../../../src/ledger/story/paper';
import type { Notice } from '../../../src/notify/channel';
import { eventOf, typeOf } from '../../../src/notify/events/from-notice';
import type { Order } from '../../../src/orders/order';
import { type Refusal, reasons } from '../../../src/orders/reasons';
import type { Figures } from '../../../src/tripwire/figures';
import type { Spend } from '../../../src/tripwire/spend';
import { type Answered, type Door, FakeDesk, FakeRecords, NOW, openDoor } from '../../support/http';
import { pageHeaders, signedIn, testSessions } from '../../support/session';
import { seenHistory } from '../../support/spend-history';

type Json = Record<string, unknown>;
interface Described {
  operationId: string;
  security?: unknown[];
  parameters?: { name: string; in: string; required?: boolean; schema: Json }[];
  requestBody?: { content: Record<string, { schema: Json }> };
  responses: Record<string, { description: string; content: Record<string, { schema: Json }> }>;
}
interface Document {
  openapi: string;
  paths: Record<string, Record<string, Described>>;
  webhooks?: Record<string, Record<string, Described>>;
  components: { schemas: Record<string, Json>; securitySchemes: Json };
}

const sessions = testSessions();
let receipt: RelayReceipt = { understood: 'help' };
let desk: FakeDesk;
let records: FakeRecords;
let door: Door;
let document: Document;
beforeAll(async () => {
  desk = new FakeDesk();
  records = new FakeRecords();
  const signIns = { byCode: async () => ({ name: 'alice' }), note: () => undefined };
  door = await openDoor({
    ...{ desk, records, sessions, signIns, spend: () => seenSpend, relay: async () => ({ receipt }) },
    spendHistory: (span) => seenHistory(span, NOW),
    previewRestore: async () => preview,
  });
  const { status, json } = await door.call('GET', '/openapi.json', { token: '' });
  expect(status).toBe(200);
  document = json as unknown as Document;
});
afterAll(() => door.listener.close());

/** A schema of the document, as a check of values: made from the document alone, not from our schemas. */
function checkOf(schema: Json): z.ZodType {
  // zod reads all of JSON Schema that the document uses but this one, which has its own test.
  const { dependentRequired: _own, ...rest } = schema;
  const local = JSON.stringify({ ...rest, $defs: document.components.schemas });
  return z.fromJSONSchema(JSON.parse(local.replaceAll('#/components/schemas/', '#/$defs/')));
}

const figures: Figures = {
  level: 'trip',
  rule: 'level',
  subject: { kind: 'key', id: 'ab', name: 'key agent-1' },
  unit: 'usd',
  ...{ windowSeconds: 60, observed: 4.1, usual: 0.06, limit: 1, beyondUsual: 11, beyondUsualPerMinute: 4 },
  ...{ since: new Date(NOW).toISOString(), at: new Date(NOW).toISOString() },
};
const spent = { minute: { usd: 1, tokens: 2 }, hour: { usd: 1, tokens: 2 }, day: { usd: 1, tokens: 2 } };
/** With all that there can be, and with as little. */
const seenSpend: Spend = {
  ...{ mode: 'act', at: NOW },
  sources: [
    { name: 'litellm a', sees: true, lookedAt: NOW, troubles: [] },
    { name: 'litellm b', sees: false, blindSince: NOW, troubles: ['no answer'] },
  ],
  subjects: [
    { kind: 'whole', id: '*', name: 'all keys', scope: 'agent', severs: true, spent, ceilings: [] },
    {
      ...{ kind: 'key', id: 'ab', name: 'key agent-1', scope: 'agent', severs: false, spent, usualUsd: 1, tripUsd: 2 },
      ...{ ceilings: [{ unit: 'usd', windowSeconds: 60, limit: 5 }], dailyBudgetUsd: 9 },
      budget: { maxUsd: 9, remainingUsd: -1, resetsAt: NOW, usedUpAt: NOW },
      standing: { level: 'trip', explanation: 'why', figures },
    },
  ],
  models: [{ model: 'gpt-4o', hour: spent.hour, day: spent.day }],
};

const described = (): [string, string, Described][] =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, one]): [string, string, Described] => [path, method, one]),
  );

it('is OpenAPI 3.1, and every reference in it leads somewhere', () => {
  expect(document.openapi).toMatch(/^3\.1\.\d$/);
  const text = JSON.stringify(document);
  const refs = [...text.matchAll(/"\$ref":"([^"]*)"/g)].map((match) => match[1] ?? '');
  expect(refs.length).toBeGreaterThan(20);
  for (const ref of refs)
    expect(document.components.schemas).toHaveProperty([ref.replace('#/components/schemas/', '')]);
  expect(text).not.toMatch(/\$schema|\$id|\$defs/);
  const ids = described().map(([, , { operationId }]) => operationId);
  expect(new Set(ids).size).toBe(ids.length);
});

it('names every parameter of a path, and every operation answers something', () => {
  for (const [path, , { parameters = [], responses }] of described()) {
    const inPath = parameters.filter((one) => one.in === 'path');
    expect(inPath.map(({ name }) => `{${name}}`)).toEqual(path.match(/\{\w+\}/g) ?? []);
    for (const { required } of inPath) expect(required).toBe(true);
    expect(Object.keys(responses).join()).toMatch(/\b20[014]\b/);
    for (const { description } of Object.values(responses)) expect(description).not.toBe('');
  }
});

it('has every path that the router serves: what it does not name is not there', async () => {
  const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
  for (const [path, known] of Object.entries(document.paths))
    for (const method of methods) {
      const { status, headers } = await door.call(method, addressOf(path), { token: '' });
      // What is for the page alone is not for whoever sends no more than this.
      if (method.toLowerCase() in known)
        expect(known[method.toLowerCase()]?.security?.length === 0 && method !== 'GET' ? [403] : [200, 401]).toContain(
          status,
        );
      else {
        expect(status).toBe(405);
        const allowed = Object.keys(known).flatMap((one) => (one === 'get' ? ['GET', 'HEAD'] : [one.toUpperCase()]));
        expect(headers.get('allow')?.split(', ').sort()).toEqual(allowed.sort());
      }
    }
  for (const path of [
    '/',
    '/api',
    '/api/v1',
    '/api/v1/order',
    '/api/v1/orders/',
    '/API/v1/orders',
    '/api/v1/orders/1/x',
  ])
    expect(await door.call('GET', path)).toMatchObject({ status: 404, json: { reason: 'not-found' } });
});

/** What each operation takes. */
const bodies: Readonly<Record<string, unknown>> = {
  '/api/v1/orders': { action: 'sever' },
  '/api/v1/fallbacks/{name}': { wish: 'primary' },
  '/api/v1/relay/twilio': { signature: '', params: {} },
  '/console/session': { operator: 'alice', code: '123456' },
  '/api/v1/subscriptions': { url: 'https://n8n.example.org/webhook/1', events: ['severed'] },
};
let subscriptionId = randomUUID() as string;
const addressOf = (path: string): string =>
  path
    .replace('{number}', '1')
    .replace('{scope}', 'agent')
    .replace('{name}', 'fallback')
    .replace('drills/{id}', 'drills/d-1')
    .replace('{id}', subscriptionId);

it('and the router serves every path that it has', async () => {
  records.known = [{ ...order, number: 1 }];
  records.story = paper;
  // A door of their own: of one door's failures only so many are answered one by one.
  const signIns = { byCode: async () => ({ name: 'alice' }), note: () => undefined };
  const strangers = await openDoor({ records, sessions, signIns });
  for (const [path, method, { security, responses }] of described()) {
    const body = bodies[path];
    const options = { token: '', headers: pageHeaders, ...(method === 'post' && body ? { body } : {}) };
    const without = await strangers.call(method.toUpperCase(), addressOf(path), options);
    expect(security?.length === 0 ? [200, 204] : [401]).toContain(without.status);
    const credentials = path.startsWith('/console/') ? { headers: signedIn(sessions) } : { token: 'all' };
    const query = path === '/api/v1/why' ? '?subject=agent' : '';
    const { status, json } = await door.call(method.toUpperCase(), addressOf(path) + query, {
      ...options,
      ...credentials,
    });
    expect([200, 201, 202, 204]).toContain(status);
    expect(Object.keys(responses)).toContain(String(status));
    if (status === 201) subscriptionId = String(json.id);
  }
  await strangers.listener.close();
});

const order: Order = {
  ...{ number: 7, key: 'k', action: 'sever', scope: 'agent', source: 'sms', by: 'alice' },
  ...{ reason: 'why', correlation: 'c', at: NOW },
};

let preview: RestorePreview | Refusal = {
  scope: 'agent',
  routes: [{ gateway: 'main', id: 'a', name: 'A', uris: ['/a'], hosts: [], how: 'clamp' }],
  others: [{ cutter: 'webhook mesh', what: 'is told' }],
  stays: [{ gateway: 'main', id: 'b', why: 'off' }],
  ...{ warnings: ['unseen'], operators: 2, pendingBy: 'bob' },
};

const paper: Paper = {
  incident: { ...{ number: 7, scope: 'agent', openedBy: 'alice', openedAt: NOW, severedAt: NOW + 9 }, orders: [7, 8] },
  lines: [
    {
      ...{ seq: 1, at: NOW, kind: 'tripped', hash: '' },
      data: { ...figures, scope: 'agent', order: 7, mode: 'act', why: 'it burns' },
    },
    { seq: 2, at: NOW, kind: 'order', data: { number: 7, action: 'sever', scope: 'agent', by: 'tripwire' }, hash: '' },
    {
      ...{ seq: 3, at: NOW + 5, kind: 'write', hash: '' },
      data: {
        ...{ cutter: 'apisix main', order: 7, what: 'PATCH clamp: 1 route: a' },
        objects: [
          {
            gateway: 'main',
            objects: ['routes/a'],
            changes: [
              { path: '/plugins/x', before: '(hidden)' },
              { path: '/y', after: [1] },
            ],
          },
        ],
      },
    },
  ],
  truncated: true,
};

describe('a body that it refuses, the server refuses; one that it takes, the server takes', () => {
  it.each<[unknown, boolean]>([
    [{ action: 'sever' }, true],
    [{ action: 'sever', scope: 'llm', reason: 'Übermut 🙂' }, true],
    [{ action: 'restore', operator: 'alice', code: '123456' }, true],
    [{ action: 'sever', operator: 'alice', code: '123456789012' }, true],
    [{}, false],
    [[], false],
    [{ action: 'cut' }, false],
    [{ action: 'sever', scope: '' }, false],
    [{ action: 'sever', scope: 'a'.repeat(33) }, false],
    [{ action: 'sever', scope: 5 }, false],
    [{ action: 'sever', reason: 'a\u0007' }, false],
    [{ action: 'sever', reason: null }, false],
    [{ action: 'sever', operator: 'alice', code: 123456 }, false],
    [{ action: 'sever', operator: 'alice', code: '1234567' }, false],
    [{ action: 'sever', more: true }, false],
  ])('%j', async (body, good) => {
    const schema = document.paths['/api/v1/orders']?.post?.requestBody?.content['application/json']?.schema ?? {};
    expect(checkOf(schema).safeParse(body).success).toBe(good);
    const { status } = await door.call('POST', '/api/v1/orders', { body });
    expect(status).toBe(good ? 200 : 400);
  });

  it.each<[unknown, boolean]>([
    [{}, true],
    [{ Body: '', From: ['a', 'b'], constructor: 'x', toString: 'y' }, true],
    [{ Body: 1 }, false],
    [{ Body: ['a', null] }, false],
    [{ Body: { a: 'b' } }, false],
    ['Body=x', false],
    [['Body'], false],
    [null, false],
    [Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`k${i}`, ''])), false],
  ])('what is relayed: %j', async (params, good) => {
    const path = '/api/v1/relay/twilio';
    const schema = document.paths[path]?.post?.requestBody?.content['application/json']?.schema ?? {};
    const body = { signature: 'x', params };
    expect(schema.properties).toMatchObject({ params: { type: 'object', maxProperties: 100 } });
    expect(checkOf(schema).safeParse(body).success).toBe(good);
    expect((await door.call('POST', path, { token: 'all', body })).status).toBe(good ? 200 : 400);
  });

  it('a code without an operator', async () => {
    const schema = document.paths['/api/v1/orders']?.post?.requestBody?.content['application/json']?.schema;
    expect(schema?.dependentRequired).toEqual({ code: ['operator'] });
    expect(await door.call('POST', '/api/v1/orders', { body: { action: 'sever', code: '123456' } })).toMatchObject({
      status: 400,
    });
  });
});

describe('a parameter that it refuses, the server refuses; one that it takes, the server takes', () => {
  it.each<[string, string, string, boolean]>([
    ['/api/v1/orders', 'limit', '1', true],
    ['/api/v1/orders', 'limit', '0', false],
    ['/api/v1/orders', 'limit', '501', false],
    ['/api/v1/orders', 'limit', '2.5', false],
    ['/api/v1/orders/{number}', 'wait', '30', true],
    ['/api/v1/orders/{number}', 'wait', '31', false],
    ['/api/v1/incidents', 'limit', '200', true],
    ['/api/v1/incidents', 'limit', '201', false],
    ['/api/v1/spend', 'limit', '1000', true],
    ['/api/v1/spend', 'limit', '1001', false],
    ['/api/v1/ledger', 'limit', '1000', true],
    ['/api/v1/ledger', 'limit', '1001', false],
    ['/api/v1/ledger', 'after', '0', true],
    ['/api/v1/ledger', 'after', '-1', false],
  ])('%s?%s=%s', async (path, name, value, good) => {
    const schema = document.paths[path]?.get?.parameters?.find((one) => one.name === name)?.schema ?? {};
    expect(checkOf(schema).safeParse(Number(value)).success).toBe(good);
    records.known = [{ ...order, number: 1 }];
    const address = path.replace('{number}', '1').replace('{name}', 'fallback');
    expect((await door.call('GET', `${address}?${name}=${value}`)).status).toBe(good ? 200 : 400);
  });
});

describe('every answer is as it says', () => {
  const conforms = (answer: Answered, path: string, method = 'get'): void => {
    const content = document.paths[path]?.[method]?.responses[answer.status]?.content ?? {};
    expect(Object.keys(content)).toEqual([answer.headers.get('content-type')]);
    const [schema] = Object.values(content);
    expect(checkOf(schema?.schema ?? {}).parse(answer.json)).toEqual(answer.json);
  };

  it('orders', async () => {
    records.known = [order];
    conforms(await door.call('GET', '/api/v1/orders'), '/api/v1/orders');
    conforms(await door.call('GET', '/api/v1/orders/7'), '/api/v1/orders/{number}');
    const post = (body: unknown) => door.call('POST', '/api/v1/orders', { body });
    conforms(await post({ action: 'sever' }), '/api/v1/orders', 'post');
    desk.result = { state: 'severing', missing: ['x'] };
    conforms(await post({ action: 'sever' }), '/api/v1/orders', 'post');
    desk.receipt = { kind: 'pending', scope: 'agent', operator: 'alice', withinSeconds: 600 };
    conforms(await post({ action: 'restore', operator: 'alice', code: '123456' }), '/api/v1/orders', 'post');
    desk.result = {};
    desk.receipt = undefined;
  });

  it('receipts of what was relayed', async () => {
    const path = '/api/v1/relay/twilio';
    const relay = (params: unknown) => door.call('POST', path, { token: 'all', body: { signature: '', params } });
    receipt = { understood: 'restore', order: 7, refused: 'code-wrong', text: 'why' };
    conforms(await relay({}), path, 'post');
    receipt = { understood: 'help' };
    conforms(await relay({}), path, 'post');
    conforms(await relay([]), path, 'post');
  });

  it('scopes, incidents, ledger, health', async () => {
    desk.scopes = [
      { scope: 'agent', state: 'severed', order: 7, since: NOW, incident: 5, pending: { operator: 'alice', at: NOW } },
      { scope: 'llm', state: 'live', order: 0, since: 0 },
    ];
    const incident = { number: 7, scope: 'agent', openedBy: 'alice', openedAt: NOW, orders: [7, 8], reason: 'why' };
    records.found = [{ ...incident, severedAt: NOW, closedAt: NOW }, incident];
    records.paper = [{ seq: 3, at: NOW, kind: 'severed', data: { scope: 'agent', order: 7 }, hash: 'ab' }];
    records.verdict = { ok: false, lines: 3, faults: ['line 4 is missing'] };
    for (const path of ['spend', 'scopes', 'incidents', 'ledger', 'ledger/verify'].map((name) => `/api/v1/${name}`))
      conforms(await door.call('GET', path), path);
    records.story = paper;
    const told = await door.call('GET', '/api/v1/incidents/7');
    conforms(told, '/api/v1/incidents/{number}');
    expect(told.json).toMatchObject({ cost: {}, objects: [{}], truncated: true });
    const report = await door.call('GET', '/api/v1/incidents/7/report');
    const described = document.paths['/api/v1/incidents/{number}/report']?.get?.responses[200]?.content ?? {};
    expect(Object.keys(described)).toEqual([report.headers.get('content-type')]);
    expect(checkOf(Object.values(described)[0]?.schema ?? {}).parse(report.text)).toContain('# Incident 7: agent');
    for (const path of ['/healthz', '/readyz', '/openapi.json']) conforms(await door.call('GET', path), path);
  });

  it('what a restore would bring back', async () => {
    const path = '/api/v1/scopes/{scope}/restore';
    const answer = await door.call('GET', '/api/v1/scopes/agent/restore');
    conforms(answer, path);
    expect(answer).toMatchObject({ status: 200, json: { ...preview } });
    preview = { refused: 'nothing-to-restore' };
    conforms(await door.call('GET', '/api/v1/scopes/agent/restore'), path);
  });

  it('sessions', async () => {
    const page = { token: '', headers: signedIn(sessions) };
    conforms(await door.call('GET', '/console/ways', page), '/console/ways');
    conforms(await door.call('GET', '/console/session', page), '/console/session');
    const body = bodies['/console/session'];
    conforms(await door.call('POST', '/console/session', { ...page, body }), '/console/session', 'post');
  });

  it('subscriptions', async () => {
    const path = '/api/v1/subscriptions';
    const call = (method: string, id = '', body?: object) => door.call(method, path + id, { token: 'listener', body });
    const made = await call('POST', '', { ...(bodies[path] as object), scopes: ['agent'] });
    conforms(made, path, 'post');
    conforms(await call('GET'), path);
    conforms(await call('GET', `/${made.json.id}`), `${path}/{id}`);
    expect(await call('DELETE', `/${made.json.id}`)).toMatchObject({ status: 204, text: '' });
    conforms(await call('GET', `/${made.json.id}`), `${path}/{id}`);
  });

  it('refusals: each reason that an operation may give stands under its status', async () => {
    conforms(await door.call('GET', '/api/v1/orders/99'), '/api/v1/orders/{number}');
    conforms(await door.call('GET', '/api/v1/orders?limit=0'), '/api/v1/orders');
    conforms(await door.call('GET', '/api/v1/ledger', { token: '' }), '/api/v1/ledger');
    for (const [id, operation] of Object.entries(operations)) {
      const one = described().find(([, , { operationId }]) => operationId === id)?.[2];
      for (const reason of refusalsOf(operation))
        expect(one?.responses[reasons[reason].status]?.description).toContain(`${reason}: `);
    }
  });
});

it('describes what is posted to subscribers, as it is posted', () => {
  const { post } = document.webhooks?.event ?? {};
  const schema = post?.requestBody?.content['application/json']?.schema ?? {};
  const base = { id: randomUUID(), at: new Date(NOW).toISOString(), text: 'what happened', scope: 'agent' };
  const about = { source: 'sms', by: 'alice', reason: 'why', incident: 5 } as const;
  const decided = { name: 'fallback', state: 'fallback', order: 9, by: 'watcher', why: 'down' } as const;
  const notices: Notice[] = [
    ...(['severing', 'severed', 'restored', 'trouble', 'cleared'] as const).map((kind) => ({
      kind,
      text: 'x',
      at: NOW,
    })),
    { kind: 'tripped', text: 'x', at: NOW, order: 7, scope: 'agent', figures },
    { kind: 'would-trip', text: 'x', at: NOW, figures },
    { kind: 'refused', text: 'x', at: NOW, refusal: 'code-wrong' },
    { kind: 'fallback', text: 'x', at: NOW, fallback: { ...decided, before: 'asked', until: base.at } },
    { kind: 'fallback', text: 'x', at: NOW, fallback: { ...decided, state: 'asked' } },
  ];
  for (const notice of notices) {
    const type = typeOf(notice) ?? 'severed';
    const event = JSON.parse(JSON.stringify(eventOf(notice, type, base.id, about)));
    expect(checkOf(schema).parse(event)).toEqual(event);
  }
  for (const wrong of [
    { ...base },
    { ...base, type: 'restoring' },
    { ...base, type: 'trouble', state: 'bad' },
    { ...base, type: 'fallback', fallback: { ...decided, state: 'forbidden' } },
  ])
    expect(checkOf(schema).safeParse(wrong).success).toBe(false);
  expect(post?.parameters?.map(({ name }) => name)).toEqual([
    ...['X-Pullcord-Signature', 'X-Pullcord-Event', 'X-Pullcord-Delivery'],
  ]);
  expect(Object.keys(post?.responses ?? {})).toEqual(['410', '2XX', 'default']);
});

it('is the same each time that it is made, with the version that it is given', () => {
  expect(JSON.parse(JSON.stringify(openapi('0.0.0')))).toEqual(document);
  expect(openapi('1.2.3')).toMatchObject({ info: { version: '1.2.3' } });
});
