import { readFileSync } from 'node:fs';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import axios from 'axios';
import type { GatewayConfig } from '../config/schema';
import { type Doc, isDoc } from '../cutters/apisix/document';
import { withDeadline } from '../cutters/deadline';
import type { Subject } from './subject';

/** What one gateway node says of an object, or why it says nothing. */
export type NodeView = { readonly url: string; readonly object: Doc } | { readonly url: string; readonly why: string };

/** APISIX's Control API of every node of one gateway: what its workers hold, whatever etcd has. Read only. */
export interface ControlApi {
  /** Never throws for a node that fails. */
  object(subject: Subject, overtaken: AbortSignal): Promise<readonly NodeView[]>;
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
  async function ask(url: string, path: string, overtaken: AbortSignal): Promise<NodeView> {
    try {
      const { status, data } = await withDeadline(config.timeoutMs, overtaken, (signal) =>
        http.get<unknown>(`${url}/v1/${path}`, { signal }),
      );
      if (status !== 200 || !isDoc(data) || !isDoc(data.value)) return { url, why: `has no ${path} (${status})` };
      return { url, object: data.value };
    } catch {
      // What axios throws holds the request: nothing of it goes on.
      return { url, why: 'does not answer' };
    }
  }

  return {
    object: ({ holder, id }, overtaken) => {
      const path = `${holder.slice(0, -1)}/${encodeURIComponent(id)}`;
      return Promise.all(urls.map((url) => ask(url, path, overtaken)));
    },
    close() {
      agents.httpAgent.destroy();
      agents.httpsAgent.destroy();
    },
  };
}
