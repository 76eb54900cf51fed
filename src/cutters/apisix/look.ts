import type { Snapshot } from '../../ledger/store';
import { readClamp } from './clamp';
import type { AdminApi } from './client';
import type { Doc } from './document';
import { isGatewayError } from './fault';
import { unless } from './overtaken';
import type { SnapshotStore } from './rewrite';
import { type Route, routeOf } from './route';

/** A gateway as it stands. */
export interface Look {
  readonly routes: ReadonlyMap<string, Route>;
  /** The clamp's rule, if there is one. */
  readonly rule: Doc | undefined;
  /** By route. Undefined when the ledger does not answer: a cut by the clamp needs none. */
  readonly snapshots: ReadonlyMap<string, Snapshot> | undefined;
}

interface LookOptions {
  readonly api: AdminApi;
  readonly snapshots: SnapshotStore;
  readonly gateway: string;
  readonly overtaken: AbortSignal;
}

/** @throws GatewayError when the Admin API can't be read. */
export async function look({ api, snapshots, gateway, overtaken }: LookOptions): Promise<Look> {
  const kept = unless(overtaken, snapshots.snapshots(gateway)).catch(() => undefined);
  const [routes, rule] = await Promise.all([readRoutes(api, overtaken), readClamp(api, overtaken)]);
  const list = await kept;
  return { routes, rule, snapshots: list && new Map(list.map((snapshot) => [snapshot.route, snapshot])) };
}

/** @throws GatewayError */
export async function readRoutes(api: AdminApi, overtaken?: AbortSignal): Promise<ReadonlyMap<string, Route>> {
  const values = await api.list('routes', overtaken);
  const takesHosts = values.some(
    ({ service_id, host, hosts }) => service_id !== undefined && host === undefined && hosts === undefined,
  );
  const services = takesHosts ? await readServices(api, overtaken) : new Map<string, Doc>();
  return new Map(values.map((value) => routeOf(value, services)).map((route) => [route.id, route]));
}

/** Only probes need them: without, a probe may reach another route, and shows a refusal that isn't there to no one. */
async function readServices(api: AdminApi, overtaken?: AbortSignal): Promise<ReadonlyMap<string, Doc>> {
  try {
    return new Map((await api.list('services', overtaken)).map((service) => [String(service.id), service]));
  } catch (error) {
    if (isGatewayError(error)) return new Map();
    throw error;
  }
}
