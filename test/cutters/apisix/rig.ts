import { pino } from 'pino';
import { configSchema, type GatewayConfig, type ScopeConfig } from '../../../src/config/schema';
import { type ApisixCutter, createApisixCutter } from '../../../src/cutters/apisix/cutter';
import type { SnapshotStore } from '../../../src/cutters/apisix/rewrite';
import type { Report } from '../../../src/cutters/cutter';
import type { Snapshot } from '../../../src/ledger/store';
import { type Apisix, type ApisixOptions, startApisix } from '../../../src/sandbox/apisix';
import { SIGNATURE_HEADER, signature } from '../../../src/signature';
import { send } from '../../sandbox/recorded/exchange';
import { goalOf, notOvertaken } from '../../support/goal';
import { startUpstream, type Upstream } from '../../support/upstream';

/** Snapshots in memory, sealed as JSON: what is read back is never what was handed in. */
export interface SnapshotsInMemory extends SnapshotStore {
  readonly kept: Map<string, string>;
  /** What the ledger does in the place of its work, while it is set. */
  fault: (() => Promise<never>) | undefined;
}

export function snapshotsInMemory(): SnapshotsInMemory {
  const kept = new Map<string, string>();
  const store: SnapshotsInMemory = {
    kept,
    fault: undefined,
    async saveSnapshot(snapshot) {
      await store.fault?.();
      kept.set(snapshot.route, JSON.stringify(snapshot));
    },
    async snapshots() {
      await store.fault?.();
      return [...kept.values()].map((text) => JSON.parse(text) as Snapshot);
    },
    async dropSnapshot(_, route) {
      await store.fault?.();
      kept.delete(route);
    },
  };
  return store;
}

type Scopes = Readonly<Record<string, Partial<ScopeConfig> & Pick<ScopeConfig, 'routes'>>>;

/** A sandbox gateway with an upstream, a cutter on it, and eyes of its own that go past the cutter. */
export interface Rig {
  readonly apisix: Apisix;
  readonly upstream: Upstream;
  readonly snapshots: SnapshotsInMemory;
  readonly cutter: ApisixCutter;
  /** Milliseconds that the cutter's clock is ahead. */
  clock: { ahead: number };
  /** What was last said to be wrong with the guards. */
  guardFaults(): readonly string[];
  /** What each guard holds, as far as nobody restarted it. */
  guarded(): Promise<readonly (readonly string[])[]>;
  /** Another cutter on the same gateway and the same snapshots, as after a restart. */
  another(scopes?: Scopes, config?: Partial<GatewayConfig>): ApisixCutter;
  /** Writes routes: a URI, or more of it. */
  routes(routes: Readonly<Record<string, string | object>>): Promise<void>;
  admin(method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }>;
  /** Every object of the gateway but the rules of the clamp and of the guard, as the Admin API answers it: indexes and times included. */
  objects(): Promise<Readonly<Record<string, unknown>>>;
  /** The ids that the clamp names; undefined when there is no clamp. */
  named(): Promise<readonly string[] | undefined>;
  /** Calls of the Admin API from now on, without those of the rig. */
  listen(): string[];
  status(path: string, headers?: Readonly<Record<string, string>>, method?: string): Promise<number>;
  sever(...scopes: readonly string[]): Promise<Report>;
  close(): Promise<void>;
}

export const ALL: Scopes = { agent: { routes: [{ all: true }] } };
/** Pullcord's own, armed ahead of time. */
const CLAMP = '/apisix/global_rules/pullcord-clamp';
const OURS = [CLAMP, '/apisix/global_rules/pullcord-guard'];

export async function openRig(
  scopes: Scopes = ALL,
  config: Partial<GatewayConfig> = {},
  options: ApisixOptions = {},
): Promise<Rig> {
  const apisix = await startApisix(options);
  const upstream = await startUpstream();
  const snapshots = snapshotsInMemory();
  const clock = { ahead: 0 };
  const opened: ApisixCutter[] = [];
  let order = 0;
  let faults: readonly string[] = [];

  function another(theirs: Scopes = scopes, more: Partial<GatewayConfig> = {}): ApisixCutter {
    const parsed = configSchema.parse({
      publicUrl: 'https://pullcord.example.org',
      key: 'k',
      defaultScope: Object.keys(theirs)[0],
      gateways: {
        main: {
          adminUrl: apisix.adminUrl,
          adminKey: apisix.adminKey,
          gatewayUrls: apisix.gatewayUrls,
          ...(options.guard
            ? { guard: { controlUrls: apisix.controls.map(({ url }) => url), secret: options.guard.secret } }
            : {}),
          ...config,
          ...more,
        },
      },
      scopes: theirs,
    });
    const cutter = createApisixCutter({
      name: 'main',
      config: parsed.gateways.main as GatewayConfig,
      scopes: parsed.scopes,
      snapshots,
      logger: pino({ level: 'silent' }),
      now: () => Date.now() + clock.ahead,
      onGuard: (_, found) => {
        faults = found;
      },
    });
    opened.push(cutter);
    return cutter;
  }

  async function admin(method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }> {
    const headers = { 'x-api-key': apisix.adminKey, 'x-rig': '1' };
    const text = body === undefined ? undefined : JSON.stringify(body);
    const reply = await send(apisix.adminUrl, method, `/apisix/admin${path}`, headers, text);
    return { status: reply.status, body: JSON.parse(reply.text || 'null') };
  }

  const cutter = another();
  const rig: Rig = {
    apisix,
    upstream,
    snapshots,
    clock,
    cutter,
    guardFaults: () => faults,
    guarded: () =>
      Promise.all(
        apisix.controls.map(async ({ url }) => {
          const headers = {
            [SIGNATURE_HEADER]: signature(options.guard?.secret ?? '', '', Math.floor(Date.now() / 1000)),
          };
          const { text } = await send(url, 'GET', '/v1/plugin/pullcord-guard/state', headers);
          return (JSON.parse(text) as { readonly ids: readonly string[] }).ids;
        }),
      ),
    another,
    admin,
    async routes(routes) {
      const node = { type: 'roundrobin', nodes: { [`127.0.0.1:${upstream.port}`]: 1 } };
      for (const [id, route] of Object.entries(routes)) {
        const conf = typeof route === 'string' ? { uri: route, upstream: node } : { upstream: node, ...route };
        const { status, body } = await admin('PUT', `/routes/${id}`, JSON.parse(JSON.stringify(conf)));
        if (status >= 300) throw new Error(`route ${id}: ${status} ${JSON.stringify(body)}`);
      }
    },
    async objects() {
      const kinds = ['routes', 'services', 'upstreams', 'global_rules', 'plugin_configs'];
      const entries = kinds.flatMap((kind) => apisix.store.list(`/apisix/${kind}/`));
      return Object.fromEntries(
        entries.filter(({ key }) => !OURS.includes(key)).map(({ key, ...entry }) => [key, structuredClone(entry)]),
      );
    },
    async named() {
      const rule = apisix.store.get(CLAMP)?.value as
        | { plugins: { 'fault-injection': { abort: { vars: [[['route_id', 'in', string[]]]] } } } }
        | undefined;
      return rule?.plugins['fault-injection'].abort.vars[0][0][2];
    },
    listen() {
      const calls: string[] = [];
      apisix.faults.delay(0, {
        match: (method, path) => {
          calls.push(`${method} ${path.replace('/apisix/admin/', '')}`);
          return false;
        },
      });
      return calls;
    },
    status: async (path, headers = {}, method = 'GET') => (await send(apisix.gatewayUrl, method, path, headers)).status,
    sever: (...severed) => cutter.enforce(goalOf(severed, ++order), notOvertaken()),
    async close() {
      await apisix.faults.clear();
      await Promise.all(opened.map((one) => one.close()));
      await apisix.close();
      await upstream.close();
    },
  };
  return rig;
}

export const sightsOf = (report: Report): Readonly<Record<string, string>> => Object.fromEntries(report.sights);
