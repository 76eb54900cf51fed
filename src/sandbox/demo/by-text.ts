import { differences, everything } from '../everything';
import type { SandboxLiteLLM } from '../litellm';
import type { Person } from '../rig';
import { startRogueAgent } from '../rogue-agent';
import { ms, PATIENCE_MS, type Stage, statusOf, until } from './stage';

export interface ByTextOptions extends Stage {
  readonly litellm: SandboxLiteLLM;
  readonly authorization: string;
  /** All objects of the gateway, as they were. */
  readonly before: ReadonlyMap<string, string>;
  readonly restorer: Person;
}

/** The first act: an agent streams without end, a text stops it, a text restores it. */
export async function byText({ rig, say, litellm, authorization, before, restorer }: ByTextOptions) {
  const agent = startRogueAgent({ url: rig.apisix.gatewayUrl, headers: { authorization } });
  try {
    await agent.waitFor(({ tokens }) => tokens > 20, PATIENCE_MS);
    say(`2. An agent in a loop: one stream is open, ${agent.state.tokens} tokens so far, and nobody at a desk.`);

    const embeddings = `${rig.apisix.gatewayUrl}/v1/embeddings`;
    const stop = `STOP ${rig.alice.code()}`;
    say();
    say(`3. alice, on the phone:  ${stop.replace(/\d+/, '······')}`);
    const texted = performance.now();
    const [stopped, state, refusedAt] = await Promise.all([
      rig.phone.text(rig.alice.phone, stop),
      agent.waitFor(({ refused, ends }) => refused > 0 && ends.length > 0, PATIENCE_MS),
      // What is on its way at the moment of the cut is reset.
      until(async () => (await statusOf(embeddings).catch(() => 0)) === 503, 'the gateway goes on serving'),
    ]);
    const replyMs = performance.now() - texted;
    const severMs = refusedAt - texted;
    const end = state.ends[0];
    const streamEndMs = (end?.at ?? Number.NaN) - texted;
    await until(() => litellm.open().length === 0, 'the model goes on generating');
    const elsewhere = await statusOf(`${rig.apisix.gatewayUrl}/health/liveliness`);
    const burntAtStop = agent.state.tokens;
    const reply = stopped.reply ?? (await rig.phone.expectReply(rig.alice.phone, /SEVERED/, PATIENCE_MS));
    say(`   Pullcord answers:     ${reply}`);
    say(`   The agent is refused after ${ms(severMs)}. Its open stream ends after ${ms(streamEndMs)} (${end?.how}),`);
    say(`   and the model behind it stops generating. A route that isn't the agent's still answers ${elsewhere}.`);
    const refusedAfterSever = (await statusOf(embeddings)) === 503;
    const leaked = agent.state.tokens - burntAtStop;

    say();
    say(`4. ${restorer.name}, on the phone:  RESTORE ······`);
    const asked = performance.now();
    const streams = agent.state.streams;
    const [restored] = await Promise.all([
      rig.phone.text(restorer.phone, `RESTORE ${restorer.code()}`),
      agent.waitFor((now) => now.streams > streams, PATIENCE_MS),
    ]);
    const restoreMs = performance.now() - asked;
    const restoredReply = restored.reply ?? (await rig.phone.expectReply(restorer.phone, /RESTORED/, PATIENCE_MS));
    say(`   Pullcord answers:     ${restoredReply}`);
    const changed = differences(before, await everything(rig));
    const tokens = agent.state.tokens;
    const servedAfterRestore = await agent.waitFor((now) => now.tokens > tokens, PATIENCE_MS).then(() => true);
    say(`   The agent is served again after ${ms(restoreMs)}.`);
    say(`   ${before.size} gateway objects compared, field for field: ${asTheyWere(changed)}.`);

    return {
      ...{ severMs, streamEndMs, replyMs, restoreMs, objects: before.size },
      exact: changed.length === 0,
      ...{ refusedAfterSever, servedAfterRestore, streamEnd: end?.how, upstreamClosed: litellm.open().length <= 1 },
      othersServed: elsewhere === 200,
      tokensAfterSever: leaked,
      verified: reply.startsWith('SEVERED') && restoredReply.startsWith('RESTORED'),
    };
  } finally {
    await agent.stop();
  }
}

export const asTheyWere = (changed: readonly string[]): string =>
  changed.length === 0 ? 'all as they were' : changed.join(', ');
