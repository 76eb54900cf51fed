import { setMaxListeners } from 'node:events';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { adminApi } from './admin/server';
import { controlApi, statusApi } from './control';
import { startNode } from './data-plane/node';
import { createFaults, type Faults } from './faults';
import { type Listener, listen } from './listener';
import { createStore, type Store } from './store';

export type { FaultScope, Faults, GatewayFault } from './faults';
export type { Entry, Store } from './store';

/** Ports of 0 are free ones. */
export interface ApisixOptions {
  readonly adminPort?: number;
  readonly controlPort?: number;
  readonly statusPort?: number;
  /** One for each node, in order; nodes without one take a free port. */
  readonly gatewayPorts?: readonly number[];
  /** The same for the metrics of each node. */
  readonly metricsPorts?: readonly number[];
  /** Number of gateways. Each has its own listener and its own view of the configuration. */
  readonly nodes?: number;
  readonly adminKey?: string;
  readonly viewerKey?: string;
  /** Milliseconds that a write takes on its way to etcd. */
  readonly writeMs?: number;
  /** Milliseconds from a write until the gateways act on it. */
  readonly propagationMs?: number;
  /** Milliseconds since 1970: `create_time`, `update_time` and the health checks go by it. */
  readonly now?: () => number;
  /** Milliseconds that a second of the health checks of upstreams lasts. 1,000 unless told otherwise. */
  readonly checkSecondMs?: number;
  /** With it every node has the guard plugin installed. */
  readonly guard?: { readonly secret: string; readonly fail?: 'open' | 'closed'; readonly leaseSeconds?: number };
  /** From 0 up to 1: `percentage` of fault-injection draws from it. */
  readonly random?: () => number;
}

/** The Control API of one gateway, and what can happen to its guard. */
export interface Control {
  readonly url: string;
  /** As a restart of the gateway does: the guard holds nothing. */
  forget(): void;
  /** Its port refuses connections, until `accept`. */
  refuse(): Promise<void>;
  accept(): Promise<void>;
}

export interface Apisix {
  readonly adminUrl: string;
  /** The first of `gatewayUrls`. */
  readonly gatewayUrl: string;
  readonly gatewayUrls: readonly string[];
  /** Of each gateway: what its plugin `prometheus` counts. */
  readonly metricsUrls: readonly string[];
  /** The Control API of the first gateway. */
  readonly controlUrl: string;
  /** The Control API of each gateway, with its guard. */
  readonly controls: readonly Control[];
  readonly statusUrl: string;
  readonly adminKey: string;
  readonly viewerKey: string;
  /** The etcd behind the Admin API, for what stands there without its leave. Keys begin with `/apisix/`. */
  readonly store: Store;
  readonly faults: Faults;
  /** Cuts all connections and leaves no handle open. */
  close(): Promise<void>;
}

/**
 * Starts a stand-in Apache APISIX 3.18.0 on 127.0.0.1: Admin API, Control API and gateways that really proxy. It
 * answers as exchanges with a real one were recorded; it runs no Lua (see `data-plane/stream-cut.ts` and `data-plane/canary.ts`
 * for the two functions that it stands in for) and, of the plugins, those that `data-plane/plugins.ts` names.
 */
export async function startApisix(options: ApisixOptions = {}): Promise<Apisix> {
  const { adminKey = 'sandbox-admin-key', viewerKey = 'sandbox-viewer-key', writeMs = 0, propagationMs = 0 } = options;
  const { now = Date.now, random = Math.random } = options;
  const store = createStore();
  const ending = new AbortController();
  setMaxListeners(0, ending.signal);

  const nodes = await Promise.all(
    Array.from({ length: options.nodes ?? 1 }, (_, index) =>
      startNode({
        ...{ store, propagationMs, random, nowMs: now, checkSecondMs: options.checkSecondMs ?? 1_000 },
        guard: {
          secret: options.guard?.secret,
          fail: options.guard?.fail ?? 'open',
          leaseSeconds: options.guard?.leaseSeconds ?? 0,
          now,
        },
        ...{ port: options.gatewayPorts?.[index] ?? 0, metricsPort: options.metricsPorts?.[index] ?? 0 },
      }),
    ),
  );
  const [first] = nodes;
  if (!first) throw new Error('the sandbox needs at least one gateway node');

  const faults = createFaults(() => ({ admin, nodes }));
  const admin: Listener = await listen({
    port: options.adminPort ?? 0,
    onRequest: adminApi({
      store,
      adminKey,
      viewerKey,
      now: () => Math.floor(now() / 1000),
      // Even the fastest etcd is not the same turn of the loop: what else is under way gets in between.
      latency: () => (writeMs > 0 ? sleep(writeMs, undefined, { signal: ending.signal }) : turn()),
      faultOf: faults.ofAdmin,
    }),
  });
  const controlListeners = await Promise.all(
    nodes.map(({ view, guard, health }, index) =>
      listen({ port: index === 0 ? (options.controlPort ?? 0) : 0, onRequest: controlApi({ view, guard, health }) }),
    ),
  );
  const controls = controlListeners.map(
    ({ url, refuse, accept }, index): Control => ({ url, refuse, accept, forget: () => nodes[index]?.guard.forget() }),
  );
  const status = await listen({ port: options.statusPort ?? 0, onRequest: statusApi() });

  return {
    adminUrl: admin.url,
    gatewayUrl: first.listener.url,
    gatewayUrls: nodes.map(({ listener }) => listener.url),
    metricsUrls: nodes.map(({ metricsUrl }) => metricsUrl),
    controlUrl: controls[0]?.url ?? '',
    controls,
    statusUrl: status.url,
    adminKey,
    viewerKey,
    store,
    faults: faults.knobs,
    close: async () => {
      ending.abort();
      faults.close();
      store.close();
      await Promise.all([admin, ...controlListeners, status, ...nodes].map((part) => part.close()));
    },
  };
}
