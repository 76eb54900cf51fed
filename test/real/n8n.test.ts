import { until } from '../support/until';
import type { Property } from './parts/n8n-rest';
import { type N8nWithPullcord, startN8nWithPullcord } from './parts/n8n-with-pullcord';
import { createWitness, type Witness } from './parts/n8n-witness';
import { calling, listening } from './parts/n8n-workflows';
import { type OwnModel, startOwnModel } from './parts/own-model';

/**
 * A real n8n with the node and every shipped workflow, beside the whole program. One of each for all tests, which go on
 * from one to the next as a day would.
 */

/** The first start installs n8n and the tools of the node's package. Milliseconds. */
const FIRST_START_MS = 1_500_000;
const PATIENCE_MS = 30_000;
/** Starts, and whatever waits for a minute to pass. Milliseconds. */
const SLOW_MS = 180_000;

/** What was under way when Pullcord was killed is taken up after a minute, and n8n may still be starting. Milliseconds. */
const LEASED_MS = 150_000;

const EVENTS = ['severing', 'severed', 'restored', 'refused', 'tripped', 'warned', 'trouble', 'drill', 'fallback'];
const SHIPPED = ['ask', 'drill', 'fallback', 'morning', 'sms', 'tell-team'].map((name) => `pullcord-${name}`);
const OURS = ['t-events', 't-sever', 't-wrong', 't-relay-severs', 't-order', 't-restore'];

let all: N8nWithPullcord;
let witness: Witness;
let model: OwnModel;
/** When a question was put that nobody answers. */
let asked = 0;

beforeAll(async () => {
  model = await startOwnModel();
  const byPerson = { operator: '={{ $json.body.operator }}', code: '={{ $json.body.code }}' };
  all = await startN8nWithPullcord({
    tokens: { n8n: ['stop', 'status', 'events', 'drill'], 'n8n-relay': ['relay'] },
    credentials: { pullcord: 'n8n', 'pullcord-relay': 'n8n-relay', wrong: 'nobody' },
    operators: 8,
    settings: { consoleUrl: 'https://pullcord.example.org/', minutes: 1, mention: '@here' },
    workflows: [
      listening('t-events', 'pullcord', EVENTS),
      calling('t-sever', 'pullcord', { operation: 'sever', reason: 'from n8n' }),
      calling('t-wrong', 'wrong', { operation: 'sever' }),
      calling('t-relay-severs', 'pullcord-relay', { operation: 'sever' }),
      calling('t-order', 'pullcord', { operation: 'getOrder', orderNumber: '={{ $json.body.order }}' }),
      calling('t-restore', 'pullcord', { operation: 'requestRestore', scope: 'agent', ...byPerson }),
    ],
    objects: [['upstreams/own', { type: 'roundrobin', nodes: model.nodes }]],
    keys: ['openclaw', 'stray-1', 'stray-2'],
    config: (litellm, keys) => {
      const perMinute = 5;
      const { primary, probe } = model;
      return {
        fallbacks: {
          cloud: {
            ...{ gateway: 'main', upstream: 'own', primary: [primary], scopes: ['fallback'] },
            ...{ failures: 2, withinSeconds: 5, wellForSeconds: 5, probe: { url: probe, periodSeconds: 1 } },
          },
        },
        tripwire: {
          ...{ everySeconds: 1, others: 'warn', litellm: [{ url: litellm.url }], defaults: { anomaly: false } },
          keys: { openclaw: { key: keys.openclaw ?? '', ceilings: { usd: { perMinute } } } },
          whole: { ceilings: { usd: { perMinute: 100 * perMinute } } },
        },
      };
    },
  });
  witness = createWitness(all, 't-events');
  await all.activate(...OURS, ...SHIPPED);
}, FIRST_START_MS);

afterAll(async () => {
  await all?.close();
  await model?.close();
}, SLOW_MS);

const execute = (workflow: string): Promise<string> => all.folder.cli('execute', `--id=${workflow}`, '--rawOutput');

interface Subscription {
  readonly url: string;
  readonly events: readonly string[];
  readonly failingSince?: string;
}

const subscriptions = async (): Promise<readonly Subscription[]> =>
  (await all.pullcord.get<{ subscriptions: Subscription[] }>('n8n', '/api/v1/subscriptions')).subscriptions;

describe('the package', () => {
  it(
    'passes n8n-node lint, and holds what n8n needs and nothing else',
    async () => {
      expect(await all.nodes.lint()).not.toMatch(/\b(warning|error)s?\b/i);
      const { files } = all.nodes;
      for (const file of ['package.json', 'README.md', 'LICENSE', 'dist/nodes/Pullcord/Pullcord.node.js'])
        expect(files).toContain(file);
      expect(files.filter((file) => file.endsWith('.svg'))).toHaveLength(2);
      expect(files.filter((file) => file.endsWith('.node.json'))).toHaveLength(2);
      expect(files.filter((file) => /node_modules|\.test\.|lock|(?<!\.d)\.ts$/.test(file))).toEqual([]);
    },
    SLOW_MS,
  );

  it('the test of its credential tells a good token from a wrong one', async () => {
    const test = (token: string): Promise<{ status: string; message: string }> => {
      const data = { baseUrl: all.pullcord.url, token };
      const credentials = { id: '', name: 'tried', type: 'pullcordApi', data };
      return all.n8n.rest('POST', '/credentials/test', { credentials });
    };
    expect(await test(all.pullcord.token('n8n'))).toMatchObject({ status: 'OK' });
    expect(await test(all.pullcord.token('n8n-relay'))).toMatchObject({ status: 'OK' });
    expect(await test('nobody')).toMatchObject({ status: 'Error', message: expect.stringContaining('token') });
  });

  it('offers an AI agent to sever, to look and to go back, and nothing that restores or permits', async () => {
    const types = await all.n8n.nodeTypes();
    const find = (name: string) => types.find((type) => type.name === `n8n-nodes-pullcord.${name}`);
    const forTools = (one: Property): boolean =>
      !one.displayOptions?.hide?.['@tool']?.includes(true) &&
      (one.displayOptions?.show?.['@tool'] ?? [true]).includes(true);
    const offered = (find('pullcordTool')?.properties ?? []).filter(forTools);
    const operations = offered.filter(({ name }) => name === 'operation').flatMap(({ options = [] }) => options);
    // n8n's own entry, which leads to its HTTP node, beside those that are the node's.
    expect(operations.map(({ value }) => value).sort()).toEqual([
      ...['__CUSTOM_API_CALL__', 'getStatus', 'sever', 'takeBackFallback'],
    ]);
    expect(offered.map(({ name }) => name)).not.toContain('code');
    expect(find('pullcordTrigger')).toBeDefined();
    expect(find('pullcordTriggerTool')).toBeUndefined();
  });
});

describe('a workflow', () => {
  it('cuts nothing with a wrong token, or one that may not, and says what is wrong', async () => {
    expect((await all.post('t-wrong')).status).toBe(500);
    expect(await all.failure('t-wrong')).toMatch(/does not know the token of this credential.*pullcord token new/);
    expect((await all.post('t-relay-severs')).status).toBe(500);
    expect(await all.failure('t-relay-severs')).toMatch(/lacks the right "stop".*Nothing was severed by this/);
    expect(await witness.orders()).toEqual([]);
    expect(await all.pullcord.refuses()).toBe(false);
  });

  it('severs, and the gateway refuses; the trigger tells, and the team hears what is spent', async () => {
    const answer = await all.post('t-sever');
    expect(answer.status).toBe(200);
    const order = JSON.parse(answer.text);
    expect(order).toMatchObject({ scope: 'agent', state: 'severed', by: 'token:n8n', reason: 'from n8n', missing: [] });
    expect(await all.pullcord.refuses()).toBe(true);
    const [execution] = await all.n8n.executions('t-sever');
    expect(execution).toMatchObject({ status: 'success', finished: true });
    const { number } = order;
    expect(JSON.parse((await all.post('t-order', { order: number })).text)).toMatchObject({ number, state: 'severed' });
    await witness.event('severing', { order: number });
    expect(await witness.event('severed', { order: number })).toMatchObject({
      ...{ scope: 'agent', by: 'token:n8n', reason: 'from n8n', text: expect.any(String), at: expect.any(String) },
    });
    const text = await witness.told(/Reason: from n8n/);
    expect(text).toContain(`Scope: agent, order ${number}`);
    expect(text).toMatch(/Spent, all keys: \$\d+\.\d\d in the last minute/);
    expect(text).toContain('https://pullcord.example.org/console');
  });

  it('is started by nobody but Pullcord', async () => {
    const before = await all.n8n.executions('t-events');
    const forged = { id: 'forged', type: 'restored', at: new Date().toISOString(), text: 'agent is restored' };
    const signature = `t=${Math.floor(Date.now() / 1_000)},v1=${'0'.repeat(64)}`;
    for (const headers of [{}, { 'x-pullcord-signature': signature }])
      expect((await all.post('t-events/webhook', forged, headers)).status).toBe(401);
    expect(await all.n8n.executions('t-events')).toHaveLength(before.length);
  });

  it('restores nothing without a code, or with a wrong one; with a true one it does', async () => {
    const { name, code } = witness.somebody();
    expect((await all.post('t-restore', { operator: name })).status).toBe(500);
    expect(await all.failure('t-restore')).toMatch(/one-time password is missing: nothing was sent/);
    const wrong = code() === '123456' ? '654321' : '123456';
    expect((await all.post('t-restore', { operator: name, code: wrong })).status).toBe(500);
    expect(await all.failure('t-restore')).toMatch(/one-time password is wrong/);
    expect(await witness.event('refused', { refusal: 'code-wrong' })).toMatchObject({ text: expect.any(String) });
    expect(await all.pullcord.refuses()).toBe(true);

    const { status, text } = await all.post('t-restore', { operator: name, code: code() });
    expect([status, text]).toEqual([200, expect.stringContaining('"live"')]);
    expect(await all.pullcord.refuses()).toBe(false);
    expect(await witness.event('restored')).toMatchObject({ scope: 'agent', by: name });
    await witness.told(/restored/i);
  });
});

describe('a text message through n8n', () => {
  it('with one byte bent is refused, stops nothing, and wakes nobody', async () => {
    const before = witness.texts().length;
    const { phone, code } = witness.somebody();
    const { form, signature } = all.pullcord.signed(phone, `STOP ${code()}`);
    const answer = await fetch(`${all.folder.url}/webhook/pullcord-sms`, {
      method: 'POST',
      headers: { 'x-twilio-signature': signature },
      body: new URLSearchParams({ ...form, Body: form.Body?.replace('STOP', 'STOp') ?? '' }),
    });
    expect([answer.status, await answer.text()]).toEqual([403, expect.stringContaining("Twilio's signature")]);
    expect(await all.pullcord.refuses()).toBe(false);
    expect(witness.texts().length).toBe(before);
  });

  it('with a true signature severs, once, and is answered by text; n8n keeps none of it', async () => {
    const [stopper, restorer] = [witness.somebody(), witness.somebody()];
    const { phone } = all.pullcord;
    const sent = await phone.text(stopper.phone, `STOP ${stopper.code()}`);
    expect(sent).toEqual({ messageSid: sent.messageSid, status: 200 });
    await phone.expectReply(stopper.phone, /^SEVERED/, PATIENCE_MS);
    expect(await all.pullcord.refuses()).toBe(true);
    const given = (await witness.orders()).length;
    expect((await phone.again(sent.messageSid)).status).toBe(200);
    expect(await witness.orders()).toHaveLength(given);

    expect(await phone.text(restorer.phone, `RESTORE ${restorer.code()}`)).toMatchObject({ status: 200 });
    await phone.expectReply(restorer.phone, /^RESTORED/, PATIENCE_MS);
    expect(await all.pullcord.refuses()).toBe(false);
    expect(await all.n8n.executions('pullcord-sms')).toEqual([]);
  });
});

describe('the tripwire', () => {
  it('warns, and a person who is asked cuts: by the button, not by a preview of the link', async () => {
    await all.pullcord.spend('stray-1', 7);
    expect(await witness.event('warned')).toMatchObject({ figures: { limit: 5 }, scope: 'agent' });
    const [, link = ''] = /(http\S+form-waiting\S+)/.exec(await witness.told(/Cut it off, or leave it running/)) ?? [];
    // n8n answers nothing at all to whoever is faster than the execution that will wait.
    await until(async () => (await all.n8n.executions('pullcord-ask'))[0]?.status === 'waiting', PATIENCE_MS);
    const page = await fetch(link);
    expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('Leave it running')]);
    expect(await all.pullcord.refuses()).toBe(false);
    const form = new FormData();
    // As n8n's page sends a radio button.
    form.set('field-0', JSON.stringify(['Cut it off']));
    form.set('field-1', 'Robin\nof the team');
    const answer = await fetch(link, { method: 'POST', body: form });
    expect([answer.status, await answer.text()]).toEqual([200, '{"status":200}']);
    await witness.told(/^Severed: agent \(cut it off, said Robin of the team\)/);
    expect(await all.pullcord.refuses()).toBe(true);
    expect((await witness.orders())[0]).toMatchObject({
      by: 'token:n8n',
      reason: expect.stringContaining('said Robin'),
    });
    await all.pullcord.order('restore', 'agent', witness.somebody());
  });

  it('warns again, and nobody answers: see below', async () => {
    await all.pullcord.spend('stray-2', 7);
    await until(() => witness.texts().filter((text) => /Cut it off, or leave/.test(text)).length === 2, PATIENCE_MS);
    asked = performance.now();
  });

  it('trips, and the team hears why', async () => {
    await all.pullcord.spend('openclaw', 7);
    const tripped = await witness.event('tripped');
    expect(tripped).toMatchObject({ scope: 'agent', figures: { rule: 'ceiling', limit: 5 }, text: expect.any(String) });
    await witness.event('severed', { order: tripped.order });
    expect(await all.pullcord.refuses()).toBe(true);
    expect(await witness.told(/is being severed/)).toMatch(/Spent, all keys: \$(?!0\.00)/);
    await all.pullcord.order('restore', 'agent', witness.somebody());
  });
});

describe('the primary is down', () => {
  const stands = async (): Promise<unknown> =>
    (await all.pullcord.get<{ fallbacks: unknown[] }>('n8n', '/api/v1/fallbacks')).fallbacks[0];
  /** Puts the question, and gives the link to its page. @param times how often it was put by then. */
  const asked = async (times: number): Promise<string> => {
    model.well = false;
    const links = (): string[] =>
      witness.texts().flatMap((text) => /Go over to the fallback, or wait.*?(http\S+)/.exec(text)?.[1] ?? []);
    const link = await until(() => links()[times - 1], PATIENCE_MS);
    await until(async () => (await all.n8n.executions('pullcord-fallback'))[0]?.status === 'waiting', PATIENCE_MS);
    return link;
  };
  const answer = async (link: string, decision: string, operator: string, code: string): Promise<number> => {
    const form = new FormData();
    for (const [index, value] of [JSON.stringify([decision]), operator, code].entries())
      form.set(`field-${index}`, value);
    return (await fetch(link, { method: 'POST', body: form })).status;
  };

  it(
    'and a person is asked: no link and no wrong code permits, a true one does, for two hours; all of it is told',
    async () => {
      const { name, code } = witness.somebody();
      const first = await asked(1);
      expect(await witness.event('fallback')).toMatchObject({
        fallback: { name: 'cloud', state: 'asked', before: 'primary', by: 'watcher' },
      });
      expect(await (await fetch(first)).text()).toContain('The 6 digits that your app shows now');
      expect(await stands()).toMatchObject({ state: 'asked', seen: 'primary' });
      const wrong = code() === '123456' ? '654321' : '123456';
      expect(await answer(first, 'Go over to the fallback', name, wrong)).toBe(200);
      expect(await witness.told(/^NOT PERMITTED/)).toMatch(/one-time password is wrong[\s\S]*Text FALLBACK and a code/);
      expect(await stands()).toMatchObject({ state: 'asked', seen: 'primary' });

      model.well = true;
      await witness.told(/^cloud: back to the primary: the primary was well for 5 s/);
      const second = await asked(2);
      const used = code();
      expect(await answer(second, 'Go over to the fallback', name, used)).toBe(200);
      await witness.told(new RegExp(`^ON FALLBACK: cloud, permitted by ${name} until \\S+Z, seen at every gateway`));
      const now = (await stands()) as { until: string };
      expect(now).toMatchObject({ state: 'fallback', seen: 'fallback', by: name, why: 'permitted in n8n' });
      const hours = (Date.parse(now.until) - Date.now()) / 3_600_000;
      expect(hours).toBeGreaterThan(1.9);
      expect(hours).toBeLessThanOrEqual(2);
      const text = `cloud: gone over to the fallback for 2 h by ${name}: permitted in n8n.`;
      expect(await witness.event('fallback', { text })).toMatchObject({ fallback: { state: 'fallback', by: name } });

      model.well = true;
      const backs = (): string[] => witness.texts().filter((one) => one.startsWith('cloud: back to the primary'));
      await until(() => backs().length === 2, PATIENCE_MS);
      expect(await stands()).toMatchObject({ state: 'primary' });
      // Whoever permitted it in n8n was told so, and is not told again by the event.
      expect(witness.texts().join('\n')).not.toContain(text);
      // What went well is not kept, nor is its code.
      await until(
        async () => (await all.n8n.executions('pullcord-fallback')).every(({ status }) => status === 'error'),
        PATIENCE_MS,
      );
      expect(JSON.stringify(await all.n8n.executions('pullcord-fallback'))).not.toContain(used);
    },
    SLOW_MS,
  );
});

describe('by the command line', () => {
  it(
    'a drill passes, the morning is told, a message is tried; what fails is told in capitals',
    async () => {
      await Promise.all(['pullcord-drill', 'pullcord-morning', 'pullcord-tell-team'].map(execute));
      expect(await witness.told(/^This is a try, nothing happened/)).toContain('Scope: agent');
      expect(await witness.told(/^Drill passed\. /)).toContain('https://pullcord.example.org/console');
      expect(await witness.event('drill')).toMatchObject({ drill: { state: 'passed', steps: expect.any(Array) } });
      const morning = await witness.told(/^Pullcord is armed\./);
      expect(morning).toMatch(/Scopes: agent live, llm live, fallback live/);
      expect(morning).toMatch(/Incident \d+: agent, by token:n8n \(from n8n\), .+, closed/);
      expect(morning).toMatch(/Spent, all keys: \$\d+\.\d\d in the last minute/);

      all.pullcord.apisix.faults.answer(500);
      const raised = await witness.event('trouble', { state: 'raised' });
      expect(raised.text).toEqual(expect.any(String));
      await expect(execute('pullcord-drill')).rejects.toThrow(/the drill failed/);
      expect(await witness.told(/^@here\nDRILL FAILED\. /)).toMatch(/Failed: /);
      await all.pullcord.apisix.faults.clear();
      await witness.event('trouble', { state: 'cleared' });
      // A drill that failed keeps the switch from being armed until one passes.
      await execute('pullcord-drill');
    },
    SLOW_MS,
  );
});

describe('a restart', () => {
  it(
    'of n8n, while something happens, and of Pullcord by force: it is told afterwards, and so is what follows',
    async () => {
      await all.n8n.stop();
      const { number } = await all.pullcord.order('sever', 'fallback');
      // The team's workflow isn't told of what begins: what it didn't take is what was seen, which is kept by then.
      await until(async () => {
        const team = (await subscriptions()).find(
          (one) => one.events.includes('severed') && !one.events.includes('severing'),
        );
        return team?.failingSince;
      }, PATIENCE_MS);
      await all.pullcord.program.kill('SIGKILL');
      await Promise.all([all.n8n.start(), all.pullcord.start()]);
      const late = await witness.event('severed', { order: number }, LEASED_MS);
      expect(late).toMatchObject({ scope: 'fallback' });
      const restored = await all.pullcord.order('restore', 'fallback', witness.somebody());
      await witness.event('restored', { order: restored.number });
    },
    2 * LEASED_MS,
  );

  it(
    'of nobody: while Pullcord is away that is told, Twilio hears 503, and the execution ends as failed',
    async () => {
      // After a restart n8n is ready before all of its webhooks are: this one has to be there. Stray requests wake nobody.
      expect((await all.post('pullcord-sms')).status).toBe(400);
      await all.pullcord.program.end('SIGTERM');
      const { phone, code } = all.pullcord.operators[0] as { phone: string; code(): string };
      expect(await all.pullcord.phone.text(phone, `STOP ${code()}`)).toMatchObject({ status: 503, error: 11200 });
      expect(await witness.told(/^A TEXT MESSAGE COULD NOT BE HANDED TO PULLCORD/)).toContain('cannot be reached');
      await expect(execute('pullcord-morning')).rejects.toThrow(/Nothing listens there/);
      expect(await witness.told(/^PULLCORD CANNOT BE ASKED/)).toMatch(/See whether Pullcord runs/);
      await all.pullcord.start();
    },
    SLOW_MS,
  );
});

describe('a workflow that is switched off', () => {
  it('gives its subscription back, and hears nothing more', async () => {
    const urls = async (): Promise<string[]> => (await subscriptions()).map(({ url }) => url);
    expect(await urls()).toHaveLength(4);
    await all.n8n.api('POST', '/workflows/t-events/deactivate');
    await until(async () => (await urls()).length === 3, PATIENCE_MS);
    expect((await urls()).filter((url) => url.includes('t-events'))).toEqual([]);
    const heard = witness.texts().length;
    const { number } = await all.pullcord.order('sever', 'llm');
    await until(
      () =>
        witness
          .texts()
          .slice(heard)
          .some((text) => text.includes('llm')),
      PATIENCE_MS,
    );
    for (const type of ['severing', 'severed'])
      await expect(witness.event(type, { order: number }, 0)).rejects.toThrow('not true');
  });
});

describe('a warning that nobody answers', () => {
  it(
    'warned, and nobody answered: that is told, and nothing is cut',
    async () => {
      await witness.told(/^REMINDER: nobody answered within 1 minutes\. Nothing was cut/, SLOW_MS);
      expect(performance.now() - asked).toBeGreaterThan(50_000);
      const ordered = (await witness.orders()).map(({ reason = '' }) => reason);
      expect(ordered.filter((reason) => reason.includes('nobody answered'))).toEqual([]);
    },
    SLOW_MS,
  );
});
