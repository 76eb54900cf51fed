import { type ClientRequest, request as httpRequest, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { type JsonObject, numberAt, textAt } from '../json';
import type { UpstreamNode } from './balancer';

/** Headers that belong to one connection and are never passed on (RFC 9110 section 7.6.1). */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

export const passedOn = (
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Record<string, string | string[]> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined || HOP_BY_HOP.has(name) ? [] : [[name, value] as const],
    ),
  );

/** Of nginx. */
const STANDARD_TIMEOUT_SECONDS = 60;

export interface Attempt {
  readonly request: IncomingMessage;
  readonly upstream: JsonObject;
  readonly node: UpstreamNode;
  /** `timeout` of the route or of the upstream. */
  readonly timeout: JsonObject | undefined;
  /** Aborted when the client is gone: then nobody needs the connection any more. */
  readonly signal: AbortSignal;
  /** Beside those of the request. */
  readonly headers?: OutgoingHttpHeaders;
}

/** The node took too long: to let a connection be opened, or over the next piece of its answer. */
export class UpstreamTimeout extends Error {}

/**
 * Opens a connection of its own to one node and resolves once it stands; nothing of the body has been sent then, so
 * that another node can still be tried. Rejects when it can't be opened.
 */
export async function connect(attempt: Attempt): Promise<ClientRequest> {
  const { request, upstream, node, timeout, signal, headers } = attempt;
  const isSecure = textAt(upstream, 'scheme') === 'https';
  const open = (isSecure ? httpsRequest : httpRequest)({
    host: node.host,
    port: node.port,
    method: request.method,
    path: request.url,
    agent: false,
    signal,
    headers: {
      ...passedOn(request.headers),
      ...forwarded(request),
      host: hostFor(request, upstream, node),
      ...headers,
    },
    ...(isSecure ? { rejectUnauthorized: false } : {}),
  });
  // What Node would say of its own accord, nginx doesn't.
  if (!headers?.connection) open.removeHeader('connection');
  const seconds = (side: string): number => numberAt(timeout, side) ?? STANDARD_TIMEOUT_SECONDS;
  const late = (): void => void open.destroy(new UpstreamTimeout());
  await new Promise<void>((resolve, reject) => {
    open.once('error', reject);
    open.once('socket', (socket) => {
      socket.setTimeout(seconds('connect') * 1000, late);
      socket.once(isSecure ? 'secureConnect' : 'connect', () => {
        open.off('error', reject);
        socket.setTimeout(seconds('read') * 1000);
        resolve();
      });
    });
  });
  return open;
}

function hostFor(request: IncomingMessage, upstream: JsonObject, node: UpstreamNode): string {
  const mode = textAt(upstream, 'pass_host') ?? 'pass';
  if (mode === 'node') return `${node.host}:${node.port}`;
  if (mode === 'rewrite') return textAt(upstream, 'upstream_host') ?? '';
  return request.headers.host ?? '';
}

function forwarded(request: IncomingMessage): OutgoingHttpHeaders {
  const address = request.socket.remoteAddress?.replace(/^::ffff:/, '') ?? '';
  const before = request.headers['x-forwarded-for'];
  return {
    'x-real-ip': address,
    'x-forwarded-for': before === undefined ? address : `${before}, ${address}`,
    'x-forwarded-proto': 'http',
    'x-forwarded-host': request.headers.host ?? '',
    'x-forwarded-port': String(request.socket.localPort ?? ''),
  };
}
