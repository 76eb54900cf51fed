import { type ClientRequest, type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Decision } from './phases';
import type { ProxyParts } from './proxy';
import { connect } from './upstream';

/**
 * Passes an upgrade on, and then bytes in both directions until one side ends. Answers false when there is nobody to
 * pass it to; the client has got nothing then.
 */
export async function tunnel(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  { upstream, routeId, noted }: Decision,
  { balancer, openRequests }: ProxyParts,
): Promise<boolean> {
  if (!upstream) return false;
  const left = new AbortController();
  socket.on('close', () => left.abort());
  for (const node of balancer.order(upstream.key, upstream.conf)) {
    const headers = { connection: 'Upgrade', upgrade: request.headers.upgrade };
    const open = await connect({ request, upstream: upstream.conf, node, signal: left.signal, headers }).catch(
      () => undefined,
    );
    if (!open) continue;
    const shutUpstream = join(socket, head, open);
    const shutClient = (): void => void socket.destroy();
    if (noted) socket.on('close', openRequests.note({ routeId, shutUpstream, shutClient }));
    return true;
  }
  return false;
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
