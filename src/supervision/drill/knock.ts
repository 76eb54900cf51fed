import { readFileSync } from 'node:fs';
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { CANARY_MARK, type Canary, canaryPath } from '../../cutters/apisix/canary';
import { MARK, REFUSED_STATUS } from '../../cutters/apisix/refusal';

/** What a gateway node answered to one request for the canary. */
export type Glimpse = 'served' | 'refused' | 'other';

export interface Knocked {
  readonly glimpse: Glimpse;
  /** The status, or what went wrong. */
  readonly detail: string;
}

/** A stream through one node. */
export interface OpenStream {
  /** How it ended, broken off by the gateway or to its own end, and when, by `performance.now`. Undefined while it goes on. */
  readonly ended: { readonly how: 'cut' | 'done'; readonly at: number } | undefined;
  close(): void;
}

export interface KnockOptions {
  /** A gateway URL. */
  readonly url: string;
  readonly canary: Canary;
  readonly timeoutMs: number;
  readonly caFile?: string | undefined;
}

/** Asks for the canary once, over a fresh connection, as a client of the gateway would. Never throws. */
export function knock(options: KnockOptions): Promise<Knocked> {
  return new Promise((resolve) => {
    const sent = send('HEAD', options);
    const end = (glimpse: Glimpse, detail: string): void => {
      clearTimeout(timer);
      sent.destroy();
      resolve({ glimpse, detail });
    };
    const timer = setTimeout(() => end('other', `no answer within ${options.timeoutMs} ms`), options.timeoutMs);
    sent.on('response', (answer) => end(glimpseOf(answer, options.canary), `answers ${answer.statusCode}`));
    sent.on('error', (error: NodeJS.ErrnoException) => end('other', error.code ?? error.message));
    sent.end();
  });
}

/**
 * Opens a stream and waits for its first event.
 * @throws Error when none comes in time
 */
export function openStream(options: KnockOptions): Promise<OpenStream> {
  return new Promise((resolve, reject) => {
    const sent = send('GET', options);
    const stream = { ended: undefined as OpenStream['ended'], close: () => void sent.destroy() };
    const fail = (why: string): void => {
      clearTimeout(timer);
      sent.destroy();
      reject(new Error(`no stream through ${options.url}: ${why}`));
    };
    const timer = setTimeout(() => fail(`no event within ${options.timeoutMs} ms`), options.timeoutMs);
    sent.on('error', (error: NodeJS.ErrnoException) => fail(error.code ?? error.message));
    sent.on('response', (answer) => {
      if (glimpseOf(answer, options.canary) !== 'served') return fail(`it answers ${answer.statusCode}`);
      let tail = '';
      answer.on('data', (chunk: Buffer) => {
        clearTimeout(timer);
        tail = (tail + chunk.toString('latin1')).slice(-TAIL);
        resolve(stream);
      });
      // Broken off: what comes is an error or an end before the stream's own.
      answer.on('error', () => undefined);
      answer.once('close', () => {
        stream.ended = { how: tail.includes('[DONE]') ? 'done' : 'cut', at: performance.now() };
        if (tail === '') fail('it ended before its first event');
      });
    });
    sent.end();
  });
}

/** Enough for the end of a stream, and for no more. Characters. */
const TAIL = 64;

function send(method: string, { url, canary, caFile }: KnockOptions): ClientRequest {
  const { protocol, hostname, port, pathname } = new URL(url);
  const request = protocol === 'https:' ? httpsRequest : httpRequest;
  return request({
    hostname: hostname.replace(/^\[|\]$/g, ''),
    port,
    path: pathname.replace(/\/$/, '') + canaryPath(canary),
    method,
    agent: false,
    headers: { 'user-agent': 'pullcord-drill', accept: 'text/event-stream' },
    ...(caFile === undefined ? {} : { ca: readFileSync(caFile) }),
  });
}

function glimpseOf({ statusCode, headers }: IncomingMessage, { token }: Canary): Glimpse {
  if (statusCode === REFUSED_STATUS && headers[MARK] !== undefined) return 'refused';
  return statusCode === 200 && headers[CANARY_MARK] === token ? 'served' : 'other';
}
