import { signature } from '../../src/signature';
import { credentialOf, STARTS_MS, startTokenWhole } from '../support/n8n/pullcord';
import { startWorkflow, type TriggerParameters, type Workflow } from '../support/n8n/trigger';
import { until } from '../support/until';
import type { Whole } from '../support/whole';

/** The trigger, subscribed with a whole Pullcord that really delivers, in a stand-in for n8n that really listens. */

let whole: Whole;
let workflows: Workflow[];
beforeAll(async () => {
  whole = await startTokenWhole();
}, STARTS_MS);
afterAll(() => whole.close());
beforeEach(() => {
  workflows = [];
});
afterEach(async () => {
  for (const { id } of await subscriptions()) await api('DELETE', `subscriptions/${String(id)}`);
  await Promise.all(workflows.map((workflow) => workflow.close()));
});

const start = async (parameters: TriggerParameters, token = 'events'): Promise<Workflow> => {
  const workflow = await startWorkflow(() => credentialOf(whole, token), parameters);
  workflows.push(workflow);
  return workflow;
};
const api = async (method: string, path: string, token = 'events', body?: unknown) => {
  const { baseUrl, token: secret } = credentialOf(whole, token);
  const answer = await fetch(`${String(baseUrl)}/api/v1/${path}`, {
    method,
    headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return answer.status === 204 ? {} : ((await answer.json()) as Record<string, unknown>);
};
const subscriptions = async (token = 'events') =>
  (await api('GET', 'subscriptions', token)).subscriptions as Record<string, unknown>[];
const sever = (scope = 'agent') => api('POST', 'orders?wait=10', 'stop', { action: 'sever', scope, reason: 'runaway' });
const types = (workflow: Workflow) => workflow.executions.map(({ type }) => type);

describe('lifecycle', () => {
  it('creates what isn’t there, finds what is, and ends it', async () => {
    const workflow = await start({ events: ['severed', 'trouble'], scopes: ' agent, llm ,' });
    expect(await workflow.hook('checkExists')).toBe(false);
    expect(workflow.sent).toEqual([]);
    await workflow.activate();
    const [made] = await subscriptions();
    expect(made).toMatchObject({ url: workflow.url, events: ['severed', 'trouble'], scopes: ['agent', 'llm'] });
    expect(workflow.staticData).toEqual({
      id: made?.id,
      url: workflow.url,
      secret: expect.stringMatching(/^[\w-]{43}$/),
    });

    workflow.sent.length = 0;
    await workflow.activate();
    expect(workflow.sent.map(({ method }) => method)).toEqual(['GET']);

    expect(await workflow.hook('delete')).toBe(true);
    expect(await subscriptions()).toEqual([]);
    expect(workflow.staticData).toEqual({});
    expect(await workflow.hook('delete')).toBe(true);
  });

  it.each([
    ['other events', { events: ['restored'] }],
    ['other scopes', { scopes: 'llm' }],
    ['all scopes', { scopes: '' }],
  ])('replaces the subscription when the node is set to %s', async (_, change) => {
    const parameters = { events: ['severed'], scopes: 'agent' };
    const workflow = await start(parameters);
    await workflow.activate();
    const [before] = await subscriptions();
    Object.assign(parameters, change);
    await workflow.activate();
    const after = await subscriptions();
    expect(after).toEqual([expect.objectContaining({ id: workflow.staticData.id, events: parameters.events })]);
    expect(after[0]?.scopes).toEqual(parameters.scopes === '' ? undefined : [parameters.scopes]);
    expect(after[0]?.id).not.toBe(before?.id);
  });

  it('creates again, in the place of the old one, what Pullcord has lost or n8n has lost', async () => {
    const workflow = await start({ events: ['severed'] });
    await workflow.activate();
    const [{ id } = {}] = await subscriptions();
    await api('DELETE', `subscriptions/${String(id)}`);
    await workflow.activate();
    expect(await subscriptions()).toHaveLength(1);
    const before = workflow.staticData.secret;
    delete workflow.staticData.secret;
    await workflow.activate();
    expect(await subscriptions()).toHaveLength(1);
    expect(workflow.staticData.secret).not.toBe(before);
    await sever();
    await until(() => types(workflow).includes('severed'));
  });

  it('ends what is gone already; and can be switched off, with a warning, while Pullcord is away', async () => {
    const workflow = await start({ events: ['severed'] });
    await workflow.activate();
    await api('DELETE', `subscriptions/${String(workflow.staticData.id)}`);
    expect(await workflow.hook('delete')).toBe(true);
    expect(workflow.staticData).toEqual({});

    const away = await startWorkflow(() => ({ baseUrl: 'http://127.0.0.1:9', token: 'x' }), { events: ['severed'] });
    workflows.push(away);
    Object.assign(away.staticData, { id: 'x', url: away.url, secret: 'y' });
    expect(await away.hook('delete')).toBe(false);
    expect(away.warnings).toEqual([
      expect.stringContaining('The subscription stays with Pullcord: Pullcord cannot be reached'),
    ]);
    expect(away.staticData).toEqual({ id: 'x', url: away.url, secret: 'y' });
    await expect(away.hook('checkExists')).rejects.toMatchObject({
      message: expect.stringContaining('cannot be reached'),
    });
  });

  it.each([
    ['no event', { events: [] }, 'events', 'The Pullcord Trigger has no event to wait for'],
    ['an unknown scope', { events: ['severed'], scopes: 'agnet' }, 'events', 'Pullcord has no such scope'],
    ['a token that may not', { events: ['severed'] }, 'stop', 'The token of this credential lacks the right "events"'],
  ])('doesn’t start with %s, and says why', async (_, parameters, token, message) => {
    const workflow = await start(parameters, token);
    await expect(workflow.hook('create')).rejects.toMatchObject({ message });
    expect(workflow.staticData).toEqual({});
    expect(await subscriptions()).toEqual([]);
  });
});

describe('deliveries', () => {
  it('start the workflow with the event itself, once each, in order; only of the scopes that were asked for', async () => {
    const all = await start({ events: ['severing', 'severed', 'restored'] });
    const few = await start({ events: ['severed'], scopes: 'llm' });
    await Promise.all([all.activate(), few.activate()]);
    await sever();
    await until(() => types(all).includes('severed'));
    await sever('llm');
    await until(() => types(few).includes('severed'));
    expect(all.executions.find(({ type }) => type === 'severed')).toEqual({
      ...{
        id: expect.any(String),
        type: 'severed',
        at: expect.any(String),
        text: expect.stringMatching(/^agent is severed/),
      },
      ...{
        scope: 'agent',
        order: expect.any(Number),
        incident: expect.any(Number),
        source: 'api',
        by: 'token:stop',
        reason: 'runaway',
      },
    });
    expect(few.executions).toEqual([expect.objectContaining({ type: 'severed', scope: 'llm' })]);
    expect([...all.warnings, ...few.warnings]).toEqual([]);
  });

  it('survive a restart of either side', async () => {
    const workflow = await start({ events: ['severed', 'refused'] });
    await workflow.activate();
    workflow.up = false;
    await sever();
    await until(() => workflow.statuses.includes(404));
    await whole.restart();
    workflow.up = true;
    await until(() => types(workflow).includes('severed'), 10_000);
    expect(workflow.warnings).toEqual([]);
  });

  it('that Pullcord did not sign start nothing', async () => {
    const workflow = await start({ events: ['severed'] });
    await workflow.activate();
    const secret = String(workflow.staticData.secret);
    const body = JSON.stringify({ id: '1', type: 'severed', text: 'agent is severed' });
    const now = Math.floor(Date.now() / 1000);
    const post = async (headers: Record<string, string>, sent = body) => {
      const answer = await fetch(workflow.url, { method: 'POST', body: sent, headers });
      return [answer.status, ((await answer.json()) as { error?: string }).error];
    };
    const signed = (at = now, by = secret, over = body) => ({ 'X-Pullcord-Signature': signature(by, over, at) });
    expect(await post(signed(), body.replace('agent', 'agenu'))).toEqual([401, 'signature-wrong']);
    expect(await post(signed(), `${body} `)).toEqual([401, 'signature-wrong']);
    expect(await post(signed(now, `${secret}x`))).toEqual([401, 'signature-wrong']);
    expect(await post(signed(now - 301))).toEqual([401, 'signature-old']);
    expect(await post(signed(now + 310))).toEqual([401, 'signature-old']);
    expect(await post({})).toEqual([401, 'signature-missing']);
    expect(await post(signed(), '')).toEqual([401, 'signature-wrong']);
    delete workflow.staticData.secret;
    expect(await post(signed())).toEqual([401, 'secret-missing']);
    expect(await post(signed(now, ''))).toEqual([401, 'secret-missing']);
    expect(workflow.executions).toEqual([]);
    expect(workflow.warnings).toHaveLength(9);
    expect(JSON.stringify(workflow.warnings)).not.toContain(secret);
    workflow.staticData.secret = secret;
    expect(await post(signed(now - 290))).toEqual([200, undefined]);
    expect(workflow.executions).toEqual([JSON.parse(body)]);
  });
});
