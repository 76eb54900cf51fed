import { connect } from 'node:net';
import { clock } from '../clock';
import { serveParent } from './serve-parent';

/** Somebody who has found the webhook and has no key: one forged request after another, over many connections. */
export interface FloodContract {
  readonly options: null;
  readonly ready: null;
  readonly calls: {
    run(options: FloodOptions): Promise<Flooded>;
  };
}

export interface FloodOptions {
  readonly port: number;
  /** A whole request, head and body. */
  readonly request: string;
  readonly requests: number;
  readonly connections: number;
}

export interface Flooded {
  /** How many answers bore each status. */
  readonly statuses: Readonly<Record<string, number>>;
  readonly seconds: number;
}

const END_OF_HEAD = '\r\n\r\n';

async function run({ port, request, requests, connections }: FloodOptions): Promise<Flooded> {
  const statuses: Record<string, number> = {};
  let left = requests;
  const began = clock();

  /** Until the server closes it, or all is sent. A refusal has no body: its head is all of it. */
  const connection = (): Promise<void> =>
    new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1');
      let answer = '';
      const send = (): void => {
        if (left === 0) return void socket.end();
        left -= 1;
        socket.write(request);
      };
      socket.setEncoding('latin1').setNoDelay(true);
      socket.once('connect', send);
      socket.on('data', (chunk: string) => {
        answer += chunk;
        if (!answer.endsWith(END_OF_HEAD)) return;
        const status = answer.slice(9, 12);
        statuses[status] = (statuses[status] ?? 0) + 1;
        answer = '';
        send();
      });
      socket.on('error', ({ code }: NodeJS.ErrnoException) => {
        statuses[code ?? 'error'] = (statuses[code ?? 'error'] ?? 0) + 1;
      });
      socket.on('close', () => resolve());
    });

  await Promise.all(
    Array.from({ length: connections }, async () => {
      while (left > 0) await connection();
    }),
  );
  return { statuses, seconds: (clock() - began) / 1000 };
}

serveParent<FloodContract>(async () => ({ ready: null, calls: { run }, close: async () => undefined }));
