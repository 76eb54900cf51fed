import type { Clock } from '../../clock';
import type { GatewayConfig, ScopeConfig } from '../../config/schema';
import { armedWith, CLAMP_PATH, idsOf, obstacles, readClamp } from './clamp';
import type { Streams } from './clamp-functions';
import { type AdminApi, createAdminApi } from './client';
import { type GatewayError, isGatewayError } from './fault';
import { type GuardFacts, inspectGuards } from './guard/inspect';
import { readRoutes } from './look';
import { chosen } from './match';
import { createProber, type Seen } from './probe';
import { planProbes } from './probe-plan';

/** What `pullcord check` tells of one gateway cluster. Plain facts; what is wrong says in words what to do. */
export interface GatewayFacts {
  readonly gateway: string;
  readonly admin: AdminFacts;
  /** Undefined when the Admin API can't be read. */
  readonly clamp: ClampFacts | undefined;
  /** Empty when the Admin API can't be read. */
  readonly scopes: readonly ScopeFacts[];
  readonly gateways: readonly NodeFacts[];
  /** Empty where none is configured. */
  readonly guards: readonly GuardFacts[];
}

export interface AdminFacts {
  /** Whether the key reads. */
  readonly reads: boolean;
  /** Whether the key writes. */
  readonly writes: boolean;
  /** Why it does not. */
  readonly why?: string;
  /** The gateway's clock less ours, by its `Date` header. Seconds, give or take one. */
  readonly clockSkewSeconds?: number;
}

export interface ClampFacts {
  readonly armed: boolean;
  /** Whether it is armed or could be. */
  readonly armable: boolean;
  /** Which open streams it ends, or would. */
  readonly streams: Streams;
  /** Why it can't be armed, or why it leaves streams open. */
  readonly why: readonly string[];
  /** Routes that it cuts now. */
  readonly cut: number;
}

export interface ScopeFacts {
  readonly scope: string;
  readonly routes: number;
  /** Their ids and names, by which APISIX's metrics call them. */
  readonly called: readonly string[];
  /** Routes that are switched off (`status: 0`). */
  readonly off: number;
  /** Requests that can show whether it is cut. */
  readonly probes: number;
  /** Routes that no request could be derived for. */
  readonly blind: readonly string[];
}

export interface NodeFacts {
  readonly url: string;
  /** Whether it answers at all, with whatever status. */
  readonly answers: boolean;
  /** The status, or what went wrong. */
  readonly detail: string;
}

export interface InspectOptions {
  readonly name: string;
  readonly config: GatewayConfig;
  readonly scopes: Readonly<Record<string, ScopeConfig>>;
  readonly now: Clock;
  /**
   * Whether it is written, too: our own rule, with what it has. That shows what the right to write does not, an etcd that
   * is full for instance, and is one revision of etcd.
   */
  readonly touch?: boolean;
}

/** Looks at everything that would make a cut fail on the day. Changes nothing. Never throws for a failing gateway. */
export async function inspectGateway({
  name,
  config,
  scopes,
  now,
  touch = false,
}: InspectOptions): Promise<GatewayFacts> {
  const { adminUrl, adminKey, gatewayUrls, timeoutMs, caFile } = config;
  const api = createAdminApi({ url: adminUrl, key: adminKey, timeoutMs, caFile });
  try {
    const [gateways, guards, read] = await Promise.all([
      knock(config),
      inspectGuards(config, now),
      readAll(api, scopes, now),
    ]);
    if ('why' in read)
      return {
        gateway: name,
        admin: { reads: false, writes: false, why: read.why },
        clamp: undefined,
        scopes: [],
        gateways,
        guards,
      };
    const refused = await tryWriting(api, touch ? CLAMP_PATH : NOWHERE);
    const { clockSkewSeconds } = read;
    const admin: AdminFacts = {
      reads: true,
      writes: refused === undefined,
      ...(refused === undefined ? {} : { why: refused.message }),
      ...(clockSkewSeconds === undefined ? {} : { clockSkewSeconds }),
    };
    return { gateway: name, admin, clamp: read.clamp, scopes: read.scopes, gateways, guards };
  } finally {
    api.close();
  }

  function knock({ probeConnections: connections }: GatewayConfig): Promise<readonly NodeFacts[]> {
    const prober = createProber({ gatewayUrls, connections, timeoutMs, caFile });
    const target = { method: 'HEAD', path: '/pullcord-probe', headers: {} };
    const facts = ({ url, glimpse, detail }: Seen): NodeFacts => ({ url, answers: glimpse !== 'silent', detail });
    const inOrder = (a: Seen, b: Seen): number => gatewayUrls.indexOf(a.url) - gatewayUrls.indexOf(b.url);
    const seen = prober.glance(target, new AbortController().signal);
    return seen.then((all) => [...all].sort(inOrder).map(facts));
  }
}

interface Facts {
  readonly clamp: ClampFacts;
  readonly scopes: readonly ScopeFacts[];
  readonly clockSkewSeconds: number | undefined;
}

async function readAll(
  api: AdminApi,
  scopes: InspectOptions['scopes'],
  now: Clock,
): Promise<Facts | { readonly why: string }> {
  try {
    const { names, clock } = await api.plugins();
    const skew = clock === undefined ? undefined : Math.round((clock - now()) / 1000);
    const [routes, rule, rules] = [await readRoutes(api), await readClamp(api), await api.list('global_rules')];
    const blocked = obstacles(names, rules);
    const clamp: ClampFacts = {
      armed: armedWith(rule) !== undefined && blocked.rule === undefined,
      armable: blocked.rule === undefined,
      streams: blocked.rule === undefined ? blocked.streams : 'none',
      why: [blocked.rule, ...blocked.lacks].filter((why) => why !== undefined),
      cut: idsOf(rule).size,
    };
    const facts = [...chosen(scopes, routes.values())].map(([scope, held]): ScopeFacts => {
      const { targets, blind } = planProbes(held, scopes[scope]?.probes);
      const off = held.filter((route) => route.off).length;
      const called = held.flatMap(({ id, name }) => (name === undefined ? [id] : [id, name]));
      return { scope, routes: held.length, called, off, probes: targets.length, blind };
    });
    return { clamp, scopes: facts, clockSkewSeconds: skew };
  } catch (error) {
    if (!isGatewayError(error)) throw error;
    return { why: error.message };
  }
}

const NOWHERE = 'global_rules/pullcord-nowhere';

/**
 * A patch of what isn't there changes nothing, and is refused before for want of the right. An empty patch of what is
 * there merges nothing, and is compared and swapped: it can't undo what somebody else writes at the same moment.
 */
async function tryWriting(api: AdminApi, path: string): Promise<GatewayError | undefined> {
  try {
    await api.patch(path, {});
    return undefined;
  } catch (error) {
    if (!isGatewayError(error)) throw error;
    // No rule of ours is there, to be written with what it has.
    if (error.kind === 'not-found' && path !== NOWHERE) return tryWriting(api, NOWHERE);
    return error.kind === 'not-found' || error.kind === 'rejected' ? undefined : error;
  }
}
