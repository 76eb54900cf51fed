import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { INodeProperties } from 'n8n-workflow';
import { Pullcord } from '../../n8n-nodes/nodes/Pullcord/Pullcord.node';
import { PullcordTrigger } from '../../n8n-nodes/nodes/PullcordTrigger/PullcordTrigger.node';
import { evaluate, expressionsIn, FOLDER, type Shipped, type ShippedNode, shipped, typeOf } from './shipped';

const workflows = shipped();
const cases = workflows.map((workflow) => [workflow.file, workflow] as const);
const named = ({ nodes }: Shipped, name: string): ShippedNode | undefined => nodes.find((node) => node.name === name);
const ofOurs = ({ nodes }: Shipped, type: string): ShippedNode[] =>
  nodes.filter((node) => node.type === `n8n-nodes-pullcord.${type}`);
const targets = ({ connections }: Shipped, name: string, output?: number): string[] => {
  const outputs = connections[name]?.main ?? [];
  return (output === undefined ? outputs.flat() : (outputs[output] ?? [])).map(({ node }) => node);
};

const nodesTo = (workflow: Shipped, name: string): string[] =>
  workflow.nodes.map((node) => node.name).filter((from) => targets(workflow, from).includes(name));

const action = new Pullcord().description.properties;
const trigger = new PullcordTrigger().description.properties;

/** What the editor shows of them for these parameters. */
function shown(properties: readonly INodeProperties[], parameters: Readonly<Record<string, unknown>>) {
  const given = (name: string): unknown =>
    name === '@tool' ? false : (parameters[name] ?? properties.find((one) => one.name === name)?.default);
  const holds = (rules: object = {}): boolean[] =>
    Object.entries(rules).map(([name, values]) => (values as unknown[]).includes(given(name)));
  return properties.filter(
    ({ displayOptions }) => holds(displayOptions?.show).every(Boolean) && !holds(displayOptions?.hide).some(Boolean),
  );
}

const valuesOf = (properties: readonly INodeProperties[], name: string): unknown[] =>
  properties.filter((one) => one.name === name).flatMap(({ options = [] }) => options.map((one) => Object(one).value));

it('there are six, each with an id and hooks of its own, and the README names each', () => {
  const readme = readFileSync(join(FOLDER, 'README.md'), 'utf8');
  expect(workflows.map(({ file }) => file)).toEqual([
    ...['ask.json', 'drill.json', 'fallback.json', 'morning.json', 'sms.json', 'tell-team.json'],
  ]);
  for (const { file, id } of workflows) {
    expect(readme).toContain(`](${file})`);
    expect(id).toBe(`pullcord-${file.replace('.json', '')}`);
  }
  for (const field of ['id', 'webhookId'] as const) {
    const all = workflows.flatMap(({ nodes }) => nodes.flatMap((node) => node[field] ?? []));
    expect(new Set(all).size).toBe(all.length);
  }
});

describe.each(cases)('%s', (_file, workflow) => {
  const { nodes, connections, text } = workflow;
  const notes = nodes.filter((node) => typeOf(node) === 'stickyNote');
  const working = nodes.filter((node) => typeOf(node) !== 'stickyNote');
  const starts = working.filter((node) => /trigger$|^webhook$/i.test(typeOf(node)));

  it('connects nodes that are there, and leaves none alone', () => {
    expect(new Set(nodes.map(({ name }) => name)).size).toBe(nodes.length);
    const reached = new Set(starts.map(({ name }) => name));
    for (const name of reached) for (const next of targets(workflow, name)) reached.add(next);
    expect([...reached].sort()).toEqual(working.map(({ name }) => name).sort());
    expect(Object.keys(connections).filter((name) => !named(workflow, name))).toEqual([]);
  });

  it('explains itself, and names what it needs', () => {
    const words = notes.map(({ parameters }) => String(parameters.content)).join('\n');
    expect(notes.length).toBeGreaterThanOrEqual(3);
    expect(words).toContain('Needs:');
    expect(words).toMatch(/can't be reached/);
    for (const node of working)
      for (const { name } of Object.values(node.credentials ?? {})) expect(words).toContain(`**${name}**`);
    const settings = named(workflow, 'Settings')?.parameters.assignments as { assignments: { name: string }[] };
    for (const { name } of settings.assignments) expect(words).toContain(`**${name}**`);
  });

  it('names operations, events and parameters that the node has', () => {
    for (const node of ofOurs(workflow, 'pullcord')) {
      const { operation } = node.parameters;
      expect(valuesOf(shown(action, node.parameters), 'operation')).toContain(operation);
      const known = shown(action, node.parameters);
      expect(Object.keys(node.parameters).filter((name) => !known.some((one) => one.name === name))).toEqual([]);
      const missing = known.filter((one) => one.required && !(one.name in node.parameters)).map((one) => one.name);
      expect([node.name, missing]).toEqual([node.name, []]);
    }
    for (const { parameters } of ofOurs(workflow, 'pullcordTrigger')) {
      expect(valuesOf(trigger, 'events')).toEqual(expect.arrayContaining(parameters.events as string[]));
      expect(Object.keys(parameters).filter((name) => !trigger.some((one) => one.name === name))).toEqual([]);
    }
  });

  it('can stop, and never restores; what permits has its operator and its code from a person', () => {
    expect(ofOurs(workflow, 'pullcord').map(({ parameters }) => parameters.operation)).not.toContain('requestRestore');
    expect(text).not.toContain('"restore"');
    for (const { parameters } of ofOurs(workflow, 'pullcord').filter(
      (one) => one.parameters.operation === 'permitFallback',
    ))
      for (const field of ['operator', 'code']) expect(parameters[field]).toContain("$('Answer').first().json");
  });

  it('holds no secret, and no address of anybody', () => {
    for (const { type, credentials } of working)
      expect(credentials === undefined).toBe(!type.startsWith('n8n-nodes-pullcord.'));
    expect(text).not.toMatch(/bearer|\bsk-|[0-9a-f]{64}|xox[abp]-|\bAC[0-9a-f]{32}/i);
    const hosts = [...text.matchAll(/https?:\/\/([^/:\s"'`)]+)/g)].map(([, host]) => host);
    for (const host of hosts) expect(host).toMatch(/^(127\.0\.0\.1|chat\.example\.org)$/);
  });

  it('goes on when Pullcord refuses or is away, and somebody hears of it', () => {
    const asking = ofOurs(workflow, 'pullcord');
    expect(asking.length).toBeGreaterThan(0);
    for (const node of asking) {
      expect([node.name, node.onError]).toEqual([node.name, expect.stringMatching(/^continue/)]);
      if (node.onError === 'continueRegularOutput') continue;
      const heard = new Set(targets(workflow, node.name, 1));
      for (const name of heard) for (const next of targets(workflow, name)) heard.add(next);
      expect([node.name, ...heard]).toContain('Tell by HTTP');
    }
  });

  const nulls = new Proxy({}, { get: () => null });
  const error = { error: { message: 'm' }, message: 'd' };
  const speaking = working.filter(({ parameters }) => expressionsIn(parameters).length > 0);

  it.each(speaking.map((node) => [node.name, node] as const))('%s survives what is missing', (name, node) => {
    // The one node whose input is always whole: what n8n's Webhook gives. A message without a signature is refused.
    const inputs = name === 'Relay' ? [{ headers: {}, body: {} }] : [{}, nulls, error, { error: 'e', subjects: null }];
    for (const expression of expressionsIn(node.parameters)) {
      expect(expression.match(/\}\}/g)).toHaveLength(1);
      // n8n gives nothing for a name that is computed inside a function.
      expect(expression).not.toMatch(/(\?\.|[\w)\]])\[(?!['"\d])/);
      for (const $json of inputs)
        for (const others of [{}, nulls, { error: 'e' }])
          expect(String(evaluate(expression, { $json, others }))).not.toMatch(/NaN|\[object/);
    }
  });
});

describe('ask.json', () => {
  const ask = workflows.find(({ file }) => file === 'ask.json') as Shipped;
  const [decision = '', why = ''] = expressionsIn(named(ask, 'Decision')?.parameters);

  it.each([
    ['Cut it off', 'remind', 'sever', 'cut it off, said Robin'],
    ['Cut it off', 'sever', 'sever', 'cut it off, said Robin'],
    ['Leave it running', 'remind', 'leave', 'leave it running, said Robin'],
    ['Leave it running', 'sever', 'leave', 'leave it running, said Robin'],
    [undefined, 'remind', 'remind', 'nobody answered within 15 minutes'],
    [undefined, 'sever', 'sever', 'nobody answered within 15 minutes'],
    [undefined, 'Sever', 'remind', 'nobody answered within 15 minutes'],
    [undefined, undefined, 'remind', 'nobody answered within 15 minutes'],
  ])('%s, onSilence %s: %s', (answer, onSilence, expected, reason) => {
    const $json = answer ? { Decision: answer, 'Your name': ' Robin\r\n' } : { text: 'the question' };
    const data = { $json, others: { onSilence, minutes: 15 } };
    expect([evaluate(decision, data), evaluate(why, data)]).toEqual([expected, reason]);
  });

  it('waits for an answer even if the question could not be put', () => {
    expect(named(ask, 'Ask by HTTP')?.onError).toBe('continueRegularOutput');
    expect(targets(ask, 'Ask by Telegram')).toEqual(['Answer']);
  });

  it('cuts when it was decided, and then alone', () => {
    expect(targets(ask, 'Cut?', 0)).toEqual(['Sever']);
    expect(targets(ask, 'Cut?', 1)).toEqual(['Left running']);
    expect(nodesTo(ask, 'Sever')).toEqual(['Cut?']);
  });
});

describe('fallback.json', () => {
  const fallback = workflows.find(({ file }) => file === 'fallback.json') as Shipped;
  const [decision = '', why = ''] = expressionsIn(named(fallback, 'Decision')?.parameters);
  const [stays = ''] = expressionsIn(named(fallback, 'Stays')?.parameters);
  const [still = ''] = expressionsIn(named(fallback, 'Still asked?')?.parameters);
  const [news = ''] = expressionsIn(named(fallback, 'News?')?.parameters);

  it.each([
    [
      'Go over to the fallback',
      'permit',
      'go over to the fallback, said robin',
      /^Nothing was permitted: cloud is not/,
    ],
    ['Wait for the primary', 'stay', 'wait for the primary, said robin', /^cloud stays with the primary: wait/],
    [undefined, 'silence', 'nobody answered within 15 minutes', /^REMINDER: cloud stays.*\nText FALLBACK and a code/],
  ])('%s: %s', (answer, expected, reason, told) => {
    const $json = answer ? { Decision: answer, Operator: ' robin\r\n', Code: '123456' } : { text: 'the question' };
    const data = { $json, others: { minutes: 15 } };
    expect([evaluate(decision, data), evaluate(why, data)]).toEqual([expected, reason]);
    const others = { decision: expected, why: reason, fallback: { name: 'cloud' } };
    expect(evaluate(stays, { $json: {}, others })).toMatch(told);
  });

  it('permits when a person said so and it is still asked for, and then alone', () => {
    expect(targets(fallback, 'Asked?', 0)).toEqual(['Question']);
    expect(targets(fallback, 'Permit?', 0)).toEqual(['Look']);
    expect(targets(fallback, 'Permit?', 1)).toEqual(['Stays']);
    expect(targets(fallback, 'Still asked?', 0)).toEqual(['Permit Fallback']);
    expect(targets(fallback, 'Still asked?', 1)).toEqual(['Stays']);
    expect(nodesTo(fallback, 'Permit Fallback')).toEqual(['Still asked?']);
    // One item for each fallback would permit, and tell, several times.
    expect(named(fallback, 'Still asked?')?.executeOnce).toBe(true);
    // Here one and the same item is what all nodes gave.
    for (const [state, name, expected] of [
      ['asked', 'other', 'not any more'],
      ['primary', 'cloud', 'not any more'],
    ] as const)
      expect(evaluate(still, { $json: {}, others: { state, name, fallback: { name: 'cloud' } } })).toBe(expected);
    expect(evaluate(still, { $json: {}, others: { state: 'asked', name: 'cloud', fallback: { name: 'cloud' } } })).toBe(
      'asked',
    );
  });

  it.each([
    [{ state: 'primary', why: 'its 120 minutes are up' }, 'news'],
    [{ state: 'fallback', why: 'ordered' }, 'news'],
    [{ state: 'fallback', why: 'permitted in n8n' }, 'told by that execution'],
  ])('%j: %s', (about, expected) => {
    expect(evaluate(news, { $json: {}, others: { fallback: about } })).toBe(expected);
    expect(named(fallback, 'Permit Fallback')?.parameters.reason).toBe('permitted in n8n');
  });

  it('keeps no code of what went well, and waits for an answer even if the question could not be put', () => {
    expect(fallback.settings).toMatchObject({ saveDataSuccessExecution: 'none', saveManualExecutions: false });
    expect(named(fallback, 'Ask by HTTP')?.onError).toBe('continueRegularOutput');
    expect(targets(fallback, 'Ask by Telegram')).toEqual(['Answer']);
  });
});

describe('sms.json', () => {
  const sms = workflows.find(({ file }) => file === 'sms.json') as Shipped;
  const status = (json: object): unknown => {
    const [expression = ''] = expressionsIn(named(sms, 'Refusal')?.parameters);
    return evaluate(expression, { $json: { ...json }, others: {} });
  };

  it('keeps no text message', () => {
    expect(sms.settings).toMatchObject({
      ...{ saveDataSuccessExecution: 'none', saveDataErrorExecution: 'none' },
      ...{ saveManualExecutions: false, saveExecutionProgress: false },
    });
  });

  it('answers, before it tells anybody anything', () => {
    expect(targets(sms, 'Relay', 0)).toEqual(['Taken']);
    expect(targets(sms, 'Relay', 1)).toEqual(['Refusal']);
    expect(targets(sms, 'Refusal')).toEqual(['Refused']);
  });

  it.each([
    ['a stray request, without a signature', undefined, 400],
    ['a wrong signature', { reason: 'bad-signature', status: 403 }, 403],
    ['Pullcord is away', { reason: 'unreachable' }, 503],
    ['another program answers', { reason: 'not-pullcord', status: 404 }, 503],
    ['the token is wrong', { reason: 'token-wrong', status: 401 }, 503],
    ['the token may not relay', { reason: 'no-right', status: 403 }, 503],
    ['something failed inside', { reason: 'internal-error', status: 500 }, 500],
  ])('%s', (error, details, expected) => {
    expect(status({ error, message: 'what to do', details })).toBe(expected);
  });
});
