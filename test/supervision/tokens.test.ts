import { configSchema } from '../../src/config/schema';
import { type SandboxLiteLLM, startSandboxLiteLLM } from '../../src/sandbox/litellm';
import { heldTokens, seeToken, tokenFindings } from '../../src/supervision/checks/tokens';

const DAY = 86_400_000;
let litellm: SandboxLiteLLM;
beforeAll(async () => {
  litellm = await startSandboxLiteLLM({});
});
afterAll(() => litellm.close());

async function look(key: string, url = litellm.url) {
  const token = { name: 'litellm (metrics)', url, key, caFile: undefined };
  const [finding] = tokenFindings(token, await seeToken(token), Date.now());
  expect(JSON.stringify(finding)).not.toContain(key);
  return finding;
}

it.each([
  ['never ends', null, 'ok', /^has no end$/],
  ['ends in a month', 30 * DAY, 'ok', /^holds until \d{4}-/],
  ['ends in two days', 2 * DAY, 'warning', /^ends at /],
  ['has ended', -DAY, 'fault', /^ended at /],
] as const)('one that %s', async (_what, inMs, level, what) => {
  const expires = inMs === null ? null : new Date(Date.now() + inMs).toISOString();
  const { key } = litellm.addKey('pullcord', undefined, { expires });
  expect(await look(key)).toMatchObject({ level, what: expect.stringMatching(what) });
});

it('one of which LiteLLM tells nothing, and a LiteLLM that is away, call nobody', async () => {
  expect(await look('sk-unknown')).toMatchObject({ level: 'ok', what: 'LiteLLM tells no end of it' });
  expect(await look('sk-unknown', 'http://127.0.0.1:1')).toMatchObject({ level: 'warning', quiet: true });
});

it('every key that Pullcord shows to a LiteLLM, once each', () => {
  const config = configSchema.parse({
    ...{ publicUrl: 'http://127.0.0.1:9', key: 'k', scopes: { agent: { routes: [{ all: true }] } } },
    gateways: { main: { adminUrl: 'http://127.0.0.1:9', adminKey: 'k', gatewayUrls: ['http://127.0.0.1:9'] } },
    tripwire: {
      litellm: [
        { url: 'http://a.example.org:4000', token: 'sk-1', database: { viewerKey: 'sk-2' } },
        { url: 'http://b.example.org/metrics' },
      ],
    },
    cutters: { litellm: [{ url: 'http://a.example.org:4000/', adminKey: 'sk-1', keys: ['sk-9'], scopes: ['agent'] }] },
  });
  expect(heldTokens(config).map(({ name, url }) => [name, url])).toEqual([
    ['litellm a.example.org:4000 (metrics)', 'http://a.example.org:4000'],
    ['litellm a.example.org:4000 (viewer)', 'http://a.example.org:4000'],
  ]);
});
