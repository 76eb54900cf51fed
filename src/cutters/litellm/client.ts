import axios, { type AxiosInstance, type AxiosResponse } from 'axios';
import type { Leave } from '../cutter';
import { withDeadline } from '../deadline';
import { isNeverSent, readyAgents, underLeave } from '../wire';

/**
 * The three calls of LiteLLM's management API that the cutter needs. Its words never come into a message: some of them
 * repeat a key. It never asks for `/health`, which makes real, paid calls to every model.
 */

/** What `GET /key/info` showed of one key. It reads the database, not a worker's cache. */
export type KeySight =
  | { readonly state: 'blocked' | 'open' }
  /** LiteLLM has no such key. */
  | { readonly state: 'unknown' }
  /** `reached`: LiteLLM may have received the request; a write would possibly take effect. */
  | { readonly state: 'unseen'; readonly why: string; readonly reached: boolean };

/** What a write was answered. It proves nothing, not even a 200: look again. */
export interface Answer {
  readonly complaint?: string;
  /** It was not answered in time, or cancelled: it may still take effect. */
  readonly mayComeLate: boolean;
}

export interface LiteLLMClient {
  /** @param hash SHA-256 of the key, 64 hexadecimal digits. */
  look(hash: string, overtaken: AbortSignal): Promise<KeySight>;
  /** Sends nothing once the leave has ended. */
  block(hash: string, overtaken: AbortSignal, leave: Leave): Promise<Answer>;
  unblock(hash: string, overtaken: AbortSignal, leave: Leave): Promise<Answer>;
  close(): void;
}

export interface LiteLLMClientOptions {
  readonly url: string;
  readonly adminKey: string;
  /** Milliseconds, for each call. */
  readonly timeoutMs: number;
}

interface Failure {
  readonly why: string;
  readonly reached: boolean;
}

/** These end a request before anything of it was sent. */
const NEVER_SENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);
const MAX_SOCKETS = 16;
const MAX_ANSWER_BYTES = 1_048_576;

export function createLiteLLMClient({ url, adminKey, timeoutMs }: LiteLLMClientOptions): LiteLLMClient {
  // A fresh connection for each call: repeated calls come to different workers, and each worker has its own cache.
  const agents = readyAgents({ keepAlive: false, maxSockets: MAX_SOCKETS });
  const http: AxiosInstance = axios.create({
    baseURL: url,
    headers: { authorization: `Bearer ${adminKey}` },
    httpAgent: agents.httpAgent,
    httpsAgent: agents.httpsAgent,
    proxy: false,
    maxRedirects: 0,
    maxContentLength: MAX_ANSWER_BYTES,
    validateStatus: () => true,
  });

  const call = async (
    request: { method: 'GET' | 'POST'; url: string; params?: object; data?: object },
    overtaken: AbortSignal,
    leave?: Leave,
  ): Promise<AxiosResponse<unknown> | Failure> => {
    try {
      return await withDeadline(timeoutMs, overtaken, (signal) =>
        http.request({ ...request, signal, ...underLeave(leave) }),
      );
    } catch (error) {
      const code = axios.isAxiosError(error) ? error.code : undefined;
      if (isNeverSent(code)) return { why: 'the leave to write had ended', reached: false };
      if (code === 'ERR_CANCELED') return { why: `LiteLLM did not answer within ${timeoutMs} ms`, reached: true };
      return { why: `LiteLLM cannot be reached (${code ?? 'unknown error'})`, reached: !NEVER_SENT.has(code ?? '') };
    }
  };

  const write = async (path: string, hash: string, overtaken: AbortSignal, leave: Leave): Promise<Answer> => {
    const answer = await call({ method: 'POST', url: path, data: { key: hash } }, overtaken, leave);
    if ('why' in answer) return { complaint: answer.why, mayComeLate: answer.reached };
    return { ...(answer.status === 200 ? {} : { complaint: complaint(answer, hash) }), mayComeLate: false };
  };

  return {
    async look(hash, overtaken) {
      const answer = await call({ method: 'GET', url: '/key/info', params: { key: hash } }, overtaken);
      if ('why' in answer) return { state: 'unseen', ...answer };
      if (isUnknownKey(answer, hash)) return { state: 'unknown' };
      if (answer.status !== 200) return { state: 'unseen', why: complaint(answer, hash), reached: true };
      const info = property(answer.data, 'info');
      if (typeof info !== 'object' || info === null)
        return { state: 'unseen', why: 'what answers is not LiteLLM: check its url', reached: true };
      return { state: property(info, 'blocked') === true ? 'blocked' : 'open' };
    },
    block: (hash, overtaken, leave) => write('/key/block', hash, overtaken, leave),
    unblock: (hash, overtaken, leave) => write('/key/unblock', hash, overtaken, leave),
    close: agents.destroy,
  };
}

type Answered = Pick<AxiosResponse<unknown>, 'status' | 'data'>;

/** Why LiteLLM did not do as it was asked, in words of ours. */
export function complaint(answer: Answered, hash: string): string {
  const { status } = answer;
  if (isUnknownKey(answer, hash)) return 'LiteLLM has no such key';
  if (status === 401 || status === 403)
    return `LiteLLM refuses the admin key (${status}): it has to be the master key or a proxy admin's`;
  if (/no db connected|(db|database) not connected/i.test(textOf(answer)))
    return 'LiteLLM has no database: without one it has no virtual keys to block';
  return `LiteLLM answered ${status}`;
}

/**
 * An unknown key is a 404 of `/key/info`, and a 401 of the others that reads like a wrong admin key, except that it
 * names the hash that was asked for.
 */
export function isUnknownKey(answer: Answered, hash: string): boolean {
  if (answer.status === 404)
    return property(answer.data, 'error') !== undefined || isNoKeyFound(property(answer.data, 'detail'));
  return answer.status === 401 && textOf(answer).includes(hash);
}

/** FastAPI's own 404 is `{"detail":"Not Found"}`: no such path, which says nothing about a key. */
const isNoKeyFound = (detail: unknown): boolean => typeof detail === 'object' && detail !== null;

const textOf = ({ data }: Answered): string => (typeof data === 'string' ? data : JSON.stringify(data));

const property = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
