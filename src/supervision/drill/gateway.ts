import { setTimeout as pause } from 'node:timers/promises';
import type { Clock } from '../../clock';
import type { GatewayConfig } from '../../config/schema';
import { CANARY_ID, type Canary, canaryRoute } from '../../cutters/apisix/canary';
import { idsOf, readClamp } from '../../cutters/apisix/clamp';
import { type AdminApi, createAdminApi } from '../../cutters/apisix/client';
import { docAt } from '../../cutters/apisix/document';
import { isGatewayError } from '../../cutters/apisix/fault';
import { inspectGateway } from '../../cutters/apisix/inspect';
import { isRefusal } from '../../cutters/apisix/refusal';
import { type Glimpse, knock, type OpenStream, openStream } from './knock';
import { type Objects, readObjects } from './objects';

/** One gateway, as far as a drill has to do with it. What goes wrong is thrown, in words that say what to do. */
export interface DrillGateway {
  readonly name: string;
  /** @returns what keeps a cut from being made as configured; and whether open streams are ended. */
  inspect(): Promise<{ readonly faults: readonly string[]; readonly endsStreams: boolean; readonly objects: Objects }>;
  objects(): Promise<Objects>;
  hasCanary(): Promise<boolean>;
  /** @returns the canary as it was made: where streams can't be made, one that answers at once, and why. */
  make(canary: Canary): Promise<{ readonly canary: Canary; readonly why?: string }>;
  remove(): Promise<void>;
  /** Until every connection to every node sees it. @throws Error after `ms` milliseconds */
  awaitAll(wanted: Exclude<Glimpse, 'other'>, canary: Canary, ms: number, signal: AbortSignal): Promise<void>;
  /** Which rung holds the canary. */
  rung(): Promise<'clamp' | 'rewrite' | 'none'>;
  open(canary: Canary): Promise<readonly OpenStream[]>;
  close(): void;
}

const ROUTE = `routes/${CANARY_ID}`;
const LOOK_EVERY_MS = 25;

/** @param mayWrite right before each write. Throws when nothing may be written any more. */
export function createDrillGateway(
  name: string,
  config: GatewayConfig,
  now: Clock,
  mayWrite: () => void = () => undefined,
): DrillGateway {
  const { adminUrl, adminKey, gatewayUrls, timeoutMs, caFile, probeConnections, method } = config;
  const api = createAdminApi({ url: adminUrl, key: adminKey, timeoutMs, caFile });
  const knocking = (url: string, canary: Canary) => ({ url, canary, timeoutMs, caFile });

  /** What is seen instead, of the first that sees it; undefined when all see what is wanted. */
  async function contrary(wanted: Glimpse, canary: Canary): Promise<string | undefined> {
    const urls = gatewayUrls.flatMap((url) => Array.from({ length: probeConnections }, () => url));
    const seen = await Promise.all(urls.map(async (url) => ({ url, ...(await knock(knocking(url, canary))) })));
    const other = seen.find(({ glimpse }) => glimpse !== wanted);
    return other && `${new URL(other.url).origin} ${saying[other.glimpse]} the canary (${other.detail})`;
  }

  return {
    name,
    async inspect() {
      const facts = await inspectGateway({ name, config, scopes: {}, now });
      const { admin, clamp, gateways } = facts;
      if (!admin.reads || !clamp) throw new Error(`Admin API: ${admin.why ?? 'it can not be read'}`);
      const clamps = method !== 'rewrite';
      const faults = [
        ...(admin.writes ? [] : [`Admin API: ${admin.why ?? 'it can not be written'}`]),
        ...gateways.filter(({ answers }) => !answers).map(({ url, detail }) => `${url} does not answer: ${detail}`),
        ...(clamps && !clamp.armed ? [`the clamp is not armed: ${clamp.why.join('; ') || 'its rule is gone'}`] : []),
      ];
      const endsStreams = clamps && clamp.armed && clamp.streams !== 'none';
      return { faults, endsStreams, objects: await readObjects(api) };
    },
    objects: () => readObjects(api),
    hasCanary: () => exists(api),
    async make(canary) {
      mayWrite();
      try {
        await api.put(ROUTE, canaryRoute(canary));
        return { canary };
      } catch (error) {
        if (!canary.streams || !isGatewayError(error, 'rejected')) throw error;
        const plain = { ...canary, streams: false };
        mayWrite();
        await api.put(ROUTE, canaryRoute(plain));
        return { canary: plain, why: error.message };
      }
    },
    async remove() {
      mayWrite();
      try {
        await api.remove(ROUTE);
      } catch (error) {
        if (!isGatewayError(error, 'not-found')) throw error;
      }
    },
    async awaitAll(wanted, canary, ms, signal) {
      const end = performance.now() + ms;
      for (;;) {
        const seen = await contrary(wanted, canary);
        if (seen === undefined) return;
        if (performance.now() >= end) throw new Error(`${seen}, after ${Math.round(ms / 1000)} s`);
        await pause(LOOK_EVERY_MS, undefined, { signal });
      }
    },
    async rung() {
      const [rule, route] = await Promise.all([readClamp(api), api.get(ROUTE)]);
      if (isRefusal(docAt(route, 'plugins')['fault-injection'])) return 'rewrite';
      return idsOf(rule).has(CANARY_ID) ? 'clamp' : 'none';
    },
    async open(canary) {
      const opened = await Promise.allSettled(gatewayUrls.map((url) => openStream(knocking(url, canary))));
      const failed = opened.find((one) => one.status === 'rejected');
      const streams = opened.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
      if (!failed) return streams;
      for (const stream of streams) stream.close();
      throw failed.reason;
    },
    close: () => api.close(),
  };
}

const saying: Readonly<Record<Glimpse, string>> = {
  served: 'still serves',
  refused: 'still refuses',
  other: 'does not answer as',
};

async function exists(api: AdminApi): Promise<boolean> {
  try {
    await api.get(ROUTE);
    return true;
  } catch (error) {
    if (isGatewayError(error, 'not-found')) return false;
    throw error;
  }
}
