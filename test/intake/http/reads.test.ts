import type { Standing } from '../../../src/desk/standing';
import { StoreUnavailable } from '../../../src/ledger/store';
import type { Order } from '../../../src/orders/order';
import type { Spend } from '../../../src/tripwire/spend';
import { type Door, FakeDesk, FakeRecords, NOW, openDoor } from '../../support/http';
import { until } from '../../support/until';

const at = new Date(NOW).toISOString();
const known: Order = {
  ...{ number: 7, key: 'SM0123', action: 'sever', scope: 'agent', source: 'sms', by: 'alice' },
  ...{ correlation: 'c-7', replyTo: '+15550100001', at: NOW },
};
const shown = { number: 7, action: 'sever', scope: 'agent', source: 'sms', by: 'alice', correlation: 'c-7', at };

let desk: FakeDesk;
let records: FakeRecords;
let missing: Record<string, string[]>;
let standing: Record<string, Standing>;
let door: Door;
beforeEach(async () => {
  desk = new FakeDesk();
  records = new FakeRecords();
  missing = {};
  standing = {};
  door = await openDoor({
    ...{ desk, records, missing: (scope) => missing[scope] ?? [] },
    standing: ({ scope }) => standing[scope] ?? { gateways: [] },
  });
});
afterEach(async () => {
  await door.listener.close();
  expect(desk.asked).toEqual([]);
});

describe('orders', () => {
  it('one, and how it stands, without its key and the number to reply to', async () => {
    records.known = [known];
    desk.result = { state: 'severing', missing: ['main does not answer'] };
    expect(await door.call('GET', '/api/v1/orders/7')).toMatchObject({
      status: 200,
      json: { ...shown, state: 'severing', ms: 12, cut: 3, gateways: 2, missing: ['main does not answer'] },
    });
    expect((await door.call('GET', '/api/v1/orders/7')).text).not.toMatch(/SM0123|15550100001/);
    expect(desk.waits).toEqual([0, 0]);
  });

  it('one that never was', async () => {
    expect(await door.call('GET', '/api/v1/orders/8')).toMatchObject({ status: 404, json: { reason: 'not-found' } });
  });

  it.each(['0', '-1', '1.5', 'x', '1e3', '9999999999999999', '%2f', '%'])('no number: %s', async (number) => {
    expect(await door.call('GET', `/api/v1/orders/${number}`)).toMatchObject({ status: 400 });
    expect(records.asked).toEqual([]);
  });

  it.each([
    ['', { limit: 50 }],
    ['?limit=500', { limit: 500 }],
    ['?scope=llm&limit=1', { scope: 'llm', limit: 1 }],
  ])('the newest%s', async (query, asked) => {
    records.known = [known];
    expect(await door.call('GET', `/api/v1/orders${query}`)).toMatchObject({ status: 200, json: { orders: [shown] } });
    expect(records.asked).toEqual([asked]);
  });
});

describe('how long one order is waited for', () => {
  it.each([
    ['', 0],
    ['?wait=0', 0],
    ['?wait=30', 30_000],
  ])('%s', async (query, ms) => {
    records.known = [known];
    expect(await door.call('GET', `/api/v1/orders/7${query}`)).toMatchObject({ status: 200 });
    expect(desk.waits).toEqual([ms]);
  });

  it.each(['?wait=31', '?wait=-1', '?wait=1.5', '?wait=', '?wait=1&wait=2', '?wait=soon', '?waits=1'])(
    '%s is refused, and nobody is asked',
    async (query) => {
      expect(await door.call('GET', `/api/v1/orders/7${query}`)).toMatchObject({ status: 400 });
      expect(records.asked).toEqual([]);
      expect(desk.waits).toEqual([]);
    },
  );

  it('one that never was is not waited for', async () => {
    expect(await door.call('GET', '/api/v1/orders/8?wait=30')).toMatchObject({ status: 404 });
    expect(desk.waits).toEqual([]);
  });

  it('the answer comes when it is settled, and not before', async () => {
    records.known = [known];
    let settle = (): void => undefined;
    desk.gate = new Promise((resolve) => {
      settle = resolve;
    });
    let answered = false;
    const waiting = door.call('GET', '/api/v1/orders/7?wait=30').finally(() => {
      answered = true;
    });
    await until(() => desk.waits.length > 0);
    // The next answer over the same listener comes first: this one waits.
    await door.call('GET', '/api/v1/scopes');
    expect(answered).toBe(false);
    settle();
    expect(await waiting).toMatchObject({ status: 200, json: { number: 7, state: 'severed' } });
    expect(desk.waits).toEqual([30_000]);
  });

  it('ends at once when Pullcord closes, and says how it stands', async () => {
    records.known = [known];
    desk.gate = new Promise(() => undefined);
    desk.result = { state: 'severing', missing: ['main has not reported yet'] };
    const waiting = door.call('GET', '/api/v1/orders/7?wait=30');
    await until(() => desk.waits.length > 0);
    door.closing.abort();
    expect(await waiting).toMatchObject({ status: 200, json: { state: 'severing' } });
    expect(desk.waits).toEqual([30_000, 0]);
  });

  it('an outcome that fails is an error, not a state', async () => {
    records.known = [known];
    desk.result = new Error('secret-detail');
    const answer = await door.call('GET', '/api/v1/orders/7?wait=1');
    expect(answer).toMatchObject({ status: 500, json: { reason: 'internal-error' } });
    expect(answer.text).not.toContain('secret-detail');
  });
});

describe('scopes', () => {
  it('each with its latch, and seen only when it is at rest and nothing is missing', async () => {
    desk.scopes = [
      { scope: 'agent', state: 'severed', order: 7, since: NOW, incident: 5, pending: { operator: 'alice', at: NOW } },
      { scope: 'llm', state: 'severing', order: 8, since: NOW, incident: 8 },
      { scope: 'fallback', state: 'live', order: 0, since: 0 },
      { scope: 'canary', state: 'severed', order: 9, since: NOW },
      { scope: 'tools', state: 'restoring', order: 10, since: NOW },
    ];
    missing = { llm: ['gw-2 does not answer'], canary: ['gw-2 does not answer'] };
    standing = {
      agent: { by: 'alice', reason: 'why', gateways: [{ name: 'gw-2', seen: true, missing: [] }] },
      llm: { gateways: [{ name: 'gw-2', seen: false, missing: ['does not answer'] }] },
    };
    const { status, json } = await door.call('GET', '/api/v1/scopes');
    expect(status).toBe(200);
    expect(json.scopes).toEqual([
      {
        ...{ scope: 'agent', state: 'severed', since: at, order: 7, seen: true, missing: [], incident: 5 },
        ...{ pending: { operator: 'alice', at }, by: 'alice', reason: 'why' },
        gateways: [{ name: 'gw-2', seen: true, missing: [] }],
      },
      {
        ...{ scope: 'llm', state: 'severing', since: at, order: 8, seen: false },
        ...{ missing: ['gw-2 does not answer'], incident: 8 },
        gateways: [{ name: 'gw-2', seen: false, missing: ['does not answer'] }],
      },
      { scope: 'fallback', state: 'live', order: 0, seen: true, missing: [], gateways: [] },
      {
        ...{ scope: 'canary', state: 'severed', since: at, order: 9, seen: false, gateways: [] },
        missing: ['gw-2 does not answer'],
      },
      { scope: 'tools', state: 'restoring', since: at, order: 10, seen: false, missing: [], gateways: [] },
    ]);
  });

  it('answer without the ledger', async () => {
    records.failure = new StoreUnavailable('away');
    expect(await door.call('GET', '/api/v1/scopes')).toMatchObject({ status: 200 });
    expect(records.asked).toEqual([]);
  });
});

describe('incidents and the ledger', () => {
  it('incidents, with times that a person can read', async () => {
    const incident = { number: 7, scope: 'agent', openedBy: 'alice', openedAt: NOW, orders: [7, 8] };
    records.found = [{ ...incident, severedAt: NOW }, incident];
    const { status, json } = await door.call('GET', '/api/v1/incidents?limit=2');
    expect(status).toBe(200);
    expect(json.incidents).toEqual([
      { ...incident, openedAt: at, severedAt: at },
      { ...incident, openedAt: at },
    ]);
    expect(records.asked).toEqual([{ limit: 2 }]);
  });

  it('one incident, and what happened in it', async () => {
    const incident = { number: 7, scope: 'agent', openedBy: 'alice', openedAt: NOW, orders: [7] };
    const data = { number: 7, action: 'sever', scope: 'agent', source: 'sms', by: 'alice' };
    records.story = {
      incident,
      lines: [{ seq: 3, at: NOW, kind: 'order', data, hash: 'ab' }],
      truncated: false,
    };
    expect(await door.call('GET', '/api/v1/incidents/7')).toMatchObject({
      status: 200,
      json: {
        ...{ ...incident, openedAt: at, objects: [] },
        timeline: [
          {
            ...{ seq: 3, at, afterMs: 0, kind: 'order', who: 'alice', evidence: data },
            text: 'alice ordered to sever agent by text message: order 7.',
          },
        ],
      },
    });
    expect(records.asked).toEqual([{ incident: 7 }]);
  });

  it('the draft of its post-mortem, as a file', async () => {
    const incident = { number: 7, scope: 'agent', openedBy: 'alice', openedAt: NOW, orders: [7] };
    records.story = { incident, lines: [], truncated: false };
    const answer = await door.call('GET', '/api/v1/incidents/7/report');
    expect(answer).toMatchObject({ status: 200, text: expect.stringMatching(/^# Incident 7: agent\n/) });
    expect(answer.headers.get('content-disposition')).toBe('attachment; filename="pullcord-incident-7.md"');
    expect(answer.headers.get('content-type')).toBe('text/markdown; charset=utf-8');
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    records.story = undefined;
    expect(await door.call('GET', '/api/v1/incidents/7/report')).toMatchObject({
      status: 404,
      json: { reason: 'not-found' },
    });
  });

  it('an order that opened none', async () => {
    expect(await door.call('GET', '/api/v1/incidents/8')).toMatchObject({ status: 404, json: { reason: 'not-found' } });
  });

  it.each([
    ['', { limit: 100 }],
    ['?after=0&limit=1000', { after: 0, limit: 1000 }],
  ])('lines%s', async (query, asked) => {
    records.paper = [{ seq: 3, at: NOW, kind: 'severed', data: { scope: 'agent', order: 7 }, hash: 'ab' }];
    expect(await door.call('GET', `/api/v1/ledger${query}`)).toMatchObject({
      status: 200,
      json: { lines: [{ seq: 3, at, kind: 'severed', data: { scope: 'agent', order: 7 }, hash: 'ab' }] },
    });
    expect(records.asked).toEqual([asked]);
  });

  it.each(['?limit=0', '?limit=1001', '?after=-1', '?after=', '?aftr=1'])('lines%s is refused', async (query) => {
    expect(await door.call('GET', `/api/v1/ledger${query}`)).toMatchObject({ status: 400 });
    expect(records.asked).toEqual([]);
  });

  it('a ledger that was changed is an answer, not an error', async () => {
    records.verdict = { ok: false, lines: 41, faults: ['line 42 is missing'] };
    expect(await door.call('GET', '/api/v1/ledger/verify')).toMatchObject({
      status: 200,
      json: { ok: false, lines: 41, faults: ['line 42 is missing'] },
    });
  });

  it('is read once for all who ask meanwhile, and afresh afterwards', async () => {
    let open = (): void => undefined;
    records.gate = new Promise((resolve) => {
      open = resolve;
    });
    const all = [1, 2, 3].map(() => door.call('GET', '/api/v1/ledger/verify'));
    await until(() => records.asked.length > 0);
    await door.call('GET', '/api/v1/scopes');
    open();
    await Promise.all(all);
    expect(records.asked.length).toBeLessThan(3);
    const before = records.asked.length;
    await door.call('GET', '/api/v1/ledger/verify');
    expect(records.asked).toHaveLength(before + 1);
  });

  it.each(['/api/v1/orders', '/api/v1/orders/1', '/api/v1/incidents', '/api/v1/incidents/1', '/api/v1/ledger'])(
    'a ledger that does not answer is said: %s',
    async (path) => {
      records.failure = new StoreUnavailable('postgres://secret-detail');
      const answer = await door.call('GET', path);
      expect(answer).toMatchObject({ status: 503, json: { reason: 'ledger-unavailable' } });
      expect(answer.text).not.toContain('secret-detail');
    },
  );
});

describe('health', () => {
  it('is open to all, and says no more than that the process answers', async () => {
    expect(await door.call('GET', '/healthz', { token: '' })).toMatchObject({ status: 200, text: '{"status":"ok"}' });
  });

  it.each([
    ['armed', 200],
    ['degraded', 200],
    ['disarmed', 503],
  ] as const)('readiness: %s is %i', async (state, status) => {
    const parts = [{ name: 'ledger', ok: state === 'armed', detail: 'answers in 2 ms' }];
    const ready = await openDoor({ ready: async () => ({ state, parts }) });
    expect(await ready.call('GET', '/readyz', { token: '' })).toMatchObject({ status, json: { state, parts } });
    await ready.listener.close();
  });

  it('readiness that cannot be found out is none', async () => {
    const broken = await openDoor({ ready: () => Promise.reject(new Error('secret-detail')) });
    const answer = await broken.call('GET', '/readyz', { token: '' });
    expect(answer).toMatchObject({ status: 503, json: { state: 'disarmed' } });
    expect(answer.text).not.toContain('secret-detail');
    await broken.listener.close();
  });
});

describe('spend', () => {
  it('is not there without a tripwire, and says so', async () => {
    expect(await door.call('GET', '/api/v1/spend')).toMatchObject({
      status: 404,
      json: { reason: 'not-found', detail: expect.stringContaining('No tripwire is configured.') },
    });
  });

  it('asks for a hundred keys unless it is told otherwise, and wants the right status', async () => {
    const limits: number[] = [];
    const spend = (limit: number): Spend => {
      limits.push(limit);
      return { mode: 'observe', at: NOW, sources: [], subjects: [], models: [] };
    };
    const watching = await openDoor({ desk, records, spend });
    try {
      const body = { mode: 'observe', at, sources: [], subjects: [], models: [] };
      expect(await watching.call('GET', '/api/v1/spend')).toMatchObject({ status: 200, json: body });
      await watching.call('GET', '/api/v1/spend?limit=7');
      expect(await watching.call('GET', '/api/v1/spend', { token: 'stopper' })).toMatchObject({ status: 403 });
      expect(limits).toEqual([100, 7]);
    } finally {
      await watching.listener.close();
    }
  });
});
