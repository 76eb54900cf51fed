import type { SpendAnswer } from '../../intake/http/schemas';
import { differences, everything } from '../everything';
import type { SandboxLiteLLM } from '../litellm';
import type { Person } from '../rig';
import { startRogueAgent } from '../rogue-agent';
import { asTheyWere } from './by-text';
import { ms, PATIENCE_MS, type Stage, statusOf, until } from './stage';

export interface ByTripwireOptions extends Stage {
  readonly litellm: SandboxLiteLLM;
  readonly authorization: string;
  readonly before: ReadonlyMap<string, string>;
  readonly restorer: Person;
  /** Of the API, with the right to look. */
  readonly token: string;
  /** US dollars a token of the stand-in model. */
  readonly price: number;
}

/** Tokens of one call: enough of them for a dollar. */
const CALL_TOKENS = 20;

/** The second act: the agent burns money, nobody texts, the tripwire cuts. */
export async function byTripwire(options: ByTripwireOptions) {
  const { rig, say, litellm, authorization, before, restorer, token, price } = options;
  const embeddings = `${rig.apisix.gatewayUrl}/v1/embeddings`;
  const begun = performance.now();
  say(`5. The agent again: short calls, one after the other, $${(CALL_TOKENS * price).toFixed(2)} each. Nobody texts.`);
  const agent = startRogueAgent({ url: rig.apisix.gatewayUrl, headers: { authorization }, maxTokens: CALL_TOKENS });
  try {
    const [refused, trippedText, severedText] = await Promise.all([
      agent.waitFor((state) => state.refused > 0, 2 * PATIENCE_MS),
      rig.phone.expectReply(rig.alice.phone, /^TRIPPED/, 2 * PATIENCE_MS),
      rig.phone.expectReply(rig.bob.phone, /^SEVERED/, 2 * PATIENCE_MS),
    ]);
    const { figures } = await standing(rig.pullcord.internalUrl, token);
    const visibleAt = exceeded(litellm, begun, price, figures.limit);
    const tripMs = (refused.lastRefusedAt ?? Number.NaN) - visibleAt;
    const burntUsd = spentSince(litellm, begun, price).at(-1)?.usd ?? 0;
    const savedUsdPerHour = 60 * figures.beyondUsualPerMinute;
    say(`   Pullcord texts all:   ${trippedText}`);
    say(`   and then:             ${severedText}`);
    say(
      `   The agent is refused ${ms(tripMs)} after its calls had cost too much. It had burnt $${burntUsd.toFixed(2)};`,
    );
    say(`   at that rate the next hour would have cost $${savedUsdPerHour.toFixed(0)}.`);
    const refusedAfterTrip = (await statusOf(embeddings)) === 503;
    // Somebody has looked into it, and ended the loop.
    await agent.stop();

    say();
    say(`6. ${restorer.name}, on the phone:    RESTORE ······`);
    const { reply } = await rig.phone.text(restorer.phone, `RESTORE ${restorer.code()}`);
    const restored = reply ?? (await rig.phone.expectReply(restorer.phone, /RESTORED/, PATIENCE_MS));
    say(`   Pullcord answers:     ${restored}`);
    await until(async () => (await statusOf(embeddings).catch(() => 503)) !== 503, 'the gateway goes on refusing');
    const changed = differences(before, await everything(rig));
    say(`7. ${before.size} gateway objects compared, field for field: ${asTheyWere(changed)}.`);
    return {
      ...{ tripMs, trippedBy: figures.rule, burntUsd, savedUsdPerHour, refusedAfterTrip },
      exactAfterTrip: changed.length === 0,
      tripVerified: severedText.includes('burnt beyond usual') && restored.startsWith('RESTORED'),
    };
  } finally {
    await agent.stop();
  }
}

/** The trip that stands, as the API tells it. */
async function standing(internalUrl: string, token: string) {
  const answer = await fetch(`${internalUrl}/api/v1/spend`, { headers: { authorization: `Bearer ${token}` } });
  const { subjects } = (await answer.json()) as SpendAnswer;
  const found = subjects.find(({ kind, standing: trip }) => kind === 'key' && trip?.level === 'trip')?.standing;
  if (!found) throw new Error('the API tells of no trip');
  return found;
}

interface Spent {
  /** As of `performance.now`. */
  readonly at: number;
  /** US dollars, all in all. */
  readonly usd: number;
}

/** Calls that were billed since then. */
function spentSince(litellm: SandboxLiteLLM, since: number, price: number): readonly Spent[] {
  let usd = 0;
  return litellm.completions
    .filter(({ startedAt, how }) => startedAt >= since && how === 'complete')
    .map(({ endedAt, tokens }) => {
      usd += tokens * price;
      return { at: endedAt ?? Number.NaN, usd };
    });
}

/** When anybody who looked would have seen it. */
function exceeded(litellm: SandboxLiteLLM, since: number, price: number, limit: number): number {
  return spentSince(litellm, since, price).find(({ usd }) => usd > limit)?.at ?? Number.NaN;
}
