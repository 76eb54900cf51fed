import { createHash } from 'node:crypto';
import { createLogger } from '../log';
import { byFallback, SPEECH, upstreamOf } from './demo/by-fallback';
import { byText } from './demo/by-text';
import { byTripwire } from './demo/by-tripwire';
import { type Stage, until } from './demo/stage';
import { stay } from './demo/stay';
import { governed, twoModels } from './demo/two-models';
import { everything } from './everything';
import { gatewayObjects, gatewayScopes } from './gateway-objects';
import { type SandboxLiteLLM, startSandboxLiteLLM } from './litellm';
import { startRig } from './rig';

/**
 * The main job on this machine alone: an agent that runs away, a text that stops it, a text that restores it; and the
 * same agent that burns money while nobody looks. With `--fallback`: its own model dies, and a paid one stands behind it.
 * With `--stay` it goes on running, and the console can be looked at.
 */

const json = process.argv.includes('--json');
const TOKEN = 'a-token-for-the-demo';
/** US dollars a token: imaginary, so that money moves in seconds. */
const PRICE = 0.05;

const say: Stage['say'] = (line = '') => void (json ? process.stderr : process.stdout).write(`${line}\n`);
const logger = createLogger({ level: process.env.PULLCORD_LOG === 'debug' ? 'debug' : 'silent' });
const TITLE =
  'PULLCORD, the demo: everything below is real but the gateway, the models and the phone, which are stand-ins.';

async function demo() {
  const began = performance.now();
  say(TITLE);
  say();
  const litellm = await startSandboxLiteLLM({ chunkMs: 20, tokens: 100_000, inputCost: 0, outputCost: PRICE });
  const { key } = litellm.addKey('openclaw');
  const authorization = `Bearer ${key}`;
  await ordinaryCall(litellm, authorization);
  const rig = await startRig({
    logger,
    objects: gatewayObjects(litellm.url),
    config: {
      scopes: gatewayScopes,
      api: { tokens: [{ name: 'demo', sha256: createHash('sha256').update(TOKEN).digest('hex'), rights: ['status'] }] },
      tripwire: {
        litellm: [{ url: litellm.url }],
        everySeconds: 1,
        keys: { openclaw: { key, ceilings: { usd: { perMinute: 5 } } } },
      },
    },
  });
  try {
    const before = await everything(rig);
    say(`1. A gateway with ${before.size} objects, a model behind it, and Pullcord beside it, armed.`);
    const acted = { rig, say, litellm, authorization, before };
    const first = await byText({ ...acted, restorer: rig.carol });
    say();
    const second = await byTripwire({ ...acted, restorer: rig.bob, token: TOKEN, price: PRICE });
    const seconds = (performance.now() - began) / 1000;
    if (process.argv.includes('--stay')) await stay({ rig, say });
    return { ok: held(first) && held(second), ...first, ...second, seconds };
  } finally {
    await rig.close();
    await litellm.close();
  }
}

async function fallbackDemo() {
  const began = performance.now();
  say(TITLE);
  say();
  const [primary, cloud] = await Promise.all([startSandboxLiteLLM(SPEECH), startSandboxLiteLLM(SPEECH)]);
  const { key } = primary.addKey('openclaw');
  cloud.addKey('openclaw', key);
  const urls = { primaryUrl: primary.url, cloudUrl: cloud.url };
  let original: ReadonlyMap<string, string> = new Map();
  const rig = await startRig({
    ...{ logger, objects: twoModels(urls), config: governed(urls) },
    gateway: (apisix) => {
      original = upstreamOf({ apisix });
      return {};
    },
  });
  try {
    const act = await byFallback({ rig, say, primary, cloud, key, original });
    return { ok: held(act), ...act, seconds: (performance.now() - began) / 1000 };
  } finally {
    await rig.close();
    await cloud.close();
  }
}

/** What is there before anybody looks was spent before anybody looked. */
async function ordinaryCall({ url, completions }: SandboxLiteLLM, authorization: string): Promise<void> {
  const body = JSON.stringify({ model: 'gpt-4o', max_tokens: 1, messages: [] });
  const headers = { authorization, 'content-type': 'application/json' };
  await (await fetch(`${url}/v1/chat/completions`, { method: 'POST', headers, body })).text();
  await until(() => completions.every(({ how }) => how === 'complete'), 'the model goes on answering');
}

/** Whatever of an act is true or false has to be true, and nothing may have leaked. */
const held = (act: Readonly<Record<string, unknown>>): boolean =>
  Object.values(act).every((value) => value !== false) &&
  (act.tokensAfterSever ?? 0) === 0 &&
  Object.values(act).every((value) => !Number.isNaN(value));

(process.argv.includes('--fallback') ? fallbackDemo() : demo())
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
