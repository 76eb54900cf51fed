import { type ClientRequest, type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Decision } from './phases';
import type { ProxyParts } from './relay';
import { failureOf, tryNodes } from './tries';
import { connect } from './upstream';

/**
 * Passes an upgrade on, and then bytes in both directions until one side ends. Answers false when there is nobody to
 * pass it to; the client has got nothing then.
 */
export async function tunnel(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  decision: Decision,
  parts: ProxyParts,
): Promise<boolean> {
  const { upstream, routeId, noted, timeout } = decision;
  if (!upstream) return false;
  const left = new AbortController();
  socket.on('close', () => left.abort());
  const headers = { connection: 'Upgrade', upgrade: request.headers.upgrade };
  const failed = await tryNodes(upstream, decision, parts, async (node) => {
    const attempt = { request, upstream: upstream.conf, timeout, node, signal: left.signal, headers };
    const open = await connect(attempt).catch(failureOf);
    if (typeof open === 'string') return { how: open, sent: false };
    const shutUpstream = join(socket, head, open);
    const shutClient = (): void => void socket.destroy();
    if (noted) socket.on('close', parts.openRequests.note({ routeId, shutUpstream, shutClient }));
    return 'over';
  });
  return failed === undefined;
}

/** @returns what breaks off the upstream's side; it answers false when that is gone. */
function join(socket: Duplex, head: Buffer, open: ClientRequest): () => boolean {
  let far: Duplex | ClientRequest = open;
  socket.on('error', () => socket.destroy());
  open.on('error', () => socket.destroy());
  open.on('upgrade', (answer, upstream, first) => {
    far = upstream;
    socket.write(headOf(answer));
    socket.write(first);
    upstream.write(head);
    upstream.pipe(socket);
    socket.pipe(upstream);
    upstream.on('error', () => socket.destroy());
    upstream.on('close', () => socket.destroy());
    socket.on('close', () => upstream.destroy());
  });
  open.on('response', (answer) => {
    socket.write(headOf(answer, { connection: 'close' }));
    answer.pipe(socket);
  });
  open.end();
  return () => !far.destroyed && far.destroy().destroyed;
}

function headOf(answer: IncomingMessage, changed: Readonly<Record<string, string>> = {}): string {
  const status = answer.statusCode ?? 502;
  const headers = Object.entries({ ...answer.headers, ...changed }).filter(([name]) => name !== 'transfer-encoding');
  const lines = headers.flatMap(([name, value]) => [value ?? []].flat().map((one) => `${name}: ${one}`));
  return [`HTTP/1.1 ${status} ${answer.statusMessage ?? STATUS_CODES[status]}`, ...lines, '', ''].join('\r\n');
}
