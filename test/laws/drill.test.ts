import { DRILL_PHONE } from '../../src/orders/drill';
import { type Apisix, startApisix } from '../../src/sandbox/apisix';
import { differences, everything } from '../../src/sandbox/everything';
import { gatewayScopes } from '../../src/sandbox/gateway-objects';
import { type RogueAgent, startRogueAgent } from '../../src/sandbox/rogue-agent';
import { stepNames } from '../../src/supervision/drill/report';
import { type Drillground, startDrillground, stepsOf } from '../support/drill';
import { type Receiver, startReceiver } from '../support/receiver';
import { until } from '../support/until';

/** Law 7, supervised: the way is rehearsed on a canary route, and a broken one is found before it is needed. */

// Each starts a whole installation, and some drill several times.
jest.setTimeout(40_000);

const ALL = stepNames.filter((name) => name !== 'leftovers');
/** The one write that cuts and gives back. */
const CLAMP = /global_rules\/pullcord-clamp$/;
const CANARY = /routes\/pullcord-drill$/;
const NUMBER = '+15550100100';
const ACCOUNT = `AC${'0'.repeat(31)}1`;

let ground: Drillground;
let receiver: Receiver;
beforeEach(async () => {
  receiver = await startReceiver();
});
afterEach(async () => {
  await ground.close();
  await receiver.close();
});

const told = (): unknown[] => receiver.received.map(({ body }) => body.kind);
const telling = () => ({ webhooks: [{ url: receiver.url }] });
const canaries = async (): Promise<string[]> =>
  [...(await everything(ground.whole)).keys()].filter((name) => CANARY.test(name));
const scopesNow = async (): Promise<unknown> => (await ground.call('GET', '/api/v1/scopes')).json.scopes;

describe('a drill on two gateways', () => {
  let second: Apisix;
  let agent: RogueAgent;
  afterEach(async () => {
    await agent.stop();
    await second.close();
  });

  it('sees the whole way, cuts nothing else, tells only of itself, and leaves all as it was', async () => {
    second = await startApisix();
    const { adminUrl, adminKey, gatewayUrls } = second;
    ground = await startDrillground({
      apisix: { nodes: 2 },
      moreGateways: { other: { adminUrl, adminKey, gatewayUrls: [...gatewayUrls] } },
      config: {
        ...{ scopes: { agent: { routes: [{ all: true }] }, llm: gatewayScopes.llm }, notify: telling() },
        restore: { operators: 2 },
        cutters: { webhooks: [{ name: 'other', url: receiver.url, required: true }] },
      },
    });
    const { whole } = ground;
    const headers = { authorization: `Bearer ${whole.litellm.addKey('openclaw').key}` };
    agent = startRogueAgent({ url: whole.apisix.gatewayUrl, headers });
    await agent.waitFor(({ tokens }) => tokens > 0);
    const before = await everything(whole);

    const first = await ground.drill();
    expect(first).toMatchObject({ state: 'passed', by: 'token:n8n', steps: expect.any(Array) });
    expect(first).not.toHaveProperty('compared');
    expect(stepsOf(first)).toEqual(ALL);
    for (const gateway of ['main', 'other'])
      expect(first.steps.filter((step) => step.gateway === gateway).map(({ name }) => name)).toEqual(
        ALL.filter((name) => !['twilio', 'stop', 'severed', 'restore', 'restored'].includes(name)),
      );
    expect(first.text).toMatch(/^Drill passed on 2 gateways in \d+\.\d s: severed after .* restored after /);
    expect(first.steps.find(({ name }) => name === 'stop')?.detail).toMatch(
      /^by the own listener, for from here publicUrl can't be reached .*SEVERED drill: 2 routes refused on 2 gateways/,
    );
    expect(differences(before, await everything(whole))).toEqual([]);

    const later = await ground.drill();
    expect(later).toMatchObject({ state: 'passed', compared: { drills: 1, medianMs: first.ms } });
    expect(differences(before, await everything(whole))).toEqual([]);

    const tokens = agent.state.tokens;
    await agent.waitFor((state) => state.tokens > tokens);
    expect(agent.state).toMatchObject({ streams: 1, refused: 0, ends: [] });
    expect([...agent.state.failed]).toEqual([]);

    await until(() => receiver.received.length === 2);
    const reports = [first, later].map((report) => ({ kind: 'drill', text: report.text, drill: report }));
    expect(receiver.received.map(({ body }) => body)).toMatchObject(reports);
    for (const { phone } of [whole.alice, whole.bob, { phone: DRILL_PHONE }])
      await expect(whole.phone.expectReply(phone, /./, 50)).rejects.toThrow();

    expect(await scopesNow()).toEqual([
      expect.objectContaining({ scope: 'agent', state: 'live', order: 0 }),
      expect.objectContaining({ scope: 'llm', state: 'live', order: 0 }),
    ]);
    const { orders } = (await ground.call('GET', '/api/v1/orders')).json;
    expect(orders).toMatchObject(
      ['restore', 'sever', 'restore', 'sever'].map((action) => ({
        action,
        scope: 'drill',
        by: 'drill',
        source: 'sms',
      })),
    );
    const { drills } = (await ground.call('GET', '/api/v1/drills')).json;
    expect(drills).toEqual([later, first]);
    const { lines } = (await ground.call('GET', '/api/v1/ledger')).json as { lines: { kind: string; data: object }[] };
    expect(lines.filter(({ kind }) => kind === 'drill').map(({ data }) => data)).toMatchObject(
      [first, first, later, later].map(({ id }, i) => ({ id, state: i % 2 === 0 ? 'running' : 'passed' })),
    );
    expect((await ground.call('GET', '/api/v1/ledger/verify')).json).toMatchObject({ ok: true });
  }, 90_000);
});

describe('a drill', () => {
  it.each(['clamp', 'rewrite'] as const)('passes where routes are cut by %s', async (method) => {
    ground = await startDrillground({ gateway: { method } });
    const before = await everything(ground.whole);
    const report = await ground.drill();
    expect(report.state).toBe('passed');
    const ofStreams = ['stream', 'stream-ended'];
    expect(stepsOf(report)).toEqual(method === 'clamp' ? ALL : ALL.filter((name) => !ofStreams.includes(name)));
    if (method === 'rewrite')
      expect(report.steps[0]).toMatchObject({ name: 'gateway', detail: expect.stringContaining('not rehearsed') });
    expect(differences(before, await everything(ground.whole))).toEqual([]);
  });

  it('without a provider of texts orders over the desk, and says what was not rehearsed', async () => {
    ground = await startDrillground({ config: { sms: {} } });
    const report = await ground.drill();
    expect(report.state).toBe('passed');
    expect(stepsOf(report)).toEqual(ALL.filter((name) => name !== 'twilio'));
    for (const name of ['stop', 'restore'])
      expect(report.steps.find((step) => step.name === name)?.detail).toContain('was not rehearsed');
    const { orders } = (await ground.call('GET', '/api/v1/orders')).json;
    expect(orders).toMatchObject([{ source: 'drill' }, { source: 'drill' }]);
  });

  it('fails when Twilio refuses the auth token, though the cut works, and tells it', async () => {
    const sms = { twilio: { accountSid: ACCOUNT, authTokens: ['rotated-since'], numbers: [NUMBER] } };
    ground = await startDrillground({ config: { sms, notify: telling() } });
    const report = await ground.drill();
    expect(stepsOf(report)).toEqual(ALL.map((name) => (name === 'twilio' ? '!twilio' : name)));
    expect(report).toMatchObject({
      state: 'failed',
      text: expect.stringMatching(/^Drill FAILED at twilio: .*authTokens/),
    });
    await until(() => told().includes('drill'));
    expect(receiver.received.at(-1)?.body).toMatchObject({ drill: { state: 'failed', id: report.id } });
  });

  it('fails where the clamp can not be armed, though the rewriting cuts, and texts it to the operators', async () => {
    ground = await startDrillground();
    const rule = { plugins: { 'fault-injection': { abort: { http_status: 418, vars: [[['uri', '==', '/x']]] } } } };
    await ground.whole.admin('DELETE', 'global_rules/pullcord-clamp');
    await ground.whole.admin('PUT', 'global_rules/somebody', rule);
    await until(async () => (await fetch(`${ground.whole.pullcord.internalUrl}/readyz`)).ok);
    const before = await everything(ground.whole);
    const report = await ground.drill();
    expect(stepsOf(report)).toContain('!gateway');
    expect(stepsOf(report).filter((name) => name.startsWith('!'))).toEqual(['!gateway']);
    expect(report.text).toMatch(/^Drill FAILED at gateway \(main\): the clamp is not armed: .*somebody/);
    const { phone, alice } = ground.whole;
    expect(await phone.expectReply(alice.phone, /Drill FAILED/)).toContain('clamp');
    expect(differences(before, await everything(ground.whole))).toEqual([]);
  });

  it('fails where a gateway does not refuse, fires no last resort, and cleans up', async () => {
    const lastResort = { afterSeconds: 1, webhook: receiver.url };
    ground = await startDrillground({
      ...{ apisix: { nodes: 2 }, gateway: { climbAfterMs: 500 }, drillStepMs: 5_000 },
      config: { lastResort, notify: { sms: false } },
    });
    const { faults } = ground.whole.apisix;
    const before = await everything(ground.whole);
    let deafened: Promise<void> | undefined;
    faults.answer(500, {
      match: (method, path) => {
        if (method === 'PATCH' && CLAMP.test(path)) deafened ??= faults.gateway(1, 'deaf');
        return false;
      },
    });
    const report = await ground.drill();
    expect(deafened).toBeDefined();
    expect(report.state).toBe('failed');
    expect(report.text).toMatch(/^Drill FAILED at severed: gateway http:\/\/127.* still serves drill/);
    expect(stepsOf(report).slice(-4)).toEqual(['!severed', 'restored', 'removed', 'compared']);
    await faults.clear();
    expect(differences(before, await everything(ground.whole))).toEqual([]);
    expect(await scopesNow()).toHaveLength(3);
    expect(receiver.received).toEqual([]);
  });

  it('law 6: fails when something else on the gateway is not what it was', async () => {
    ground = await startDrillground({ config: { notify: { sms: false } } });
    const { apisix, admin } = ground.whole;
    let written: Promise<unknown> | undefined;
    apisix.faults.answer(500, {
      match: (method, path) => {
        if (method === 'PATCH' && CLAMP.test(path)) written ??= admin('PATCH', 'routes/home', { desc: 'another' });
        return false;
      },
    });
    const report = await ground.drill();
    await written;
    expect(stepsOf(report)).toEqual(ALL.map((name) => (name === 'compared' ? '!compared' : name)));
    expect(report.text).toMatch(/^Drill FAILED at compared \(main\): not what it was: routes\/home\./);
  });

  it('is broken off by a real STOP, which loses nothing by it', async () => {
    ground = await startDrillground({ config: { notify: { ...telling(), sms: false } } });
    const { apisix, alice, phone } = ground.whole;
    const before = await everything(ground.whole);
    let stopped: Promise<unknown> | undefined;
    apisix.faults.answer(500, {
      match: (method, path) => {
        if (method === 'PUT' && CANARY.test(path)) stopped ??= phone.text(alice.phone, `STOP ${alice.code()}`);
        return false;
      },
    });
    const report = await ground.report(await ground.begin());
    expect(await stopped).toMatchObject({ reply: expect.stringMatching(/^SEVERED agent/) });
    expect(report).toMatchObject({ state: 'failed' });
    expect(report.text).toMatch(/^Drill broken off: (order \d+ came, to sever agent|agent is sever)/);
    expect(await canaries()).toEqual([]);
    expect(await scopesNow()).toEqual([
      expect.objectContaining({ scope: 'agent', state: 'severed' }),
      expect.objectContaining({ scope: 'llm', state: 'live' }),
      expect.objectContaining({ scope: 'fallback', state: 'live' }),
    ]);
    expect(await ground.whole.status('/tools/x')).toBe(503);
    expect(await ground.call('POST', '/api/v1/drills')).toMatchObject({ status: 409, json: { reason: 'not-now' } });

    ground.whole.clock.advance(30);
    const { bob } = ground.whole;
    expect(await phone.text(bob.phone, `RESTORE ${bob.code()}`)).toMatchObject({
      reply: expect.stringMatching(/^RESTORED/),
    });
    expect(differences(before, await everything(ground.whole))).toEqual([]);
  });

  it('that died is cleaned up by the next start, and told', async () => {
    ground = await startDrillground({ config: { notify: { ...telling(), sms: false } } });
    const { apisix } = ground.whole;
    const before = await everything(ground.whole);
    // The write that gives back gets no answer: the drill hangs there, with the canary cut.
    let writes = 0;
    apisix.faults.hang({ match: (method, path) => method === 'PATCH' && CLAMP.test(path) && ++writes === 2 });
    const id = await ground.begin();
    await until(() => writes === 2);
    expect(await canaries()).toHaveLength(1);
    ground.whole.clock.advance(60);
    const restarting = ground.whole.restart();
    await apisix.faults.clear();
    await restarting;
    await until(async () => (await canaries()).length === 0);
    expect(await ground.report(id)).toMatchObject({ state: 'failed', text: expect.stringContaining('broken off') });
    expect(differences(before, await everything(ground.whole))).toEqual([]);
    expect(await scopesNow()).toHaveLength(3);
    ground.whole.clock.advance(60);
    expect(await ground.drill()).toMatchObject({ state: 'passed' });
  });

  it('is one at a time, and none begins while a scope is cut', async () => {
    ground = await startDrillground();
    const begun = await Promise.all([0, 1, 2].map(() => ground.call('POST', '/api/v1/drills')));
    expect(begun.map(({ status }) => status).sort()).toEqual([202, 409, 409]);
    const id = begun.find(({ status }) => status === 202)?.json.id;
    expect(await ground.report(String(id))).toMatchObject({ state: 'passed' });

    await ground.call('POST', '/api/v1/orders?wait=10', { action: 'sever', scope: 'fallback' });
    const { status, json } = await ground.call('POST', '/api/v1/drills');
    expect([status, json.reason, json.detail]).toEqual([
      409,
      'not-now',
      expect.stringContaining('fallback is severed'),
    ]);
    expect(await canaries()).toEqual([]);
  });
});
