import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Checks } from './checks';

export interface ProbeTarget {
  readonly ip: string;
  readonly port: number;
  readonly hostname: string;
  readonly hostheader?: string | undefined;
}

/** The status of the answer (0: it was none of HTTP), or how it failed; `connected` where no more was asked. */
export type Seen = number | 'connected' | 'tcp_failure' | 'timeout_failure';

/** Looks once whether a node answers, as `run_single_check` does: a bare GET, of which the first line alone is read. */
export function probe(
  target: ProbeTarget,
  { type, path, headers }: Checks['active'],
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Seen> {
  const { ip: host, port, hostname, hostheader = hostname } = target;
  const isSecure = type === 'https';
  return new Promise((resolve) => {
    const socket: Socket = isSecure
      ? connectTls({
          host,
          port,
          servername: /^[\d.:]+$/.test(hostheader) ? '' : hostheader,
          rejectUnauthorized: false,
        })
      : connectTcp({ host, port });
    let text = '';
    const told = (seen: Seen): void => {
      signal.removeEventListener('abort', abort);
      socket.destroy();
      resolve(seen);
    };
    const abort = (): void => told('tcp_failure');
    signal.addEventListener('abort', abort);
    socket.setTimeout(timeoutMs, () => told('timeout_failure'));
    socket.on('error', () => told('tcp_failure'));
    socket.on('close', () => told('tcp_failure'));
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      if (text.includes('\n')) told(Number(/^HTTP\/\d+\.\d+\s+(\d+)/i.exec(text)?.[1] ?? 0));
    });
    socket.once(isSecure ? 'secureConnect' : 'connect', () => {
      if (type === 'tcp') return told('connected');
      const lines = [`GET ${path} HTTP/1.1`, 'Connection: close', ...headers, `Host: ${hostheader}`, '', ''];
      socket.write(lines.join('\r\n'));
    });
  });
}
