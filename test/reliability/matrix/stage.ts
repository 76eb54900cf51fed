import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConfigInput } from '../../../src/config/schema';
import { createLogger } from '../../../src/log';
import { everything } from '../../../src/sandbox/everything';
import { gatewayObjects, gatewayScopes } from '../../../src/sandbox/gateway-objects';
import { startSandboxLiteLLM } from '../../../src/sandbox/litellm';
import { type Rig, startRig } from '../../../src/sandbox/rig';
import { standBeforePglite } from '../../support/fault-proxy/embedded';
import type { FaultProxy } from '../../support/fault-proxy/fault';
import { type HttpFaultProxy, startHttpFaultProxy } from '../../support/fault-proxy/http';
import { startTcpFaultProxy } from '../../support/fault-proxy/tcp';
import { freshPglite } from '../../support/pglite';
import { type Receiver, startReceiver } from '../../support/receiver';
import { bearing, eventsToken, type Subscriber, subscribe } from '../../support/subscriber';
import type { ComponentName } from './components';
import { startWatcher, type Watcher } from './watcher';

/** Where the ledger and the queue of a stage live. Left out: embedded. */
export interface Home {
  readonly databaseUrl?: string;
  readonly redisUrl?: string;
}

export interface Pace {
  /** How long a fault lasts, from the first that meets it. Milliseconds. */
  readonly faultMs: number;
  /** Of one request to the gateway (`timeoutMs`). Milliseconds. */
  readonly timeoutMs: number;
}

/** A whole installation with one component behind a fault proxy. It plays one cell after the other. */
export interface Stage {
  readonly rig: Rig;
  readonly proxy: FaultProxy;
  readonly watcher: Watcher;
  readonly pace: Pace;
  /** The gateway's objects before anything was ordered. */
  readonly before: ReadonlyMap<string, string>;
  readonly rewrites: boolean;
  /** From here on every code is a fresh one. */
  freshCodes(): void;
  /** Called once, when the Admin API has answered a write. */
  onWritten(call: () => void): void;
  /** Whether LiteLLM shows the agent's key as blocked; undefined where it has no part. */
  keyBlocked(): boolean | undefined;
  readonly subscriber: Subscriber | undefined;
  api<T>(path: string): Promise<T>;
  close(): Promise<void>;
}

const WRITE = /^(PUT|PATCH) \S+\/(global_rules|routes)\//;
const SECRET = 'the secret that guards and Pullcord share';
const CODE_SECONDS = 30;

type Closing = (() => Promise<unknown>)[];

/** Ends every part, also where one of them can't. */
async function closeAll(closing: Closing): Promise<void> {
  const failed: unknown[] = [];
  for (const close of closing) await close().catch((error) => failed.push(error));
  if (failed.length > 0) throw failed[0];
}

/** What was begun is ended where the rest can't be. */
export async function startStage(component: ComponentName, home: Home, pace: Pace): Promise<Stage> {
  const closing: Closing = [];
  try {
    return await build(component, home, pace, closing);
  } catch (error) {
    await closeAll(closing).catch(() => undefined);
    throw error;
  }
}

async function build(component: ComponentName, home: Home, pace: Pace, closing: Closing): Promise<Stage> {
  const dataDir = mkdtempSync(join(tmpdir(), 'pullcord-matrix-'));
  if (home.databaseUrl === undefined) await (await freshPglite(join(dataDir, 'ledger'))).close();
  const ends = <T extends { close(): Promise<unknown> }>(part: T): T => {
    closing.unshift(() => part.close());
    return part;
  };
  let jumped = 0;
  const now = (): number => Date.now() + jumped;

  const tap = ends(await startHttpFaultProxy());
  const other = ends(await startHttpFaultProxy());
  const litellm = component.startsWith('LiteLLM') ? ends(await startSandboxLiteLLM()) : undefined;
  const receiver = component === 'receivers of events' ? ends(await startReceiver()) : undefined;
  const wire = home[component === 'Redis' ? 'redisUrl' : 'databaseUrl'];
  const tcp =
    (component === 'Redis' || component === 'Postgres') && wire !== undefined
      ? ends(await startTcpFaultProxy(new URL(wire)))
      : undefined;
  const through = (url: string): string => Object.assign(new URL(url), { port: String(tcp?.port) }).href;
  const embedded = component === 'embedded ledger' ? ends(standBeforePglite(dataDir)) : undefined;
  const proxy = component.startsWith('Admin API') ? tap : (tcp ?? embedded ?? other);
  const key = litellm?.addKey('openclaw');
  if (litellm) other.aim(litellm.url);
  if (receiver) other.aim(new URL(receiver.url).origin);

  const rig = ends(
    await startRig({
      ...{ dataDir, now, objects: gatewayObjects('http://127.0.0.1:9') },
      logger: createLogger({ level: (process.env.PULLCORD_LOG as 'debug' | undefined) ?? 'silent' }),
      apisix: {
        ...(component === 'guard' ? { guard: { secret: SECRET } } : {}),
        ...(component === 'data plane' ? { nodes: 2 } : {}),
        // Late enough for a result that the answer to the webhook can't hold any more.
        ...(component === 'Twilio, replies' ? { propagationMs: 800 } : {}),
      },
      gateway: (apisix) => {
        tap.aim(apisix.adminUrl);
        const [control] = apisix.controls;
        if (component === 'guard') other.aim(control?.url ?? '');
        if (component === 'data plane') other.aim(apisix.gatewayUrl);
        return {
          ...{ adminUrl: tap.url, timeoutMs: pace.timeoutMs },
          ...(component === 'Admin API, rewriting' ? { method: 'rewrite' as const } : {}),
          ...(component === 'guard' ? { guard: { controlUrls: [other.url], secret: SECRET } } : {}),
          ...(component === 'data plane' ? { gatewayUrls: [other.url, ...apisix.gatewayUrls.slice(1)] } : {}),
        };
      },
      twilioApiUrl: (restUrl) => {
        if (component !== 'Twilio, replies') return restUrl;
        other.aim(restUrl);
        return other.url;
      },
      config: {
        ...{ scopes: gatewayScopes, enforcer: { periodSeconds: 1 } },
        api: { tokens: [{ ...eventsToken(), rights: ['status', 'events'] }] },
        ...(home.databaseUrl === undefined
          ? {}
          : { databaseUrl: component === 'Postgres' ? through(home.databaseUrl) : home.databaseUrl }),
        ...(home.redisUrl === undefined
          ? {}
          : { redisUrl: component === 'Redis' ? through(home.redisUrl) : home.redisUrl }),
        ...(component === 'Twilio, replies' ? { bounds: { replyMs: 500 } } : {}),
        ...ofLitellm(component, other, key?.hash ?? ''),
      },
    }),
  );
  const watcher = ends(startWatcher(rig.apisix.gatewayUrls));
  const subscriber = receiver && (await subscribed(rig, receiver, other));
  const api: Stage['api'] = async (path) => {
    const ask = () => fetch(`${rig.pullcord.internalUrl}/api/v1/${path}`, { headers: bearing() });
    // A connection that was kept open may have ended meanwhile.
    const answer = await ask().catch(ask);
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as never;
  };
  return {
    ...{ rig, proxy, watcher, pace, subscriber, api },
    before: await everything(rig),
    rewrites: component === 'Admin API, rewriting',
    freshCodes: () => {
      jumped += CODE_SECONDS * 1_000;
    },
    onWritten: (call) => {
      tap.onAnswered = (what) => {
        if (!WRITE.test(what)) return;
        tap.onAnswered = () => undefined;
        call();
      };
    },
    keyBlocked: () => (component === 'LiteLLM, keys' ? litellm?.isBlocked(key?.hash ?? '') : undefined),
    close: () => closeAll(closing),
  };
}

function ofLitellm(component: ComponentName, { url }: HttpFaultProxy, hash: string): Partial<ConfigInput> {
  if (component === 'LiteLLM, keys')
    return { cutters: { litellm: [{ url, adminKey: 'sk-sandbox-master', keys: [hash], scopes: ['agent'] }] } };
  if (component === 'LiteLLM, metrics')
    return { tripwire: { everySeconds: 1, litellm: [{ url, timeoutMs: 1_000 }], blind: { afterSeconds: 300 } } };
  return {};
}

/** By way of the proxy. */
function subscribed({ pullcord }: Rig, receiver: Receiver, { url }: HttpFaultProxy): Promise<Subscriber> {
  const there = new URL(receiver.url).pathname;
  const by = new Proxy(receiver, {
    get: (target, name) => (name === 'url' ? `${url}${there}` : Reflect.get(target, name)),
  });
  return subscribe(pullcord.internalUrl, ['severing', 'severed', 'restored'], { receiver: by });
}
