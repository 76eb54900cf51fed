import axios from 'axios';
import { SIGNATURE_HEADER } from '../../signature';
import type { Leave } from '../cutter';
import { withDeadline } from '../deadline';
import { isNeverSent, readyAgents, underLeave } from '../wire';

export interface Post {
  readonly url: string;
  /** Makes the signature of the body. Left out, it goes unsigned. */
  readonly sign?: ((body: string) => string) | undefined;
  readonly body: Readonly<Record<string, unknown>>;
  /** The same for every repetition, so that a receiver can tell one. */
  readonly idempotencyKey: string;
  /** Milliseconds. */
  readonly timeoutMs: number;
}

const MAX_ANSWER_BYTES = 65_536;

/**
 * Sends JSON, signed. Follows no redirect and uses no proxy: the body goes where it was configured to go.
 * @param leave when it has ended before the request is on its socket, nothing is sent.
 * @returns undefined when it was answered with 2xx; else why not, without the address, which may hold a secret.
 */
export async function post(request: Post, overtaken: AbortSignal, leave?: Leave): Promise<string | undefined> {
  const body = JSON.stringify(request.body);
  const agents = readyAgents({ keepAlive: false });
  try {
    const { status } = await withDeadline(request.timeoutMs, overtaken, (signal) =>
      axios.request({
        method: 'POST',
        url: request.url,
        data: body,
        headers: {
          'content-type': 'application/json',
          'idempotency-key': request.idempotencyKey,
          ...(request.sign ? { [SIGNATURE_HEADER]: request.sign(body) } : {}),
        },
        signal,
        httpAgent: agents.httpAgent,
        httpsAgent: agents.httpsAgent,
        ...underLeave(leave),
        proxy: false,
        maxRedirects: 0,
        maxContentLength: MAX_ANSWER_BYTES,
        validateStatus: () => true,
      }),
    );
    return status >= 200 && status < 300 ? undefined : `answered ${status}`;
  } catch (error) {
    const code = axios.isAxiosError(error) ? error.code : undefined;
    if (isNeverSent(code)) return 'was not told: the leave had ended';
    return code === 'ERR_CANCELED'
      ? `did not answer within ${request.timeoutMs} ms`
      : `cannot be reached (${code ?? 'unknown error'})`;
  } finally {
    agents.destroy();
  }
}
