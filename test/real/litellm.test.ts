import { startSandboxLiteLLM } from '../../src/sandbox/litellm';
import { until } from '../support/until';
import { type Litellm, startLitellm } from './parts/litellm';

/** The first start installs it. */
const FIRST_START_MS = 600_000;

let litellm: Litellm;
beforeAll(async () => {
  litellm = await startLitellm();
}, FIRST_START_MS);
afterAll(() => litellm.remove());

const metrics = async ({ url, masterKey }: { url: string; masterKey: string }): Promise<string> => {
  const answer = await fetch(`${url}/metrics/`, { headers: { authorization: `Bearer ${masterKey}` } });
  expect(answer.status).toBe(200);
  return answer.text();
};

/** Names of the counters, each with those of its labels. */
function counters(exposition: string): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const [, name = '', labels = ''] of exposition.matchAll(/^(litellm_\w+_total)\{(.*)\} /gm))
    found.set(name, new Set([...labels.matchAll(/(\w+)="/g)].map(([, label = '']) => label)));
  return found;
}

describe('the stand-in LiteLLM', () => {
  it('names what it counts as the real one does, with labels that the real one has', async () => {
    const standIn = await startSandboxLiteLLM({ tokens: 1, chunkMs: 1 });
    await litellm.chat('priced');
    await litellm.chat('no such model');
    await fetch(`${standIn.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${standIn.masterKey}` },
      body: JSON.stringify({ messages: [] }),
    }).then((answer) => answer.text());
    const real = counters(await metrics(litellm));
    const played = await until(async () => {
      const found = counters(await metrics(standIn));
      return found.has('litellm_spend_metric_total') ? found : undefined;
    });
    await standIn.close();
    expect([...real.keys()]).toEqual(expect.arrayContaining([...played.keys()]));
    for (const [name, labels] of played)
      expect([name, ...(real.get(name) ?? [])]).toEqual(expect.arrayContaining([...labels]));
  });
});
