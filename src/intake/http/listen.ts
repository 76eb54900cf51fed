import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Bounds on what one client can hold. Fails towards "closed": who is too slow or too many is dropped. */
export interface Limits {
  /** From the connection, or the end of the request before, until all headers are there. Milliseconds. */
  readonly headersMs: number;
  /** Until the whole request is there. Milliseconds. */
  readonly requestMs: number;
  /** How long a connection may be silent; longer than the longest wait for an outcome. Milliseconds. */
  readonly silenceMs: number;
  readonly keepAliveMs: number;
  readonly headerBytes: number;
  readonly headers: number;
  readonly connections: number;
}

const LIMITS: Limits = {
  headersMs: 5_000,
  requestMs: 10_000,
  silenceMs: 60_000,
  keepAliveMs: 5_000,
  headerBytes: 8 * 1024,
  headers: 64,
  connections: 1_024,
};
/** Node looks for late requests this often; its default of 30 s would make any limit below that one of 30 s. */
const LOOK_EVERY_MS = 1_000;
const CLOSE_WITHIN_MS = 4_000;

export interface Listener {
  /** With the real port when 0 was asked for. */
  readonly url: string;
  /** Stops accepting, lets requests in flight finish, and cuts what is left after `withinMs` milliseconds. */
  close(withinMs?: number): Promise<void>;
}

/** A port that can't be listened on: taken, forbidden, or no address of this machine. */
export class NotListening extends Error {
  override readonly name = 'NotListening';
}

/**
 * @param address `address:port`, an IPv6 address in brackets; port 0 takes a free one.
 * @throws NotListening
 */
export async function listen(
  handler: RequestListener,
  address: string,
  limits: Partial<Limits> = {},
): Promise<Listener> {
  const inFlight = new Set<ServerResponse>();
  const server = boundedServer({ ...LIMITS, ...limits }, (req, res) => {
    inFlight.add(res);
    res.once('close', () => inFlight.delete(res));
    handler(req, res);
  });
  const colon = address.lastIndexOf(':');
  const host = address.slice(0, colon);
  await bound(server, host.replace(/^\[|\]$/g, ''), Number(address.slice(colon + 1)), address);
  const { port } = server.address() as AddressInfo;
  let closed: Promise<void> | undefined;
  return {
    url: `http://${host}:${port}`,
    close: (withinMs = CLOSE_WITHIN_MS) => {
      closed ??= close(server, inFlight, withinMs);
      return closed;
    },
  };
}

function boundedServer(limits: Limits, handler: RequestListener): Server {
  const server = createServer(
    {
      headersTimeout: limits.headersMs,
      requestTimeout: limits.requestMs,
      keepAliveTimeout: limits.keepAliveMs,
      maxHeaderSize: limits.headerBytes,
      connectionsCheckingInterval: Math.min(LOOK_EVERY_MS, limits.headersMs),
    },
    handler,
  );
  server.maxHeadersCount = limits.headers;
  server.maxConnections = limits.connections;
  server.setTimeout(limits.silenceMs);
  return server;
}

function bound(server: Server, host: string, port: number, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => reject(new NotListening(`Cannot listen on ${address}: ${advice(error)}`));
    server.once('error', fail);
    try {
      server.listen(port, host, () => {
        server.off('error', fail);
        resolve();
      });
    } catch (error) {
      fail(error);
    }
  });
}

function advice(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE') return 'another program has it. Stop that one, or change it under listen.';
  if (code === 'EACCES') return 'no permission. Take a port above 1023, or put a proxy before it.';
  if (code === 'EADDRNOTAVAIL') return 'this machine has no such address. Correct it under listen.';
  return message;
}

async function close(server: Server, inFlight: ReadonlySet<ServerResponse>, withinMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  // A client that keeps its connection would send the next request into a server that is going.
  server.prependListener('request', (_req, res) => res.setHeader('connection', 'close'));
  for (const res of inFlight) if (!res.headersSent) res.setHeader('connection', 'close');
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, withinMs);
  });
  await Promise.race([drained(inFlight), late]);
  clearTimeout(timer);
  // What is left is late, or has not said yet what it wants.
  server.closeAllConnections();
  await closed;
}

async function drained(inFlight: ReadonlySet<ServerResponse>): Promise<void> {
  for (const res of inFlight) await new Promise<void>((resolve) => res.once('close', () => resolve()));
}
