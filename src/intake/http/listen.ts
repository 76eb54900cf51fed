import type { RequestListener, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type AnswerMalformed, boundedServer, LIMITS, type Limits } from './bounded-server';
import { bareAnswer } from './malformed';

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

export interface ListenOptions {
  readonly limits?: Partial<Limits>;
  /** What is said to who sends something else than HTTP. Left out: its status alone. */
  readonly malformed?: AnswerMalformed;
}

/**
 * @param address `address:port`, an IPv6 address in brackets; port 0 takes a free one.
 * @throws NotListening
 */
export async function listen(
  handler: RequestListener,
  address: string,
  { limits = {}, malformed = bareAnswer }: ListenOptions = {},
): Promise<Listener> {
  const inFlight = new Set<ServerResponse>();
  const track: RequestListener = (req, res) => {
    inFlight.add(res);
    res.once('close', () => inFlight.delete(res));
    handler(req, res);
  };
  const server = boundedServer({ ...LIMITS, ...limits }, track, malformed);
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
