import { differences, everything } from '../../src/sandbox/everything';
import { startRogueAgent } from '../../src/sandbox/rogue-agent';
import { until } from '../support/until';
import { startWhole, type Whole } from '../support/whole';

/** The whole way with a guard in each gateway, on the day when etcd is dead. */
const secret = 'the secret that guards and Pullcord share';
let whole: Whole;
beforeEach(async () => {
  whole = await startWhole({
    apisix: { nodes: 2, guard: { secret } },
    troubleGraceMs: 100,
    config: {
      scopes: { agent: { routes: [{ label: 'agent=openclaw' }], probes: [] } },
      enforcer: { periodSeconds: 1 },
    },
  });
});
afterEach(() => whole.close());

async function say(who: 'alice' | 'bob', text: (code: string) => string, pattern: RegExp): Promise<string> {
  const { phone, code } = whole[who];
  await whole.phone.text(phone, text(code()));
  return whole.phone.expectReply(phone, pattern, 10_000);
}
const ready = async () =>
  (await (await fetch(`${whole.pullcord.internalUrl}/readyz`)).json()) as {
    readonly state: string;
    readonly parts: readonly { readonly name: string; readonly ok: boolean; readonly detail: string }[];
  };
const guardPart = async () => (await ready()).parts.find(({ name }) => name === 'guard main');

it('laws 2, 5 and 6: with etcd dead a text cuts the agent off, seen, its stream too; and all is restored exactly', async () => {
  await until(async () => (await ready()).state === 'armed');
  const before = await everything(whole);
  const headers = { authorization: `Bearer ${whole.litellm.addKey('openclaw').key}` };
  const agent = startRogueAgent({ url: whole.apisix.gatewayUrl, headers });
  try {
    await agent.waitFor(({ tokens }) => tokens > 3);
    whole.apisix.faults.answer(503);
    const severed = await say('alice', (code) => `STOP ${code}`, /SEVER/);
    expect(severed).toMatch(/^SEVERED agent: \d+ routes refused on 1 gateway, seen after [\d.]+ s\. Order 1\./);
    const { ends } = await agent.waitFor((state) => state.refused > 0);
    expect(ends[0]?.how).toBe('error-event');
    await until(() => whole.litellm.open().length === 0);
    for (const node of [0, 1]) expect(await whole.status('/tools/x', node)).toBe(503);
    expect(await whole.status('/health/liveliness')).toBe(200);

    whole.apisix.controls[1]?.forget();
    await until(async () => (await whole.status('/tools/x', 1)) === 503);

    await say('bob', (code) => `RESTORE ${code}`, /RESTORING/);
    expect(await whole.status('/tools/x')).toBe(503);
    await whole.apisix.faults.clear();
    await whole.phone.expectReply(whole.bob.phone, /^RESTORED agent/, 10_000);
    for (const node of [0, 1]) expect(await whole.status('/tools/x', node)).not.toBe(503);
    await agent.waitFor(({ streams }) => streams > 1);
    expect(differences(before, await everything(whole))).toEqual([]);
  } finally {
    await agent.stop();
  }
});

it('law 2: with etcd dead all the while, neither a restart of Pullcord nor one of a gateway lets the agent out', async () => {
  whole.apisix.faults.answer(503);
  await say('alice', (code) => `STOP ${code}`, /SEVERED/);
  await whole.pullcord.close();
  for (const control of whole.apisix.controls) control.forget();
  expect(await whole.status('/tools/x')).not.toBe(503);
  await whole.restart();
  for (const node of [0, 1]) await until(async () => (await whole.status('/tools/x', node)) === 503);
  await whole.apisix.faults.clear();
});

it('law 7: a guard that is away is told, and the switch is degraded, not disarmed', async () => {
  await until(async () => (await guardPart())?.ok);
  await whole.apisix.controls[1]?.refuse();
  await whole.phone.expectReply(whole.alice.phone, /guard of main: the guard at .*ECONNREFUSED/, 5_000);
  expect([(await ready()).state, (await guardPart())?.ok]).toEqual(['degraded', false]);
  expect(await say('alice', (code) => `STOP ${code}`, /SEVER/)).toMatch(/^SEVERED agent/);
  await whole.apisix.controls[1]?.accept();
  await until(async () => (await guardPart())?.ok);
});
