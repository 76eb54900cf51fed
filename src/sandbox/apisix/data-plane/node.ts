import { setMaxListeners } from 'node:events';
import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FaultyNode } from '../faults';
import { objectAt } from '../json';
import { listen } from '../listener';
import type { Store } from '../store';
import { instanceOf } from './ai-proxy-multi';
import { createBalancer } from './balancer';
import { createExporter, type Exporter } from './exporter';
import { createGuard, runsGuard, type SandboxGuard, type SandboxGuardOptions } from './guard';
import { createHealthChecks, type HealthChecks } from './health/health';
import { resourceOf } from './health/resource';
import { createOpenRequests } from './open-requests';
import { type Decision, decide } from './phases';
import { respond } from './proxy';
import { createRouter } from './router';
import { createView, type View } from './view';
import { tunnel } from './websocket';

/** One gateway of the sandbox: a listener with its own view of the configuration. */
export interface GatewayNode extends FaultyNode {
  readonly view: View;
  readonly guard: SandboxGuard;
  readonly health: HealthChecks;
  /** Where its metrics are. */
  readonly metricsUrl: string;
  close(): Promise<void>;
}

export interface NodeOptions {
  readonly store: Store;
  readonly port: number;
  readonly metricsPort: number;
  readonly propagationMs: number;
  readonly random: () => number;
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
  /** Milliseconds that a second of health checks lasts. */
  readonly checkSecondMs: number;
  readonly guard: Omit<SandboxGuardOptions, 'isArmed'>;
}

export async function startNode({
  store,
  port,
  metricsPort,
  propagationMs,
  random,
  nowMs,
  checkSecondMs,
  guard: guardOptions,
}: NodeOptions): Promise<GatewayNode> {
  const ending = new AbortController();
  setMaxListeners(0, ending.signal);
  const view = createView(store, propagationMs);
  const balancer = createBalancer();
  const health = createHealthChecks({
    nowMs,
    secondMs: checkSecondMs,
    latest: (key) => {
      const [holder = '', instance] = key.split('#');
      const [, , segment = '', id = ''] = holder.split('/');
      const entry = view.get(segment, id);
      return entry && (instance === undefined ? resourceOf(entry) : instanceOf(entry, Number(instance)));
    },
  });
  const exporter = createExporter();
  const isArmed = (): boolean => view.list('global_rules').some(({ value }) => runsGuard(objectAt(value, 'plugins')));
  const guard = createGuard({ ...guardOptions, isArmed });
  const openRequests = createOpenRequests(view);
  const parts = {
    view,
    guard,
    balancer,
    health,
    nowMs,
    openRequests,
    random,
    router: createRouter(view),
    sleep: (ms: number) => sleep(ms, undefined, { signal: ending.signal }),
  };
  let isHanging = false;

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (isHanging) return;
    const decision = await decide(request, parts);
    const leave = guard.enter(decision.routeId, (patient) => {
      if (!decision.way.events || !patient) response.socket?.destroySoon();
    });
    response.once('close', () => {
      leave();
      log(exporter, decision, response);
    });
    await respond(request, response, decision, parts);
  }

  async function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    if (isHanging) return;
    const decision = await decide(request, parts);
    const isTunnel = decision.websocket && !decision.refusal;
    socket.once(
      'close',
      guard.enter(decision.routeId, () => socket.destroy()),
    );
    if (isTunnel && (await tunnel(request, socket, head, decision, parts))) return;

    // Without `enable_websocket` the upgrade is not passed on: it is a request like any other.
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    response.assignSocket(socket as Socket);
    response.on('finish', () => socket.end());
    await respond(request, response, isTunnel ? { ...decision, refusal: { status: 502 } } : decision, parts);
  }

  const listener = await listen({
    port,
    onRequest: (request, response) => void serve(request, response).catch(() => response.destroy()),
    onUpgrade: (request, socket, head) => void upgrade(request, socket, head).catch(() => socket.destroy()),
  });

  const metrics = await listen({ port: metricsPort, onRequest: exporter.onRequest });

  return {
    view,
    guard,
    health,
    listener,
    metricsUrl: `${metrics.url}/apisix/prometheus/metrics`,
    hang: (on) => {
      isHanging = on;
    },
    deaf: (on) => view.deaf(on),
    close: async () => {
      ending.abort();
      guard.close();
      health.close();
      view.close();
      openRequests.close();
      await Promise.all([listener.close(), metrics.close()]);
    },
  };
}

/** As in nginx' log phase: of a client that went before the head, 499. */
function log(exporter: Exporter, { account, way }: Decision, response: ServerResponse): void {
  exporter.seen();
  way.ended?.(response.headersSent ? response.statusCode : 499);
  if (!account) return;
  const { node = '' } = way;
  const source = way.answered ? 'upstream' : node === '' ? 'apisix' : 'nginx';
  exporter.count({ ...account, code: response.headersSent ? response.statusCode : 499, node, source });
}
