import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** An HTTP listener on 127.0.0.1 that can go away and come back on the same port. */
export interface Listener {
  readonly url: string;
  /** Connections are refused from now on, and the open ones are cut. */
  refuse(): Promise<void>;
  /** Listens again, on the port that it had. */
  accept(): Promise<void>;
  close(): Promise<void>;
}

export interface ListenerOptions {
  /** 0 takes a free port. */
  readonly port: number;
  readonly onRequest: RequestListener;
  readonly onUpgrade?: (...parameters: Parameters<UpgradeListener>) => void;
}

type UpgradeListener = (request: Parameters<RequestListener>[0], socket: Duplex, head: Buffer) => void;

export async function listen({ port, onRequest, onUpgrade }: ListenerOptions): Promise<Listener> {
  const sockets = new Set<Socket>();
  const server = createServer({ keepAliveTimeout: 75_000 }, onRequest);
  if (onUpgrade) server.on('upgrade', onUpgrade);
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });

  const bound = await bind(server, port);

  async function refuse(): Promise<void> {
    if (!server.listening) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const socket of sockets) socket.destroy();
    await closed;
  }

  return {
    url: `http://127.0.0.1:${bound}`,
    refuse,
    accept: async () => {
      if (!server.listening) await bind(server, bound);
    },
    close: refuse,
  };
}

async function bind(server: Server, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      resolve();
    });
  });
  return (server.address() as AddressInfo).port;
}

/** Where a request points. Its path may begin with two slashes, which a relative URL would take for a host. */
export const targetOf = ({ url = '/' }: IncomingMessage): URL =>
  new URL(url.startsWith('/') ? `http://127.0.0.1${url}` : url, 'http://127.0.0.1');
