import { createHash } from 'node:crypto';
import type { ConfigInput } from '../../src/config/schema';
import type { SpendHistoryAnswer } from '../../src/intake/http/spend-history-schema';
import { gatewayScopes } from '../../src/sandbox/gateway-objects';
import { type SandboxLiteLLM, startSandboxLiteLLM } from '../../src/sandbox/litellm';
import { until } from '../support/until';
import { startWhole, type Whole } from '../support/whole';

/** The tripwire as it lives in the program: real HTTP to the stand-in LiteLLM, a real gateway, real texts. */

const PATH = '/v1/embeddings';
const TOKEN = 'live-token';
let whole: Whole;
let litellm: SandboxLiteLLM;
let key: { readonly key: string; readonly hash: string };
afterEach(async () => {
  await whole.close();
  await litellm.close();
});

interface Setup {
  readonly tripwire?: Partial<NonNullable<ConfigInput['tripwire']>>;
  readonly source?: object;
  readonly litellm?: Parameters<typeof startSandboxLiteLLM>[0];
}

/** A dollar a call. */
async function setUp(setup: Setup = {}): Promise<void> {
  litellm = await startSandboxLiteLLM({ chunkMs: 1, tokens: 1, inputCost: 0, outputCost: 1, ...setup.litellm });
  key = litellm.addKey('openclaw');
  // What is there at the first look was spent before anybody looked.
  await burn(3);
  whole = await startWhole({
    ...{ troubleGraceMs: 0, now: Date.now },
    config: {
      scopes: gatewayScopes,
      enforcer: { periodSeconds: 1 },
      api: { tokens: [{ name: 'live', sha256: createHash('sha256').update(TOKEN).digest('hex'), rights: ['status'] }] },
      tripwire: {
        litellm: [{ url: litellm.url, timeoutMs: 1_000, ...setup.source }],
        everySeconds: 1,
        defaults: { ceilings: { usd: { perMinute: 5 } }, anomaly: false },
        ...setup.tripwire,
      },
    },
  });
}

/** So many dollars, one call each. */
async function burn(usd: number): Promise<void> {
  for (let i = 0; i < usd; i += 1) {
    const answer = await fetch(`${litellm.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key.key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'gpt-4o', messages: [] }),
    });
    await answer.text();
  }
}

const looks = () => litellm.requests.filter((request) => request === 'GET /metrics/').length;
/** Two more looks: what was spent before the first of them was seen. */
async function looked(times = 2): Promise<void> {
  const before = looks();
  await until(() => looks() >= before + times, 10_000);
}
const history = async (): Promise<SpendHistoryAnswer> => {
  const headers = { authorization: `Bearer ${TOKEN}` };
  const answer = await fetch(`${whole.pullcord.internalUrl}/api/v1/spend/history`, { headers });
  return (await answer.json()) as SpendHistoryAnswer;
};
const text = (who: 'alice' | 'bob', pattern: RegExp, ms = 8_000) =>
  whole.phone.expectReply(whole[who].phone, pattern, ms);
/** A code is good once: each person restores once. */
const restore = async (who: 'alice' | 'bob' = 'bob') => {
  await whole.phone.text(whole[who].phone, `RESTORE ${whole[who].code()}`);
  await text(who, /RESTORED/);
};

it('cuts by itself when the money runs away, tells everybody why and how it went, and cuts again after a restore', async () => {
  await setUp();
  await burn(3);
  await looked();
  expect(await whole.status(PATH)).not.toBe(503);
  await burn(4);
  for (const who of ['alice', 'bob'] as const) {
    expect(await text(who, /^TRIPPED/)).toMatch(/^TRIPPED: cuts agent\. key openclaw: \$7\.00 in 1 min/);
    expect(await text(who, /^SEVERED/)).toMatch(/routes refused on 1 gateway, seen after .* saves \$/);
  }
  expect(await whole.status(PATH)).toBe(503);
  const { all, keys, marks } = await history();
  expect(all.usd.reduce<number>((sum, value) => sum + (value ?? 0), 0)).toBeGreaterThanOrEqual(7);
  expect(keys).toMatchObject([{ name: 'openclaw', usd: all.usd, tokens: all.tokens }]);
  expect(marks).toMatchObject([
    { kind: 'tripped', subject: 'key openclaw', text: expect.stringContaining('key openclaw: $'), incident: 1 },
    { kind: 'severed', subject: 'agent', incident: 1 },
  ]);

  await restore('bob');
  expect(await whole.status(PATH)).not.toBe(503);
  await burn(6);
  expect(await text('alice', /^TRIPPED/)).toContain('$6.00');
  await text('alice', /^SEVERED/);
  expect(await whole.status(PATH)).toBe(503);
  await looked();
  expect(whole.phone.inbox(whole.bob.phone).all.filter(({ body }) => body.startsWith('TRIPPED'))).toHaveLength(2);
}, 40_000);
