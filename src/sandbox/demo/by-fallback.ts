import { canonicalJson } from '../../ledger/chain';
import { differences } from '../everything';
import { type SandboxLiteLLM, startSandboxLiteLLM } from '../litellm';
import type { Rig } from '../rig';
import { type RogueAgent, type RogueAgentOptions, type RogueState, startRogueAgent } from '../rogue-agent';
import { asTheyWere } from './by-text';
import { ms, PATIENCE_MS, type Stage, until } from './stage';
import { FAILURES, WITHIN_SECONDS } from './two-models';

export interface ByFallbackOptions extends Stage {
  readonly primary: SandboxLiteLLM;
  readonly cloud: SandboxLiteLLM;
  /** Of the agent, at both models. */
  readonly key: string;
  /** The upstream with both, as it was before Pullcord saw it. */
  readonly original: ReadonlyMap<string, string>;
}

/** Of one call: the agent streams, and asks again at once. */
const CALL_TOKENS = 2;
/** So many more of them when the fallback is forbidden: each moment shows then whether it is still reached. */
const CROWD = 4;

/** The act of the fallback: the own model dies, a person lets the paid one in, a text shuts it out. */
export async function byFallback(options: ByFallbackOptions) {
  const { rig, say, primary, cloud, key, original } = options;
  const asking = { url: rig.apisix.gatewayUrl, headers: { authorization: `Bearer ${key}` }, maxTokens: CALL_TOKENS };
  const only = await until(() => nodesOf(rig) === 1, 'the fallback stays in the upstream').then(() => upstreamOf(rig));
  say('1. A gateway with two models: one in the house, and a paid one for the day when that is down.');
  say('   Pullcord has taken the paid one out of the upstream: it is there, and nobody gets to it.');

  const agent = startRogueAgent(asking);
  let again: SandboxLiteLLM | undefined;
  try {
    await agent.waitFor(({ streams }) => streams > 10, PATIENCE_MS);
    const before = cloud.completions.length;
    say();
    say(`2. An agent asks and streams, ${agent.state.streams} answers so far. The model in the house is killed.`);
    const over = await goOver({ ...options, agent, asking });

    const stopped = await forbid({ ...options, agent, asking });
    const after = cloud.completions.length;

    say();
    say('5. bob, on the phone:    RESTORE ······');
    const failed = lost(agent.state);
    const { reply } = await rig.phone.text(rig.bob.phone, `RESTORE ${rig.bob.code()}`);
    const restored = reply ?? (await rig.phone.expectReply(rig.bob.phone, /RESTORED/, PATIENCE_MS));
    say(`   Pullcord answers:     ${restored}`);
    await agent.waitFor((now) => lost(now) > failed, PATIENCE_MS);
    const keptOut = nodesOf(rig) === 1 && cloud.completions.length === after;
    say('   The agent gets to its own model again, which is dead; the permit from before the STOP is none any more.');
    again = await startSandboxLiteLLM({ ...SPEECH, port: Number(new URL(primary.url).port) });
    again.addKey('openclaw', key);
    const { streams } = agent.state;
    const servedByPrimary = await agent.waitFor((now) => now.streams > streams, PATIENCE_MS).then(() => true);
    say('   It comes back, and answers.');
    await agent.stop();
    const changed = untimed(differences(only, upstreamOf(rig)));
    say(`   The upstream compared with what it was in 1., field for field: ${asTheyWere(changed)}.`);

    say();
    say('6. carol, on the phone:  FALLBACK ······');
    const last = await rig.phone.text(rig.carol.phone, `FALLBACK ${rig.carol.code()}`);
    say(`   Pullcord answers:     ${last.reply}`);
    const changedAtAll = differences(original, upstreamOf(rig));
    say(`   Compared with what it was before Pullcord, its time of writing included: ${asTheyWere(changedAtAll)}.`);

    return {
      ...over,
      ...stopped,
      ...{ keptOutAtFirst: before === 0, keptOutAfterRestore: keptOut, servedByPrimary },
      fallbackUnusedAfterStop: cloud.completions.length === after,
      ...{ exactGoverned: changed.length === 0, exactPermitted: changedAtAll.length === 0, fields: original.size },
      restoreVerified: restored.startsWith('RESTORED') && /ON FALLBACK, seen/.test(last.reply ?? ''),
    };
  } finally {
    await agent.stop();
    await again?.close();
  }
}

interface Acting extends ByFallbackOptions {
  readonly agent: RogueAgent;
  readonly asking: RogueAgentOptions;
}

/** From the primary's death to the fallback's first answer. */
async function goOver({ rig, say, primary, cloud, agent }: Acting) {
  const lostBefore = lost(agent.state);
  const killed = performance.now();
  await primary.close();
  const question = await rig.phone.expectReply(rig.alice.phone, /Text FALLBACK/, PATIENCE_MS);
  const askedMs = performance.now() - killed;
  say(`   Pullcord texts all:   ${question}`);
  say();
  say('3. alice, on the phone:  FALLBACK ······');
  const answered = until(() => cloud.completions.some(({ how }) => how === 'complete'), 'the fallback is not asked');
  const [permitted] = await Promise.all([rig.phone.text(rig.alice.phone, `FALLBACK ${rig.alice.code()}`), answered]);
  const lostRequests = lost(agent.state) - lostBefore;
  const overMs = (cloud.completions[0]?.startedAt ?? Number.NaN) - killed;
  say(`   Pullcord answers:     ${permitted.reply}`);
  say(`   The first answer from the fallback began ${seconds(overMs)} after the death of the primary; it was to be`);
  say(
    `   asked for after ${FAILURES} failures within ${WITHIN_SECONDS} s, one look a second: that took ${seconds(askedMs)}.`,
  );
  say(`   ${lostRequests} requests were lost until then.`);
  const { streams } = agent.state;
  await agent.waitFor((now) => now.streams > streams + 5, PATIENCE_MS);
  return { askedMs, overMs, lostRequests, permitVerified: /ON FALLBACK, seen/.test(permitted.reply ?? '') };
}

/** From a STOP to the last request that reached the fallback. */
async function forbid({ rig, say, cloud, agent, asking }: Acting) {
  const crowd = Array.from({ length: CROWD }, () => startRogueAgent({ ...asking, pauseMs: 2 }));
  await Promise.all(crowd.map((one) => one.waitFor(({ streams }) => streams > 2, PATIENCE_MS)));
  say();
  say(`4. alice, on the phone:  STOP ······       (a printed code: hers from the phone is used)`);
  const texted = performance.now();
  const [stopped] = await Promise.all([
    rig.phone.text(rig.alice.phone, `STOP ${rig.alice.backupCodes[0]}`),
    agent.waitFor(({ refused }) => refused > 0, PATIENCE_MS),
  ]);
  const reply = stopped.reply ?? (await rig.phone.expectReply(rig.alice.phone, /^SEVERED/, PATIENCE_MS));
  const outAt = await until(() => nodesOf(rig) === 1, 'the fallback stays in the upstream');
  await until(() => cloud.open().length === 0, 'the fallback goes on generating');
  const { refused } = agent.state;
  await agent.waitFor((now) => now.refused > refused + 5, PATIENCE_MS);
  await Promise.all(crowd.map((one) => one.stop()));
  const lastAtFallbackMs = Math.max(0, (cloud.completions.at(-1)?.startedAt ?? Number.NaN) - texted);
  say(`   Pullcord answers:     ${reply}`);
  say(
    `   The last request that reached the fallback came ${ms(lastAtFallbackMs)} after the text; it is out of the upstream,`,
  );
  say(`   and the agent is refused, ${agent.state.refused} times so far.`);
  return { lastAtFallbackMs, stopReplyMs: outAt - texted, stopVerified: reply.startsWith('SEVERED') };
}

/** What both models speak like. */
export const SPEECH = { chunkMs: 2, tokens: 100_000 } as const;

const KEY = '/apisix/upstreams/models';

/** Each field of the upstream as canonical JSON, as etcd has it. */
export function upstreamOf({ apisix }: Pick<Rig, 'apisix'>): ReadonlyMap<string, string> {
  const fields = Object.entries(apisix.store.get(KEY)?.value ?? {});
  return new Map(fields.map(([field, value]) => [field, canonicalJson(value)]));
}

const nodesOf = (rig: Rig): number => (JSON.parse(upstreamOf(rig).get('nodes') ?? '[]') as unknown[]).length;

/** The gateway's own time of writing aside. */
const untimed = (fields: readonly string[]): readonly string[] => fields.filter((field) => field !== 'update_time');

/** Requests that got no answer, or but the beginning of one. */
const lost = ({ failed, ends }: RogueState): number =>
  [...failed.values()].reduce((sum, n) => sum + n, 0) + ends.filter(({ how }) => how !== 'done').length;

const seconds = (value: number): string => `${(value / 1000).toFixed(1)} s`;
