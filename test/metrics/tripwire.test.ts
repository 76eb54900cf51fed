import { Registry } from 'prom-client';
import { families } from '../../src/metrics/family';
import { showTripwire } from '../../src/metrics/tripwire';
import { gatewayScopes } from '../../src/sandbox/gateway-objects';
import { type SandboxLiteLLM, startSandboxLiteLLM } from '../../src/sandbox/litellm';
import { moved, type Samples, samplesIn, scrape } from '../support/scrape';
import { until } from '../support/until';
import { startWhole, type Whole } from '../support/whole';

/** The tripwire's metrics, from a real one on the stand-in LiteLLM. */

let litellm: SandboxLiteLLM;
let whole: Whole;
let key: { readonly key: string; readonly hash: string };
beforeAll(async () => {
  // A dollar a call.
  litellm = await startSandboxLiteLLM({ chunkMs: 1, tokens: 1, inputCost: 0, outputCost: 1 });
  key = litellm.addKey('openclaw');
  await burn(1);
  whole = await startWhole({
    now: Date.now,
    config: {
      scopes: gatewayScopes,
      enforcer: { periodSeconds: 1 },
      tripwire: {
        litellm: [{ url: litellm.url, timeoutMs: 1_000 }],
        everySeconds: 1,
        whole: { ceilings: { usd: { perMinute: 50 } } },
        defaults: { ceilings: { usd: { perMinute: 5 } }, anomaly: false },
      },
    },
  });
});
afterAll(async () => {
  await whole.close();
  await litellm.close();
});

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

const look = (): Promise<Samples> => scrape(whole.pullcord.internalUrl);
const source = (): string => `litellm ${new URL(litellm.url).host}`;

it('what is spent shows as a burn, and a trip as an order of the tripwire and a signal', async () => {
  await until(
    async () => ((await look()).get(`pullcord_tripwire_looks_total{source="${source()}",result="seen"}`) ?? 0) > 1,
  );
  const before = await look();
  expect(before.get('pullcord_tripwire_burn_usd')).toBe(0);
  expect(before.get('pullcord_tripwire_acts')).toBe(1);
  expect(before.get(`pullcord_tripwire_sees{source="${source()}"}`)).toBe(1);
  expect(before.get(`pullcord_tripwire_last_look_timestamp_seconds{source="${source()}"}`)).toBeGreaterThan(1e9);
  expect(before.get('pullcord_tripwire_ceiling{unit="usd",window="60"}')).toBe(50);

  await burn(8);
  const severed = 'pullcord_latch_state{scope="agent",state="severed"}';
  await until(async () => (await look()).get(severed) === 1, 15_000);
  const after = await look();
  expect(moved(before, after, /^pullcord_(orders|refusals|tripwire_(signals|spend))/)).toEqual({
    'pullcord_orders_total{source="tripwire",action="sever",result="accepted"}': 1,
    'pullcord_tripwire_signals_total{rule="ceiling",level="trip"}': 1,
    pullcord_tripwire_spend_usd_total: after.get('pullcord_tripwire_burn_usd'),
  });
  expect(after.get('pullcord_tripwire_burn_usd')).toBeGreaterThan(5);
});

it('while it is blind the burn is absent, and not 0', async () => {
  const registry = new Registry();
  const blind = { name: 'litellm a:1', sees: false, blindSince: 5_000, troubles: [] };
  const spend = { mode: 'observe', at: 0, sources: [blind], subjects: [], models: [] } as const;
  showTripwire(
    families(registry, () => undefined),
    { spend: () => spend, sees: () => false },
  );
  expect(Object.fromEntries(samplesIn(await registry.metrics()))).toEqual({
    pullcord_tripwire_acts: 0,
    'pullcord_tripwire_sees{source="litellm a:1"}': 0,
    'pullcord_tripwire_blind_since_timestamp_seconds{source="litellm a:1"}': 5,
  });
});

it('holds no key, no hash of one and no name of one', async () => {
  const said = await (await fetch(`${whole.pullcord.internalUrl}/metrics`)).text();
  for (const secret of [key.key, key.hash, 'openclaw', 'gpt-4o']) expect(said).not.toContain(secret);
});
