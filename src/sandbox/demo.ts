import { createLogger } from '../log';
import { differences, everything } from './everything';
import { gatewayObjects, gatewayScopes } from './gateway-objects';
import { startSandboxLiteLLM } from './litellm';
import { startRig } from './rig';
import { startRogueAgent } from './rogue-agent';

/** The main job on this machine alone: an agent that runs away, a text that stops it, a text that restores it. */

const json = process.argv.includes('--json');
const PATIENCE_MS = 10_000;

const say = (line = ''): void => void (json ? process.stderr : process.stdout).write(`${line}\n`);
const ms = (value: number): string => `${value.toFixed(0)} ms`;

async function demo() {
  const began = performance.now();
  say('PULLCORD, the demo: everything below is real but the gateway, the model and the phone, which are stand-ins.');
  say();
  const litellm = await startSandboxLiteLLM({ chunkMs: 20, tokens: 100_000 });
  const key = litellm.addKey('openclaw').key;
  const rig = await startRig({
    logger: createLogger({ level: process.env.PULLCORD_LOG === 'debug' ? 'debug' : 'silent' }),
    objects: gatewayObjects(litellm.url),
    config: { scopes: gatewayScopes },
  });
  const authorization = `Bearer ${key}`;
  const agent = startRogueAgent({ url: rig.apisix.gatewayUrl, headers: { authorization } });
  try {
    await agent.waitFor(({ tokens }) => tokens > 20, PATIENCE_MS);
    const before = await everything(rig);
    say(`1. A gateway with ${before.size} objects, a model behind it, and Pullcord beside it, armed.`);
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
    say('4. bob, on the phone:    RESTORE ······');
    const asked = performance.now();
    const streams = agent.state.streams;
    const [restored] = await Promise.all([
      rig.phone.text(rig.bob.phone, `RESTORE ${rig.bob.code()}`),
      agent.waitFor((now) => now.streams > streams, PATIENCE_MS),
    ]);
    const restoreMs = performance.now() - asked;
    const restoredReply = restored.reply ?? (await rig.phone.expectReply(rig.bob.phone, /RESTORED/, PATIENCE_MS));
    say(`   Pullcord answers:     ${restoredReply}`);
    const changed = differences(before, await everything(rig));
    const tokens = agent.state.tokens;
    const servedAfterRestore = await agent.waitFor((now) => now.tokens > tokens, PATIENCE_MS).then(() => true);
    say(`   The agent is served again after ${ms(restoreMs)}.`);
    say(
      `5. ${before.size} gateway objects compared, field for field: ${changed.length === 0 ? 'all as they were' : changed.join(', ')}.`,
    );

    const result = {
      ...{ severMs, streamEndMs, replyMs, restoreMs, objects: before.size },
      exact: changed.length === 0,
      ...{ refusedAfterSever, servedAfterRestore, streamEnd: end?.how, upstreamClosed: litellm.open().length <= 1 },
      othersServed: elsewhere === 200,
      tokensAfterSever: leaked,
      verified: reply.startsWith('SEVERED') && restoredReply.startsWith('RESTORED'),
      seconds: (performance.now() - began) / 1000,
    };
    const ok =
      result.exact && result.verified && refusedAfterSever && servedAfterRestore && result.othersServed && leaked === 0;
    return { ok, ...result };
  } finally {
    await agent.stop();
    await rig.close();
    await litellm.close();
  }
}

async function statusOf(url: string): Promise<number> {
  const response = await fetch(url);
  await response.body?.cancel();
  return response.status;
}

/** @returns when the condition was first seen to hold, as of `performance.now`. */
async function until(condition: () => boolean | Promise<boolean>, otherwise: string): Promise<number> {
  const end = performance.now() + PATIENCE_MS;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`${otherwise} after ${PATIENCE_MS} ms`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  return performance.now();
}

demo()
  .catch((error: unknown) => ({ ok: false, error: error instanceof Error ? error.message : String(error) }))
  .then((result) => {
    say();
    say(result.ok ? `It held, in ${'seconds' in result ? result.seconds.toFixed(1) : '?'} s.` : 'IT DID NOT HOLD.');
    if ('error' in result) say(result.error);
    if (json) process.stdout.write(`${JSON.stringify(result, rounded)}\n`);
    process.exitCode = result.ok ? 0 : 1;
  });

function rounded(_key: string, value: unknown): unknown {
  return typeof value === 'number' ? Math.round(value * 10) / 10 : value;
}
