import type { Line } from '../../src/ledger/store';
import { NOW, type Rig, SEVERED_AT, startRig } from './rig';

/** Keys, scopes and requests. */

let rig: Rig;
let key: { key: string; hash: string };
const short = (): string => `key ${key.hash.slice(0, 8)}`;
const line = (kind: Line['kind'], data: object): Line => ({
  seq: 7,
  at: SEVERED_AT,
  kind,
  data: { ...data },
  hash: '',
});

beforeEach(async () => {
  rig = await startRig(({ litellm }) => {
    key = litellm.addKey('research-bot', undefined, { spend: 1, max_budget: 5 });
    return {
      cutters: { litellm: [{ url: litellm.url, adminKey: litellm.masterKey, keys: [key.hash], scopes: ['agent'] }] },
    };
  });
  const upstream = { type: 'roundrobin', nodes: { [`127.0.0.1:${rig.upstream.port}`]: 1 } };
  await rig.put('routes/chat', { uri: '/v1/*', upstream, labels: { agent: 'x' } });
  await rig.put('routes/post', { uri: '/gen', methods: ['POST'], upstream, labels: { agent: 'x' } });
  await rig.clamp();
});
afterEach(async () => {
  const generated =
    rig.litellm.completions.length + rig.upstream.requests.filter(({ method }) => method !== 'HEAD').length;
  const calls = rig.litellm.requests.filter((one) => !/^GET \/key\/(info|list)$/.test(one));
  await rig.close();
  expect([generated, calls]).toEqual([0, []]);
});

const blockedByPullcord = (note = 'blocked') => {
  rig.litellm.setBlocked(key.hash, true);
  rig.paper.kept.set(`litellm ${new URL(rig.litellm.url).host} ${key.hash}`, note);
};

describe('a key', () => {
  it.each(['clear', 'hash', 'alias'] as const)('told by its %s is let pass, and never repeated', async (how) => {
    const found = await rig.ask(how === 'clear' ? key.key : how === 'hash' ? key.hash : 'research-bot');
    expect(found).toMatchObject({ kind: 'key', refused: false, subject: how === 'alias' ? 'research-bot' : key.hash });
    expect(JSON.stringify(found)).not.toContain(key.key);
    expect(JSON.stringify(found)).not.toContain(rig.litellm.masterKey);
  });

  it('blocked by Pullcord', async () => {
    blockedByPullcord();
    rig.paper.sever('agent');
    expect(await rig.ask(key.hash)).toMatchObject({
      ...{ refused: true, by: 'litellm' },
      answer: expect.stringMatching(
        /^Pullcord refuses: scope agent was severed at 02:13 UTC by ana \(SMS, order 41, incident 41\)\. Besides: LiteLLM \(.*\) refuses key .{8}: it is blocked, by Pullcord\.$/,
      ),
    });
  });

  it('blocked by somebody else, although Pullcord could have', async () => {
    rig.litellm.setBlocked(key.hash, true);
    expect(await rig.ask('research-bot')).toMatchObject({
      ...{ refused: true, by: 'litellm' },
      answer: `LiteLLM (${new URL(rig.litellm.url).host}) refuses ${short()}: it is blocked, and not by Pullcord.`,
      todo: expect.stringContaining('/key/unblock'),
    });
  });

  it.each([
    ['a block that was sent, and not seen', () => blockedByPullcord('blocking'), 'cannot be shown'],
    [
      'a ledger that does not answer',
      () => {
        blockedByPullcord();
        rig.paper.dead = true;
      },
      'whether by Pullcord could not be read',
    ],
  ])('in doubt, nobody is named: %s', async (_what, arrange, says) => {
    arrange();
    expect(await rig.ask(key.hash)).toMatchObject({
      refused: true,
      by: 'litellm',
      answer: expect.stringContaining(says),
    });
  });

  it.each([
    [
      { spend: 5.5, budget_reset_at: '2026-11-27T00:00:00Z' },
      'its budget is used up ($5.50 of $5.00)',
      'begins anew at 2026-11-27 00:00 UTC',
    ],
    [{ expires: '2026-11-26T02:00:00' }, 'it expired at 02:00 UTC', 'later end'],
  ])('%j', async (change, says, todo) => {
    rig.litellm.changeKey(key.hash, change);
    expect(await rig.ask(key.hash)).toMatchObject({
      ...{ refused: true, by: 'litellm', answer: expect.stringContaining(says), todo: expect.stringContaining(todo) },
    });
  });

  it('that LiteLLM does not have is refused by it; an alias that it does not have is in doubt', async () => {
    expect(await rig.ask('f'.repeat(64))).toMatchObject({
      refused: true,
      answer: expect.stringContaining('no such key'),
    });
    const found = await rig.ask('nobody-s-bot');
    expect([found.refused, found.answer]).toEqual([
      undefined,
      expect.stringContaining('No LiteLLM has a key that is called so'),
    ]);
  });

  it('whose scope is severed is refused at the gateway, whatever LiteLLM says', async () => {
    rig.paper.sever('agent');
    expect(await rig.ask(key.hash)).toMatchObject({ refused: true, by: 'ledger' });
  });

  it('that belongs to no scope is not cleared while one is severed', async () => {
    const { hash } = rig.litellm.addKey('other');
    rig.paper.sever('agent');
    const found = await rig.ask(hash);
    expect([found.refused, found.answer]).toEqual([undefined, expect.stringContaining('Severed now: agent.')]);
  });

  it.each([
    ['dead', () => rig.litellm.close(), 'cannot be reached (ECONNREFUSED)'],
    ['out of order', async () => rig.litellm.fail('/key/info', 'error'), 'LiteLLM answered 500'],
    ['silent', async () => rig.litellm.fail('/key/info', 'silence'), 'no answer in 1000 ms'],
  ])('LiteLLM is %s: nobody is cleared', async (_how, arrange, says) => {
    await arrange();
    const found = await rig.ask(key.hash);
    expect([found.refused, found.answer]).toEqual([undefined, expect.stringContaining(says)]);
  });
});

describe('a scope', () => {
  it('that is live passes, as far as it can be asked', async () => {
    const found = await rig.ask('agent');
    expect(found).toMatchObject({ kind: 'scope', refused: false });
    expect(rig.upstream.requests.map(({ method, path }) => `${method} ${path}`)).toEqual(['HEAD /v1/pullcord-probe']);
  });

  it('that is severed', async () => {
    await rig.clamp('chat', 'post');
    rig.paper.sever('agent');
    blockedByPullcord();
    const found = await rig.ask('agent');
    expect(found).toMatchObject({
      refused: true,
      by: 'clamp',
      answer: expect.stringMatching(/^Pullcord refuses: scope agent was severed/),
    });
    expect(found.findings.map(({ layer, verdict }) => `${layer} ${verdict}`)).toEqual([
      ...['gateway refuses', 'routes passes', 'clamp refuses', 'guard skipped', 'litellm refuses', 'ledger refuses'],
    ]);
  });

  it('of which a part is cut behind its back', async () => {
    await rig.clamp('post');
    expect(await rig.ask('agent')).toMatchObject({
      ...{ refused: true, by: 'clamp' },
      answer: expect.stringContaining('Gateway main was still seen to let it through.'),
      findings: expect.arrayContaining([
        expect.objectContaining({ layer: 'clamp', text: 'The clamp names route post (1 of 2).' }),
      ]),
    });
  });

  it('there is none of', async () => {
    expect(await rig.raw('nobody', 'scope')).toEqual({ fault: expect.stringContaining('agent, tools') });
  });
});

describe('a request', () => {
  const ID = '3f2b8c1e-9a0d-4c55-8f6e-2b7d1c9e0a11';
  it('that Pullcord refused at its own door is told with the reason in words', async () => {
    rig.paper.lines = [
      line('refusal', {
        reason: 'code-used',
        door: 'api',
        by: 'ana',
        action: 'restore',
        scope: 'agent',
        correlation: ID,
      }),
    ];
    expect(await rig.ask(ID)).toMatchObject({
      ...{ kind: 'request', refused: true, by: 'ledger' },
      answer:
        'Pullcord itself refused this request (restore of agent) from ana at its door api at 02:13 UTC: code-used. This code was used already. Wait for the next 6 digits and text again.',
    });
  });

  it('that became an order', async () => {
    rig.paper.lines = [line('order', { number: 41, action: 'sever', scope: 'agent', by: 'ana', correlation: ID })];
    expect(await rig.ask(ID)).toMatchObject({
      ...{ refused: false, answer: 'At 02:13 UTC Pullcord accepted it: order 41, sever of agent by ana.' },
    });
  });

  it('that Pullcord knows nothing of is not cleared, and what is severed is told', async () => {
    rig.paper.sever('agent', { since: NOW });
    const found = await rig.ask(ID);
    expect([found.refused, found.answer]).toEqual([
      undefined,
      expect.stringMatching(/No order and no refusal.*Severed now: agent/),
    ]);
    expect(found.todo).toContain('Ask by the path');
    rig.paper.dead = true;
    expect((await rig.ask(ID)).answer).toContain('The ledger could not be read');
  });
});
