import { once } from 'node:events';
import { Agent, request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { MARK, REFUSED_STATUS } from '../src/cutters/apisix/refusal';
import { clock } from './clock';

export interface Outgoing {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface Sent {
  /** When the first byte left. */
  readonly at: number;
  readonly answer: Promise<Answer>;
}

export interface Answer {
  readonly status: number;
  readonly text: string;
  /** When its last byte was there. */
  readonly at: number;
}

/** Sends over a fresh connection that stands already: connecting is no part of the time. */
export async function send({ method, url, headers, body }: Outgoing): Promise<Sent> {
  const { hostname, port, pathname, search } = new URL(url);
  const socket = connect(Number(port), hostname).setNoDelay(true);
  await once(socket, 'connect');
  const at = clock();
  const answer = new Promise<Answer>((resolve, reject) => {
    const outgoing = httpRequest(
      {
        ...{ method, path: pathname + search, createConnection: () => socket },
        headers: { ...headers, host: `${hostname}:${port}`, 'content-length': Buffer.byteLength(body) },
      },
      (incoming) => {
        let text = '';
        incoming.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, text, at: clock() }));
        incoming.on('error', reject);
      },
    );
    outgoing.on('error', reject).end(body);
  });
  return { at, answer };
}

/** @throws Error when it is no success. */
export async function good(answer: Promise<Answer>): Promise<Answer> {
  const { status, text } = await answer;
  if (status >= 300) throw new Error(`answered ${status}: ${text}`);
  return answer;
}

const PATIENCE_MS = 15_000;

/** Asks a gateway for one route, again and again, as fast as it answers: one request at a time on one connection. */
export class Lookout {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 1 });
  private readonly url: string;

  constructor(gatewayUrl: string, path: string) {
    this.url = gatewayUrl + path;
  }

  /** @returns when the first answer was there that shows it. */
  async until(wanted: 'refused' | 'served'): Promise<number> {
    const end = clock() + PATIENCE_MS;
    for (;;) {
      const { seen, at } = await this.look();
      if (seen === wanted) return at;
      if (at > end) throw new Error(`the gateway is not seen to have ${wanted} within ${PATIENCE_MS} ms`);
    }
  }

  close(): void {
    this.agent.destroy();
  }

  private look(): Promise<{ readonly seen: 'refused' | 'served' | 'cut off'; readonly at: number }> {
    return new Promise((resolve, reject) => {
      httpRequest(this.url, { agent: this.agent }, (incoming) => {
        const at = clock();
        const marked = incoming.headers[MARK] !== undefined;
        const seen = incoming.statusCode === REFUSED_STATUS && marked ? 'refused' : 'served';
        incoming.resume().on('close', () => resolve({ seen, at }));
      })
        .on('error', (error: NodeJS.ErrnoException) => {
          // The clamp breaks off what is under way: that shows something, but not yet that the next one is refused.
          if (error.code === 'ECONNRESET') resolve({ seen: 'cut off', at: clock() });
          else reject(error);
        })
        .end();
    });
  }
}
