import { createHash } from 'node:crypto';
import type { IncidentStoryAnswer } from '../../src/intake/http/schemas';
import { gatewayScopes } from '../../src/sandbox/gateway-objects';
import { startSandboxLiteLLM } from '../../src/sandbox/litellm';
import { until } from '../support/until';
import { startWhole } from '../support/whole';

/** An incident that money began: a person's STOP joins it, and another one's RESTORE ends it. */
it('tells of a trip what it saw before it cut, what that had cost, and who came after it', async () => {
  const litellm = await startSandboxLiteLLM({ chunkMs: 1, tokens: 1, inputCost: 0, outputCost: 1 });
  const { key } = litellm.addKey('openclaw');
  const burn = async (calls: number): Promise<void> => {
    for (let i = 0; i < calls; i += 1) {
      const answer = await fetch(`${litellm.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'gpt-4o', messages: [] }),
      });
      await answer.text();
    }
  };
  await burn(1);
  const sha256 = createHash('sha256').update('reader').digest('hex');
  const whole = await startWhole({
    now: Date.now,
    config: {
      ...{ scopes: gatewayScopes, enforcer: { periodSeconds: 1 } },
      api: { tokens: [{ name: 'reader', sha256, rights: ['status'] }] },
      tripwire: {
        litellm: [{ url: litellm.url, timeoutMs: 1_000 }],
        everySeconds: 1,
        defaults: { ceilings: { usd: { perMinute: 5 } }, anomaly: false },
      },
    },
  });
  try {
    const looks = () => litellm.requests.filter((request) => request === 'GET /metrics/').length;
    await until(() => looks() >= 2, 40_000);
    await burn(7);
    await whole.phone.expectReply(whole.alice.phone, /^TRIPPED/, 40_000);
    await whole.phone.text(whole.alice.phone, `STOP ${whole.alice.code()}`);
    await whole.phone.expectReply(whole.alice.phone, /^SEVERED.*Order 2/, 40_000);
    await whole.phone.text(whole.bob.phone, `RESTORE ${whole.bob.code()}`);
    await whole.phone.expectReply(whole.bob.phone, /RESTORED/, 40_000);

    const headers = { authorization: 'Bearer reader' };
    const story = async () =>
      (await (
        await fetch(`${whole.pullcord.internalUrl}/api/v1/incidents/1`, { headers })
      ).json()) as IncidentStoryAnswer;
    await until(async () => (await story()).timeline.some(({ kind }) => kind === 'tripped'), 10_000);
    const { timeline, cost, orders, openedBy } = await story();
    expect([openedBy, orders]).toEqual(['tripwire', [1, 2, 3]]);
    const spine = timeline.filter(({ kind }) => kind === 'tripped' || kind === 'order');
    expect(spine.map(({ kind, who }) => `${kind} ${who}`)).toEqual([
      ...['tripped tripwire', 'order tripwire', 'order alice', 'order bob'],
    ]);
    expect(spine[0]?.afterMs).toBeLessThanOrEqual(0);
    expect(cost?.spent.usd).toBeGreaterThanOrEqual(5);
    expect(cost).not.toHaveProperty('spent.tokens');
    expect(cost?.savedMinutes).toBeLessThan(5);
    const report = await fetch(`${whole.pullcord.internalUrl}/api/v1/incidents/1/report`, { headers });
    expect(await report.text()).toMatch(/^# Incident 1: agent\n[\s\S]*severed by tripwire[\s\S]* USD/);
  } finally {
    await whole.close();
    await litellm.close();
  }
}, 140_000);
