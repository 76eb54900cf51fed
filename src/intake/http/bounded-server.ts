import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

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
  /** Over one connection. */
  readonly requests: number;
}

export const LIMITS: Limits = {
  headersMs: 5_000,
  requestMs: 10_000,
  silenceMs: 60_000,
  keepAliveMs: 5_000,
  headerBytes: 8 * 1024,
  headers: 64,
  connections: 1_024,
  requests: 1_000,
};
/** Node looks for late requests this often; its default of 30 s would make any limit below that one of 30 s. */
const LOOK_EVERY_MS = 1_000;

/** What becomes of a request that never got as far as the application. */
export type Malformed = 400 | 408 | 413 | 431;

/** The whole answer to it, head and body. */
export type AnswerMalformed = (status: Malformed) => string;

export function boundedServer(limits: Limits, handler: RequestListener, malformed: AnswerMalformed): Server {
  const server = createServer(
    {
      headersTimeout: limits.headersMs,
      requestTimeout: limits.requestMs,
      keepAliveTimeout: limits.keepAliveMs,
      maxHeaderSize: limits.headerBytes,
      connectionsCheckingInterval: Math.min(LOOK_EVERY_MS, limits.headersMs),
      // Node would refuse it in its own words.
      requireHostHeader: false,
    },
    (req, res) => {
      if (req.headers.host === undefined && req.httpVersion === '1.1') refuse(req.socket);
      else handler(req, res);
    },
  );
  const refuse = (socket: Duplex, status: Malformed = 400): void => {
    socket.end(malformed(status), () => socket.destroy());
  };
  server.maxHeadersCount = limits.headers;
  server.maxRequestsPerSocket = limits.requests;
  server.setTimeout(limits.silenceMs);
  const underWay = keepRoom(server, limits.connections);
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    // What has begun to be answered can't be answered otherwise any more.
    if (!socket.writable || underWay(socket)?.headersSent) return void socket.destroy();
    refuse(socket, statusOf(error));
  });
  server.on('checkExpectation', (req: IncomingMessage) => refuse(req.socket));
  return server;
}

interface Exchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
}

/**
 * When all connections are taken, the one gives way that has been open for longest without a whole request: many that
 * say little slowly hold nobody off who says at once what they want, as Twilio does. When each has a whole request, the
 * newcomer goes.
 * @returns the answer that is under way on a connection.
 */
function keepRoom(server: Server, most: number): (socket: Duplex) => ServerResponse | undefined {
  const open = new Map<Duplex, Exchange | undefined>();
  // Node counts those that are going, too. It would drop the newcomer.
  server.maxConnections = 2 * most;
  server.on('connection', (socket: Socket) => {
    if (open.size >= most) {
      const [slowest = socket] = [...open].find(([, exchange]) => !exchange?.req.complete) ?? [];
      open.delete(slowest);
      slowest.destroy();
      if (slowest === socket) return;
    }
    open.set(socket, undefined);
    socket.once('close', () => open.delete(socket));
  });
  server.prependListener('request', (req, res) => {
    const { socket } = req;
    if (open.has(socket)) open.set(socket, { req, res });
    res.once('close', () => {
      if (open.get(socket)?.res !== res) return;
      // It is the youngest again: it has just shown that it is no idler.
      open.delete(socket);
      open.set(socket, undefined);
    });
  });
  return (socket) => open.get(socket)?.res;
}

function statusOf({ code }: NodeJS.ErrnoException): Malformed {
  if (code === 'HPE_HEADER_OVERFLOW') return 431;
  if (code === 'HPE_CHUNK_EXTENSIONS_OVERFLOW') return 413;
  return code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400;
}
