import { readFileSync } from 'node:fs';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import axios from 'axios';
import type { GatewayConfig } from '../config/schema';
import { type Doc, isDoc } from '../cutters/apisix/document';
import { withDeadline } from '../cutters/deadline';

/** What one gateway node says of an object, or why it says nothing. */
export type NodeView = { readonly url: string; readonly object: Doc } | { readonly url: string; readonly why: string };

/** APISIX's Control API of every node of one gateway: what its workers hold, whatever etcd has. Read only. */
export interface ControlApi {
  /** @param path `upstream/u1`, `route/r1`. Never throws for a node that fails. */
  object(path: string, overtaken: AbortSignal): Promise<readonly NodeView[]>;
  /** @param path `healthcheck/upstreams/u1`. */
  raw(path: string, overtaken: AbortSignal): Promise<readonly { readonly url: string; readonly body?: unknown }[]>;
  close(): void;
}

const MOST_BYTES = 4 * 1024 * 1024;

/** Every node's Control API, as far as they are configured. */
export const controlUrlsOf = ({ controlUrl, guard }: Pick<GatewayConfig, 'controlUrl' | 'guard'>): readonly string[] =>
  guard?.controlUrls ?? (controlUrl === undefined ? [] : [controlUrl]);

export function createControlApi(config: GatewayConfig): ControlApi {
  const urls = controlUrlsOf(config).map((url) => url.replace(/\/+$/, ''));
  const agents = {
    httpAgent: new HttpAgent({ keepAlive: true }),
    httpsAgent: new HttpsAgent({
      keepAlive: true,
      ...(config.caFile === undefined ? {} : { ca: readFileSync(config.caFile) }),
    }),
  };
  const http = axios.create({
    ...agents,
    ...{ proxy: false, maxRedirects: 0, maxContentLength: MOST_BYTES, validateStatus: () => true },
  });
  const ask = (path: string, overtaken: AbortSignal) =>
    Promise.all(
      urls.map(async (url) => {
        try {
          return await withDeadline(config.timeoutMs, overtaken, async (signal) => {
            const { status, data } = await http.get<unknown>(`${url}/v1/${path}`, { signal });
            return { url, status, body: data };
          });
        } catch {
          // What axios throws holds the request: nothing of it goes on.
          return { url, status: undefined, body: undefined };
        }
      }),
    );
  return {
    async object(path, overtaken) {
      return (await ask(path, overtaken)).map(({ url, status, body }): NodeView => {
        if (status === undefined) return { url, why: 'does not answer' };
        if (status !== 200 || !isDoc(body) || !isDoc(body.value)) return { url, why: `has no ${path} (${status})` };
        return { url, object: body.value };
      });
    },
    async raw(path, overtaken) {
      return (await ask(path, overtaken)).map(({ url, status, body }) => (status === 200 ? { url, body } : { url }));
    },
    close() {
      agents.httpAgent.destroy();
      agents.httpsAgent.destroy();
    },
  };
}
