import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import axios, { type AxiosRequestConfig } from 'axios';

/** An answer, or what went wrong on the way there. */
export type Came =
  | { readonly status: number; readonly data: unknown; readonly headers: Readonly<Record<string, unknown>> }
  /** A code of Node's (`ECONNREFUSED`), or `no answer in 3000 ms`. */
  | { readonly code: string };

const MOST_BYTES = 1024 * 1024;

/** One request, over a fresh connection, straight there: no proxy of the environment, no redirect. Never throws. */
export async function ask(timeoutMs: number, request: AxiosRequestConfig): Promise<Came> {
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    const { status, data, headers } = await axios.request<unknown>({
      ...{ signal, proxy: false, maxRedirects: 0, maxContentLength: MOST_BYTES, validateStatus: () => true },
      ...{ httpAgent: new HttpAgent(), httpsAgent: new HttpsAgent() },
      ...request,
    });
    return { status, data, headers };
  } catch (error) {
    // The error holds the request, and what secrets are in that: it goes no further.
    if (signal.aborted) return { code: `no answer in ${timeoutMs} ms` };
    return { code: (axios.isAxiosError(error) && error.code) || 'no answer' };
  }
}
