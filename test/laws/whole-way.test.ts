import { differences, everything } from '../../src/sandbox/everything';
import { startRogueAgent } from '../../src/sandbox/rogue-agent';
import { until } from '../support/until';
import { startWhole, type Whole } from '../support/whole';

const AGENTS = ['/v1/embeddings', '/v1/chat/completions', '/fallback/x', '/tools/x'];
const OTHER = '/health/liveliness';

let whole: Whole;
afterEach(() => whole.close());

/** The reply to a text, by whichever way it comes. */
async function say(who: 'alice' | 'bob', text: (code: string) => string, pattern = /./): Promise<string> {
  const { phone, code } = whole[who];
  await whole.phone.text(phone, text(code()));
  return whole.phone.expectReply(phone, pattern, 10_000);
}
const stop = (who: 'alice' | 'bob' = 'alice', scope = '') => say(who, (code) => `STOP ${scope} ${code}`, /SEVERED/);
const restore = (who: 'alice' | 'bob' = 'bob', scope = '') =>
  say(who, (code) => `RESTORE ${scope} ${code}`, /RESTORED/);

describe.each(['clamp', 'rewrite'] as const)('the whole way, from the phone to the gateway, by %s', (method) => {
  beforeEach(async () => {
    whole = await startWhole({ gateway: { method } });
  });

  it('law 6, exact: a text cuts the agent off and another puts every object back as it was', async () => {
    const before = await everything(whole);
    expect(await stop()).toMatch(/^SEVERED agent: \d+ routes refused on 1 gateway, seen after [\d.]+ s\. Order 1\./);
    for (const path of AGENTS) expect([path, await whole.status(path)]).toEqual([path, 503]);
    expect(await whole.status(OTHER)).toBe(200);

    expect(await restore()).toMatch(/^RESTORED agent: .*Order 2\./);
    for (const path of AGENTS) expect([path, await whole.status(path)]).not.toEqual([path, 503]);
    const after = await everything(whole);
    if (method === 'clamp') expect(differences(before, after)).toEqual([]);
    else {
      // A rewritten route was written to: etcd's index grows. Every field is what it was.
      const fields = (objects: typeof before) =>
        [...objects].map(([name, json]) => [name, JSON.parse(json).value ?? json]);
      expect(fields(after)).toEqual(fields(before));
    }
  });

  it('a route is cut until every scope that holds it is restored, and what was off stays off', async () => {
    await stop('alice', 'agent');
    await stop('bob', 'llm');
    whole.clock.advance(30);
    await restore('alice', 'agent');
    expect(await whole.status('/v1/embeddings')).toBe(503);
    expect(await whole.status('/fallback/x')).toBe(503);
    expect(await whole.status('/tools/x')).not.toBe(503);
    whole.clock.advance(30);
    await restore('bob', 'llm');
    expect(await whole.status('/v1/embeddings')).not.toBe(503);
    expect(await whole.status('/old/x')).toBe(404);
  });

  it('law 2, latched: a restart keeps the cut, and what is synced back from elsewhere is cut again', async () => {
    await stop();
    const objects = [
      ['routes/tools', { uri: '/tools/*', labels: { agent: 'openclaw' }, upstream_id: 'litellm' }],
    ] as const;
    await whole.restart();
    expect(await whole.status('/tools/x')).toBe(503);
    if (method === 'clamp') await whole.admin('DELETE', 'global_rules/pullcord-clamp');
    for (const [path, body] of objects) await whole.admin('PUT', path, body);
    await whole.admin('PUT', 'routes/brand-new', {
      uri: '/new/*',
      labels: { agent: 'openclaw' },
      upstream_id: 'litellm',
    });
    await until(async () => (await whole.status('/tools/x')) === 503);
    await until(async () => (await whole.status('/new/x')) === 503);
  });
});

describe('the whole way', () => {
  it('an open stream ends with an event that says so, and the model stops generating', async () => {
    whole = await startWhole();
    const headers = { authorization: `Bearer ${whole.litellm.addKey('openclaw').key}` };
    const agent = startRogueAgent({ url: whole.apisix.gatewayUrl, headers });
    try {
      await agent.waitFor(({ tokens }) => tokens > 3);
      await stop();
      const { ends } = await agent.waitFor((state) => state.refused > 0);
      expect(ends[0]?.how).toBe('error-event');
      await until(() => whole.litellm.open().length === 0);
      await restore();
      await agent.waitFor(({ streams }) => streams > 1);
    } finally {
      await agent.stop();
    }
  });

  it('law 5, seen and not assumed: a gateway that has not heard of it is named, and severed is said when it has', async () => {
    whole = await startWhole({
      apisix: { nodes: 2 },
      config: {
        ...{ scopes: { agent: { routes: [{ all: true }] } } },
        bounds: { replyMs: 500 },
        enforcer: { periodSeconds: 1 },
      },
      gateway: { method: 'clamp' },
    });
    await whole.apisix.faults.gateway(1, 'deaf');
    const first = await say('alice', (code) => `STOP ${code}`);
    expect(first).toMatch(/^SEVERING agent, order 1: not yet seen everywhere/);
    await whole.apisix.faults.clear();
    expect(await whole.phone.expectReply(whole.alice.phone, /^SEVERED agent/, 5_000)).toContain('Order 1.');
  });

  it('ends in time, and says nothing more, while somebody still waits for a result', async () => {
    whole = await startWhole({
      config: {
        ...{ scopes: { agent: { routes: [{ all: true }] } } },
        bounds: { replyMs: 500 },
        enforcer: { periodSeconds: 1 },
      },
      gateway: { method: 'clamp' },
    });
    await whole.apisix.faults.gateway(0, 'deaf');
    await say('alice', (code) => `STOP ${code}`, /^SEVERING agent/);
    const began = performance.now();
    await whole.pullcord.close();
    expect(performance.now() - began).toBeLessThan(5_000);
    await whole.apisix.faults.clear();
    await whole.restart();
    expect(await whole.phone.expectReply(whole.alice.phone, /agent/, 5_000)).toMatch(/^SEVERED agent/);
  });

  it('law 7, supervised: a way that breaks is an alarm before anybody needs it, and is told again when it is whole', async () => {
    whole = await startWhole({ troubleGraceMs: 100 });
    const ready = async () =>
      ((await (await fetch(`${whole.pullcord.internalUrl}/readyz`)).json()) as { state: string }).state;
    await until(async () => (await ready()) === 'armed');
    whole.apisix.faults.answer(401);
    expect(await whole.phone.expectReply(whole.alice.phone, /apisix main.*key/i, 5_000)).toBeDefined();
    expect(await ready()).toBe('disarmed');
    await whole.apisix.faults.clear();
    await whole.phone.expectReply(whole.alice.phone, /as it should be/, 5_000);
    expect(await ready()).toBe('armed');
  });

  it('law 1, stop wins: while a restore waits for a hanging Admin API, a stop overtakes it', async () => {
    whole = await startWhole({
      config: {
        scopes: { agent: { routes: [{ all: true }] } },
        bounds: { replyMs: 500 },
        enforcer: { periodSeconds: 1 },
      },
    });
    await stop();
    whole.apisix.faults.hang({ applied: true });
    await say('bob', (code) => `RESTORE ${code}`, /RESTOR/);
    whole.clock.advance(30);
    const again = say('alice', (code) => `STOP ${code}`, /SEVERED/);
    await whole.apisix.faults.clear();
    await again;
    await until(async () => (await whole.status(OTHER)) === 503);
    expect(await whole.phone.expectReply(whole.bob.phone, /overtaken/, 5_000)).toContain('order 2');
  });

  it('what is forged, replayed or sent by a stranger cuts nothing and gets no word', async () => {
    whole = await startWhole();
    const stranger = await whole.phone.text('+15550100099', `STOP ${whole.alice.code()}`);
    expect(stranger).toMatchObject({ status: 200 });
    expect(stranger.reply).toBeUndefined();
    const forged = await fetch(`${whole.pullcord.publicUrl}/sms/twilio`, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        'x-twilio-signature': 'AAAAAAAAAAAAAAAAAAAAAAAAAAA=',
      },
      body: new URLSearchParams({ From: whole.alice.phone, Body: `STOP ${whole.alice.code()}` }),
    });
    expect([forged.status, await forged.text()]).toEqual([403, '']);
    expect(await whole.status('/v1/embeddings')).not.toBe(503);

    const { messageSid } = await whole.phone.text(whole.alice.phone, `STOP ${whole.alice.code()}`);
    await restore();
    await whole.restart();
    const again = await whole.phone.again(messageSid);
    expect(again.reply).toContain('overtaken');
    expect(await whole.status('/v1/embeddings')).not.toBe(503);
  });

  it('a printed backup code stops from any phone, once, and all operators hear of it', async () => {
    whole = await startWhole();
    const [code] = whole.alice.backupCodes;
    const { reply } = await whole.phone.text('+15550100099', `stop ${code}`);
    expect(reply).toContain('SEVERED agent');
    expect(await whole.phone.expectReply(whole.bob.phone, /backup code/i, 5_000)).toBeDefined();
    whole.clock.advance(30);
    await restore();
    expect((await whole.phone.text('+15550100098', `stop ${code}`)).reply).toBeUndefined();
    expect(await whole.status('/v1/embeddings')).not.toBe(503);
  });
});
