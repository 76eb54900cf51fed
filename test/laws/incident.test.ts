import { createHash } from 'node:crypto';
import type { IncidentStoryAnswer, RestorePreviewAnswer } from '../../src/intake/http/schemas';
import { gatewayScopes } from '../../src/sandbox/gateway-objects';
import { until } from '../support/until';
import { startWhole, type Whole } from '../support/whole';

/** What is told the morning after, of what really happened: from the phone through the gateway to the ledger, and back. */

const SECRET = 'sk-0123456789abcdef';
const TOKEN = 'reader';
let whole: Whole;
afterEach(() => whole.close());

async function setUp(method: 'clamp' | 'rewrite'): Promise<void> {
  const sha256 = createHash('sha256').update(TOKEN).digest('hex');
  whole = await startWhole({
    gateway: { method },
    config: {
      ...{ scopes: gatewayScopes, enforcer: { periodSeconds: 1 } },
      api: { tokens: [{ name: TOKEN, sha256, rights: ['status'] }] },
    },
  });
  await whole.admin('PATCH', 'routes/tools', {
    plugins: { 'proxy-rewrite': { headers: { set: { Authorization: SECRET } } } },
  });
}

async function get<T>(path: string): Promise<T> {
  const headers = { authorization: `Bearer ${TOKEN}` };
  const answer = await fetch(`${whole.pullcord.internalUrl}${path}`, { headers });
  const text = await answer.text();
  expect([answer.status, text]).toEqual([200, expect.not.stringContaining(SECRET)]);
  return JSON.parse(text) as T;
}
async function say(who: 'alice' | 'bob', text: string, pattern: RegExp): Promise<void> {
  await whole.phone.text(whole[who].phone, text);
  await whole.phone.expectReply(whole[who].phone, pattern, 10_000);
}
const story = () => get<IncidentStoryAnswer>('/api/v1/incidents/1');

it.each(['clamp', 'rewrite'] as const)(
  'by %s',
  async (method) => {
    await setUp(method);
    await say('alice', 'STOP 000000', /Wrong code/);
    await say('alice', `STOP llm ${whole.alice.code()}`, /SEVERED llm/);
    whole.clock.advance(30);
    await say('bob', `STOP agent ${whole.bob.code()}`, /SEVERED agent/);

    const preview = await get<RestorePreviewAnswer>('/api/v1/scopes/llm/restore');
    expect(preview).toMatchObject({ routes: [], warnings: [], operators: 1 });
    expect(preview.stays.map(({ id, why }) => `${id}: ${why}`)).toEqual(
      ['chat', 'embeddings', 'fallback'].map((id) => `${id}: agent is severed, too, and holds it`),
    );
    const open = await story();
    expect(open).not.toHaveProperty('closedAt');
    expect(open.objects.length).toBeGreaterThan(0);
    for (const { restored } of open.objects) expect(restored).toBe(false);

    whole.clock.advance(30);
    await say('bob', `RESTORE agent ${whole.bob.code()}`, /RESTORED agent/);
    const rest = await get<RestorePreviewAnswer>('/api/v1/scopes/llm/restore');
    expect(rest.routes.map(({ id, how }) => [id, how])).toEqual(
      ['chat', 'embeddings', 'fallback'].map((id) => [id, method]),
    );
    await say('alice', `RESTORE llm 000000`, /Wrong code/);
    await say('alice', `RESTORE llm ${whole.alice.code()}`, /RESTORED llm/);

    await until(async () => (await story()).timeline.filter(({ kind }) => kind === 'reply').length === 2);
    const told = await story();
    expect(told.timeline.filter(({ kind }) => kind === 'reply').map(({ text }) => text)).toEqual([
      expect.stringMatching(/^alice was told: SEVERED llm: 3 routes refused/),
      expect.stringMatching(/^alice was told: RESTORED llm/),
    ]);
    expect(told).toMatchObject({ number: 1, scope: 'llm', openedBy: 'alice', orders: [1, 4] });
    expect(told.timeline.filter(({ kind }) => kind !== 'write' && kind !== 'reply').map(({ text }) => text)).toEqual([
      'alice ordered to sever llm by text message: order 1.',
      'llm was seen severed on 1 gateway, 3 routes refused.',
      'alice could not restore llm by text message: code wrong.',
      'alice ordered to restore llm by text message: order 4.',
      'llm was seen served again on 1 gateway.',
    ]);
    expect(
      told.timeline.some(({ kind, who, afterMs }) => kind === 'write' && who === 'apisix main' && afterMs >= 0),
    ).toBe(true);
    expect(told.objects.map(({ gateway, object, restored }) => [gateway, object, restored])).toEqual(
      method === 'clamp'
        ? [['main', 'global_rules/pullcord-clamp', true]]
        : ['chat', 'embeddings', 'fallback', 'tools'].map((id) => ['main', `routes/${id}`, true]),
    );
    const [first] = told.objects;
    if (method === 'clamp')
      expect(first?.changes).toContainEqual({
        path: '/plugins/fault-injection/abort/vars/0/0/2',
        ...{ before: ['-none-'], after: ['chat', 'embeddings', 'fallback'] },
      });
    else
      expect(first?.changes).toMatchObject([
        { path: '/plugins/fault-injection', after: { abort: { http_status: 503 } } },
      ]);
    const lines = await get('/api/v1/ledger?limit=1000');
    expect(JSON.stringify(lines)).not.toContain(SECRET);
    expect(await get('/api/v1/ledger/verify')).toMatchObject({ ok: true });
  },
  120_000,
);
