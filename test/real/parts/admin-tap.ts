import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { idsOf } from '../../../src/cutters/apisix/clamp';

/** One write to the gateway, when it reached it. */
export interface Written {
  readonly by: string;
  readonly method: string;
  /** `performance.now` of this process. */
  readonly at: number;
  /** The routes that the clamp names from then on. */
  readonly ids: readonly string[];
}

export interface AdminTap {
  readonly url: string;
  close(): Promise<void>;
}

export interface AdminTapOptions {
  readonly target: URL;
  readonly by: string;
  /** Every write of the clamp goes here. */
  readonly log: Written[];
  /** Asked before a request goes on to the gateway, and before its answer goes back: false drops the connection. */
  /** What a write waits for on its way to the gateway. */
  readonly heldUp: () => Promise<void> | undefined;
  readonly onEvent: (what: 'request' | 'answer') => boolean | Promise<boolean>;
}

/** Between one instance and the Admin API: knows who writes what, and when. */
export async function startAdminTap({ target, by, log, heldUp, onEvent }: AdminTapOptions): Promise<AdminTap> {
  const server = createServer(async (asked, answer) => {
    try {
      const chunks: Buffer[] = [];
      for await (const chunk of asked as AsyncIterable<Buffer>) chunks.push(chunk);
      const body = Buffer.concat(chunks);
      if (!(await onEvent('request'))) return void asked.socket.destroy();
      const { method = 'GET', url: path = '/', headers } = asked;
      if (method !== 'GET') await heldUp();
      const doc = method !== 'GET' && path.includes('pullcord-clamp') ? JSON.parse(body.toString()) : {};
      // An empty patch only shows that the Admin API can be written.
      if ('plugins' in doc) log.push({ by, method, at: performance.now(), ids: [...idsOf(doc)].sort() });
      const passed = request({ host: target.hostname, port: target.port, method, path, headers, agent: false });
      passed.end(body);
      const [answered] = (await once(passed, 'response')) as [import('node:http').IncomingMessage];
      const back: Buffer[] = [];
      for await (const chunk of answered as AsyncIterable<Buffer>) back.push(chunk);
      if (!(await onEvent('answer'))) return void asked.socket.destroy();
      const { connection: _, 'transfer-encoding': __, ...rest } = answered.headers;
      answer.writeHead(answered.statusCode ?? 500, rest).end(Buffer.concat(back));
    } catch {
      // Whoever asked is gone, or the gateway: both look like this.
      asked.socket.destroy();
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
