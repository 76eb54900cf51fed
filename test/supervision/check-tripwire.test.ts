import type { ConfigInput } from '../../src/config/schema';
import { type SandboxLiteLLM, startSandboxLiteLLM } from '../../src/sandbox/litellm';
import type { SandboxLiteLLMOptions } from '../../src/sandbox/litellm/options';
import { type Installation, LOCAL, startInstallation, wrong } from '../support/installation';
import { until } from '../support/until';

let one: Installation;
const opened: SandboxLiteLLM[] = [];
beforeAll(async () => {
  one = await startInstallation();
});
afterEach(async () => {
  for (const litellm of opened.splice(0)) await litellm.close();
});
afterAll(() => one.close());

async function litellmOf(options: SandboxLiteLLMOptions = {}): Promise<SandboxLiteLLM> {
  const litellm = await startSandboxLiteLLM({ chunkMs: 1, tokens: 1, ...options });
  opened.push(litellm);
  return litellm;
}

async function use(litellm: SandboxLiteLLM, key: string): Promise<void> {
  await fetch(`${litellm.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ messages: [] }),
  }).then((answer) => answer.text());
  await until(async () =>
    (await (await fetch(`${litellm.url}/metrics/`)).text()).includes('litellm_spend_metric_total{'),
  );
}

type Block = NonNullable<ConfigInput['tripwire']>;
const check = async (url: string, source: object = {}, block: Partial<Block> = {}) => {
  const findings = await one.check({ tripwire: { litellm: [{ url, ...source }], ...block } });
  return findings.filter(({ check: name }) => /tripwire|^litellm/.test(name));
};

it('is not looked at where there is none', async () => {
  const findings = await one.check();
  expect(wrong(findings)).toEqual([LOCAL]);
  expect(findings.filter(({ check: name }) => name === 'tripwire')).toEqual([]);
});

it('that sees every key is good, and says what it saw', async () => {
  const litellm = await litellmOf({ outputCost: 0, inputCost: 0 });
  const { key, hash } = litellm.addKey('agent-1');
  await use(litellm, key);
  const findings = await check(...[litellm.url, { database: { viewerKey: litellm.viewerKey } }], {
    mode: 'observe',
    keys: { 'agent-1': { key: hash } },
  });
  expect(wrong(findings)).toEqual([]);
  expect(findings.map(({ what }) => what)).toEqual([
    'observes only: it tells what it would cut, and cuts nothing',
    'shows its metrics: 1 keys have spent something since it began to count',
    'watched by their tokens alone, for they have no price: gpt-4o',
    'lists 1 keys',
    'knows agent-1',
  ]);
});

it('a key that LiteLLM does not show is a warning, with what to do', async () => {
  const litellm = await litellmOf();
  const findings = await check(litellm.url, {}, { keys: { 'agent-1': { key: 'ab'.repeat(32) } } });
  expect(wrong(findings)).toEqual(['warning tripwire: agent-1 (abababab…) is not among the keys that LiteLLM shows']);
  expect(findings.at(-1)?.advice).toContain('send one request with it');
});

it.each<[string, SandboxLiteLLMOptions, object, RegExp, RegExp]>([
  ['a token is wanted', { metricsAuth: true }, {}, /not seen: .*40[13]/, /Give the token of a key/],
  ['a wrong token', { metricsAuth: true }, { token: 'sk-not-the-token' }, /not seen: /, /Give the token of a key/],
  ['no callbacks', { prometheus: 'off' }, {}, /not seen: /, /callbacks: \["prometheus"\]/],
  ['no licence, before 1.80', { prometheus: 'not-premium' }, {}, /not seen: /, /update to 1\.80/],
  ['no database', { database: false }, { database: { viewerKey: 'sk-v' } }, /not listed: /, /database/],
  ['a viewer that is none', {}, { database: { viewerKey: 'sk-not-the-viewer' } }, /not listed: /, /proxy_admin_viewer/],
])('%s is a fault, with what to do, and no secret in it', async (_what, options, source, what, advice) => {
  const litellm = await litellmOf(options);
  const findings = await check(litellm.url, source);
  const faults = findings.filter(({ level }) => level === 'fault');
  expect(faults).toEqual([expect.objectContaining({ what: expect.stringMatching(what) })]);
  expect(faults[0]?.advice).toMatch(advice);
  expect(JSON.stringify(findings)).not.toMatch(/sk-not-the/);
});

it('one that is not there is a fault, within the time', async () => {
  const litellm = await litellmOf();
  await litellm.close();
  const began = performance.now();
  expect(wrong(await check(litellm.url))).toEqual([expect.stringMatching(/^fault litellm 127.*ECONNREFUSED/)]);
  expect(performance.now() - began).toBeLessThan(6_000);
});

it('one that hangs is a fault, within the time', async () => {
  const litellm = await litellmOf();
  litellm.fail('/metrics/', 'silence');
  expect(wrong(await check(litellm.url, { timeoutMs: 30_000 }))).toEqual([
    expect.stringMatching(/did not answer in full within 3500 ms/),
  ]);
});
