import { readFileSync } from 'node:fs';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import axios, { isAxiosError } from 'axios';
import type { Doc } from '../cutters/apisix/document';
import { withDeadline } from '../cutters/deadline';
import {
  type Blindness,
  type NodeHealth,
  type NodeSight,
  namesOf,
  readHealthAnswer,
  UNREACHABLE,
} from './health-answer';
import { partOf, type Subject } from './subject';

/**
 * What the gateways' own health checks say of the nodes of an upstream, by the Control API, which has to be asked at each
 * gateway. Fails towards doubt: what is not plainly the Control API's answer is `unknown`. `ai-proxy-multi` runs checks
 * that no API shows.
 */
export interface UpstreamHealth {
  /** By each gateway, in the order of `controlUrls`. */
  readonly gateways: readonly GatewaySight[];
  /** By all of them together: unhealthy where one says so, healthy where all do. */
  readonly nodes: readonly JointSight[];
}

export interface GatewaySight {
  /** Where its Control API is, without a path. */
  readonly url: string;
  /** Of the nodes that the upstream has, in its order; all unknown where `blind` says why. */
  readonly nodes: readonly NodeSight[];
  readonly blind?: Blindness;
}

export interface JointSight {
  /** `host:port`, as in the upstream. */
  readonly name: string;
  readonly health: NodeHealth;
}

export interface HealthApi {
  /**
   * @param subject of the kind `upstream`.
   * @param object that holds it, as the Admin API's GET answers it.
   * @param signal gives the look up: what has not been seen then is unknown.
   * Never throws.
   */
  look(subject: Subject, object: Doc, signal?: AbortSignal): Promise<UpstreamHealth>;
  close(): void;
}

export interface HealthApiOptions {
  /** APISIX's Control API of every node. */
  readonly controlUrls: readonly string[];
  /** Bounds each question as a whole. Milliseconds. */
  readonly timeoutMs: number;
  readonly caFile?: string | undefined;
}

const MOST_BYTES = 1024 * 1024;

export function createHealthApi({ controlUrls, timeoutMs, caFile }: HealthApiOptions): HealthApi {
  const agents = {
    httpAgent: new HttpAgent({ keepAlive: true }),
    httpsAgent: new HttpsAgent({ keepAlive: true, ...(caFile === undefined ? {} : { ca: readFileSync(caFile) }) }),
  };
  const http = axios.create({
    ...agents,
    // APISIX shows a page to whoever takes HTML.
    headers: { accept: 'application/json' },
    ...{ proxy: false, maxRedirects: 0, maxContentLength: MOST_BYTES, validateStatus: () => true },
  });

  async function ask(
    controlUrl: string,
    subject: Subject,
    upstream: Doc,
    signal: AbortSignal,
  ): Promise<ReturnType<typeof readHealthAnswer>> {
    const { origin, pathname } = new URL(controlUrl);
    const url = `${origin}${pathname.replace(/\/+$/, '')}/v1/healthcheck/${subject.holder}/${encodeURIComponent(subject.id)}`;
    try {
      const { status, data } = await withDeadline(timeoutMs, signal, (bound) =>
        http.get<unknown>(url, { signal: bound }),
      );
      return readHealthAnswer(status, data, subject, upstream);
    } catch (error) {
      const code = (isAxiosError(error) && error.code) || 'no answer';
      const what = code === 'ERR_CANCELED' ? `no answer within ${timeoutMs} ms` : code;
      return { blind: { why: 'unreachable', what, remedy: UNREACHABLE } };
    }
  }

  return {
    async look(subject, object, signal = new AbortController().signal) {
      const upstream = partOf(subject, object) ?? {};
      const unknown = namesOf(upstream).map(
        (name): NodeSight => ({ name, health: 'unknown', status: undefined, counters: undefined }),
      );
      const gateways = await Promise.all(
        controlUrls.map(async (controlUrl): Promise<GatewaySight> => {
          const seen = await ask(controlUrl, subject, upstream, signal);
          const { origin: url } = new URL(controlUrl);
          return 'blind' in seen ? { url, nodes: unknown, blind: seen.blind } : { url, nodes: seen.nodes };
        }),
      );
      return { gateways, nodes: jointly(gateways, unknown) };
    },
    close() {
      agents.httpAgent.destroy();
      agents.httpsAgent.destroy();
    },
  };
}

function jointly(gateways: readonly GatewaySight[], nodes: readonly NodeSight[]): readonly JointSight[] {
  return nodes.map(({ name }, index) => {
    const all = gateways.map((gateway) => gateway.nodes[index]?.health ?? 'unknown');
    if (all.includes('unhealthy')) return { name, health: 'unhealthy' };
    return { name, health: all.length > 0 && all.every((one) => one === 'healthy') ? 'healthy' : 'unknown' };
  });
}
