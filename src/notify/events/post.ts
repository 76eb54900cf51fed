import type { lookup as dnsLookup } from 'node:dns';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Readable } from 'node:stream';
import axios from 'axios';
import type { Clock } from '../../clock';
import { SIGNATURE_HEADER, signature } from '../../signature';
import type { Delivery } from './outbox';
import { isNoReceiver, REFUSED_ADDRESS, receiverLookup } from './receiver-address';

const TIMEOUT_MS = 10_000;
const MAX_ANSWER_BYTES = 64 * 1024;

/** `gone`: never again. `again`: later. Without a status nobody answered, and `error` says why, without the address. */
export type Answer =
  | { readonly verdict: 'taken' | 'gone' | 'again'; readonly status: number }
  | { readonly verdict: 'again'; readonly status?: undefined; readonly error: string };

/** RFC 9110: 2xx, a success; 410, gone for good. n8n answers 404 while it starts, so that this is no end. */
export function verdictOf(status: number): Answer['verdict'] {
  if (status >= 200 && status < 300) return 'taken';
  return status === 410 ? 'gone' : 'again';
}

export interface PosterOptions {
  readonly version: string;
  readonly now: Clock;
  /** Bound of one call, all in all. Milliseconds. */
  readonly timeoutMs?: number;
  /** Left out: the system's. */
  readonly lookup?: typeof dnsLookup;
}

export interface Poster {
  /** Never throws. */
  post(delivery: Pick<Delivery, 'subscription' | 'event' | 'body'>, signal: AbortSignal): Promise<Answer>;
  /** Lets go of connections that are kept open. */
  close(): void;
}

/**
 * Sends events over HTTP, each try signed afresh. Follows no redirect and uses no proxy: an event goes where somebody
 * asked for it, or nowhere, and nowhere that `receiver-address` refuses.
 */
export function createPoster({ version, now, timeoutMs = TIMEOUT_MS, lookup }: PosterOptions): Poster {
  const options = { keepAlive: true, maxFreeSockets: 16, lookup: receiverLookup(lookup) } as const;
  const [httpAgent, httpsAgent] = [new HttpAgent(options), new HttpsAgent(options)];
  return {
    async post({ subscription: { url, secret }, event, body }, closing) {
      // An address is not looked up.
      if (isNoReceiver(new URL(url).hostname)) return { verdict: 'again', error: REFUSED_ADDRESS };
      const signal = AbortSignal.any([closing, AbortSignal.timeout(timeoutMs)]);
      try {
        const { status, data } = await axios.post<Readable>(url, body, {
          headers: {
            'Content-Type': 'application/json',
            'User-Agent': `Pullcord/${version}`,
            'X-Pullcord-Event': event.type,
            'X-Pullcord-Delivery': event.id,
            [SIGNATURE_HEADER]: signature(secret, body, Math.floor(now() / 1000)),
          },
          ...{ signal, proxy: false, maxRedirects: 0, httpAgent, httpsAgent },
          // The status is all that counts: a long or packed answer must not make a taken event an untaken one.
          ...{ responseType: 'stream', decompress: false },
          validateStatus: () => true,
        });
        await drain(data);
        return { verdict: verdictOf(status), status };
      } catch (error) {
        return { verdict: 'again', error: why(error, signal) };
      }
    },
    close() {
      httpAgent.destroy();
      httpsAgent.destroy();
    },
  };
}

/** Reads a short answer to its end, so that the connection can be used again; a longer one isn't worth it. */
async function drain(answer: Readable): Promise<void> {
  let bytes = 0;
  try {
    for await (const chunk of answer) {
      bytes += (chunk as Buffer).length;
      if (bytes > MAX_ANSWER_BYTES) break;
    }
  } catch {
    // It has said what it thinks of the event.
  }
  answer.destroy();
}

function why(error: unknown, signal: AbortSignal): string {
  if (signal.aborted) return 'no answer in time';
  const code = axios.isAxiosError(error) ? error.code : undefined;
  return code ?? 'cannot be reached';
}
