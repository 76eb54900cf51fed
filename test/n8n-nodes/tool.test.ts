import { Pullcord } from '../../n8n-nodes/nodes/Pullcord/Pullcord.node';
import { type Listener, listen } from '../../src/sandbox/apisix/listener';
import { run } from '../support/n8n/pullcord';
import type { INodeProperties } from '../support/n8n/workflow';

/** What an AI agent gets of the node, and what it doesn't. */

const LOOKING = ['explainRefusal', 'getFallbacks', 'getIncidents', 'getOrder', 'getSpend', 'getStatus'];
const ALL = [...LOOKING, 'permitFallback', 'relayTwilio', 'requestRestore', 'runDrill', 'sever', 'takeBackFallback'];
const FOR_AGENTS = ['getStatus', 'sever', 'takeBackFallback'];
const TOOL = 'n8n-nodes-pullcord.pullcordTool';

/** As n8n decides it: every rule of `show` holds, and none of `hide`; `@tool` is whether the type's name ends in Tool. */
function shown(property: INodeProperties, values: Readonly<Record<string, unknown>>): boolean {
  const { show = {}, hide = {} } = property.displayOptions ?? {};
  const holds = ([name, allowed]: [string, readonly unknown[]]) => allowed.includes(values[name]);
  return Object.entries(show).every(holds) && !Object.entries(hide).some(holds);
}

const { properties } = new Pullcord().description;
const offered = (tool: boolean): string[] =>
  properties
    .filter((property) => property.name === 'operation' && shown(property, { '@tool': tool }))
    .flatMap(({ options = [] }) => options.map(({ value }) => value));
const fields = (operation: string, tool: boolean): string[] =>
  properties
    .filter(({ name }) => name !== 'operation')
    .filter((property) => shown(property, { operation, '@tool': tool, waitUntilVerified: true }))
    .map(({ name }) => name);

it('a workflow chooses among all operations, an agent’s tool between three', () => {
  expect(offered(false).sort()).toEqual(ALL);
  expect(offered(true).sort()).toEqual(FOR_AGENTS);
});

it('each choice is there once, and says for the agent what it does', () => {
  const choices = properties.filter(({ name }) => name === 'operation');
  expect(choices).toHaveLength(2);
  for (const { options = [] } of choices)
    for (const option of options)
      expect(option).toMatchObject({ action: expect.any(String), description: expect.any(String) });
});

it.each([
  ['sever', ['scope', 'reason', 'waitUntilVerified', 'timeout']],
  ['getStatus', []],
  ['getIncidents', ['limit']],
  ['getSpend', ['limit']],
  ['explainRefusal', ['subject']],
  ['getOrder', ['orderNumber', 'waitUntilVerified', 'timeout']],
  ['requestRestore', ['restoreNotice', 'scope', 'operator', 'code', 'reason', 'waitUntilVerified', 'timeout']],
  ['getFallbacks', []],
  ['permitFallback', ['permitNotice', 'fallback', 'operator', 'code', 'reason', 'waitUntilVerified', 'timeout']],
  ['takeBackFallback', ['fallback', 'reason', 'waitUntilVerified', 'timeout']],
  ['relayTwilio', ['webhookUrl', 'signature', 'parameters']],
  ['runDrill', ['timeout']],
])('%s has its parameters, and for an agent only when it is for agents', (operation, names) => {
  expect(fields(operation, false)).toEqual(names);
  expect(fields(operation, true)).toEqual(FOR_AGENTS.includes(operation) ? names : []);
});

it('the code is typed unseen', () => {
  const codes = properties.filter(({ name }) => name === 'code');
  expect(codes.map(({ typeOptions }) => typeOptions)).toEqual([{ password: true }, { password: true }]);
});

describe('at run time', () => {
  const asked: (string | undefined)[] = [];
  const stateAt = (url = ''): string => /fallbacks\/(\w+)/.exec(url)?.[1] ?? 'severed';
  let server: Listener;
  beforeAll(async () => {
    server = await listen({
      port: 0,
      onRequest: (request, response) => {
        asked.push(request.url);
        response.end(
          JSON.stringify({
            ...{ state: stateAt(request.url), seen: stateAt(request.url), parts: [], scopes: [], incidents: [] },
            ...{ subjects: [], fallbacks: [], findings: [], understood: 'x' },
          }),
        );
      },
    });
  });
  afterAll(() => server.close());
  beforeEach(() => {
    asked.length = 0;
  });

  const parameters = {
    operator: 'alice',
    code: '123456',
    orderNumber: 1,
    subject: 'agent',
    signature: 's',
    webhookUrl: 'u',
    parameters: '{}',
  };
  const how = [
    ['its type', { type: TOOL }],
    ['its way of running', { isToolExecution: true }],
  ] as const;

  it.each(how)('an agent, known by %s, gets no other operation, and nothing is sent', async (_, options) => {
    for (const operation of ALL.filter((name) => !FOR_AGENTS.includes(name))) {
      const { error, items } = await run({ baseUrl: server.url, token: 't' }, { operation, ...parameters }, options);
      expect(error?.message).toMatch(/^[\w ]+ is not for AI agents: nothing was sent$/);
      expect(items).toEqual([]);
    }
    expect(asked).toEqual([]);
  });

  it.each(how)('an agent, known by %s, severs, looks and takes back', async (_, options) => {
    for (const operation of FOR_AGENTS)
      expect(
        (await run({ baseUrl: server.url, token: 't' }, { operation, fallback: 'primary' }, options)).error,
      ).toBeUndefined();
    const back = '/api/v1/fallbacks/primary?wait=30';
    expect(asked).toEqual(['/readyz', '/api/v1/scopes', '/api/v1/orders?wait=30', back]);
  });

  it('a workflow gets them all', async () => {
    for (const operation of ALL) {
      const fallback = operation === 'permitFallback' ? 'fallback' : 'primary';
      const all = { operation, ...parameters, fallback };
      expect((await run({ baseUrl: server.url, token: 't' }, all)).error).toBeUndefined();
    }
  });

  it.each(['', 'restore', 'constructor', '__proto__', 5])(
    '%j is no operation, and nothing is sent',
    async (operation) => {
      const { error } = await run({ baseUrl: server.url, token: 't' }, { operation });
      expect(error?.message).toMatch(/^Pullcord has no operation/);
      expect(asked).toEqual([]);
    },
  );
});
