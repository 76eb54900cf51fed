import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import axios, { type AxiosInstance, isAxiosError } from 'axios';
import type { Leave } from '../cutter';
import { isNeverSent, readyAgents, underLeave } from '../wire';
import { type Doc, isDoc } from './document';
import { faultOf, GatewayError, isGatewayError, type Outcome } from './fault';
import { Overtaken, stopIf } from './overtaken';

/**
 * The Admin API of one APISIX. Fails towards doubt: what is not plainly APISIX's answer is `unavailable`, so that
 * nobody takes a proxy's 404 for a deleted route. Writes answer nothing: APISIX's answer holds cipher text, and whoever
 * put it back would encrypt it twice. Never sends `If-Match` (answered 412 and applied all the same) nor `?ttl` (deletes
 * the whole object at its end).
 */
export interface AdminApi {
  /** All objects of a collection (`routes`), page by page. */
  list(collection: string, overtaken?: AbortSignal): Promise<readonly Doc[]>;
  /** One object (`routes/r1`). @throws GatewayError `not-found` when there is none. */
  get(path: string, overtaken?: AbortSignal): Promise<Doc>;
  /**
   * Merges a document into an object, or replaces the value at a sub-path (`routes/r1/plugins`).
   * @param leave when it has ended before the request is on its socket, nothing is sent.
   */
  patch(path: string, body: unknown, overtaken?: AbortSignal, leave?: Leave): Promise<void>;
  put(path: string, body: Doc, overtaken?: AbortSignal, leave?: Leave): Promise<void>;
  remove(path: string, overtaken?: AbortSignal): Promise<void>;
  /** The plugins that are enabled, and the clock of the gateway. Epoch, in milliseconds, to the second. */
  plugins(overtaken?: AbortSignal): Promise<{ readonly names: readonly string[]; readonly clock: number | undefined }>;
  close(): void;
}

export interface AdminApiOptions {
  /** Without `/apisix/admin`. */
  readonly url: string;
  readonly key: string;
  /** Bounds each call as a whole, connecting and repeating included. Milliseconds. */
  readonly timeoutMs: number;
  readonly caFile?: string | undefined;
  readonly random?: () => number;
}

interface Answer {
  readonly data: unknown;
  readonly headers: Readonly<Record<string, unknown>>;
}

/** The largest that APISIX takes. */
const PAGE_SIZE = 500;
/** 50,000 objects: more than any gateway serves. Whoever shows more would be read without end. */
const MOST_PAGES = 100;
/** Of one answer, after decompression. A page of 500 routes with certificates and functions in them takes a few MiB. */
const MOST_BYTES = 64 * 1024 * 1024;
const FIRST_DELAY_MS = 8;
const LONGEST_DELAY_MS = 100;
const MESSAGE_LENGTH = 300;

export function createAdminApi({ url, key, timeoutMs, caFile, random = Math.random }: AdminApiOptions): AdminApi {
  const agents = readyAgents(caFile === undefined ? {} : { ca: readFileSync(caFile) });
  const http = axios.create({
    baseURL: `${url.replace(/\/+$/, '')}/apisix/admin/`,
    headers: { 'X-API-KEY': key },
    httpAgent: agents.httpAgent,
    httpsAgent: agents.httpsAgent,
    proxy: false,
    maxRedirects: 0,
    maxContentLength: MOST_BYTES,
    validateStatus: () => true,
  });

  async function call(
    method: string,
    path: string,
    body: unknown,
    overtaken?: AbortSignal,
    leave?: Leave,
  ): Promise<Answer> {
    const bound = boundBy(timeoutMs, overtaken);
    try {
      for (let attempt = 0; ; attempt += 1) {
        const { outcome, answer } = await send(http, { method, path, body, signal: bound.signal, leave });
        stopIf(overtaken);
        const fault = faultOf(outcome);
        if (!fault) return answer;
        const error = new GatewayError(fault.kind, said(method, path, outcome), fault.remedy, isInDoubt(outcome));
        if (!fault.retry || bound.signal.aborted) throw error;
        const delay = Math.min(FIRST_DELAY_MS * 2 ** attempt, LONGEST_DELAY_MS) * (0.5 + random());
        await sleep(delay, undefined, { signal: bound.signal }).catch(() => {
          stopIf(overtaken);
          throw error;
        });
      }
    } finally {
      bound.release();
    }
  }

  const odd = (path: string): GatewayError =>
    new GatewayError('unavailable', `GET ${path} did not answer as APISIX does`, 'Check adminUrl: it leads elsewhere.');

  return {
    async list(collection, overtaken) {
      const values: Doc[] = [];
      for (let page = 1; ; page += 1) {
        const path = `${collection}?page=${page}&page_size=${PAGE_SIZE}`;
        const { data } = await call('GET', path, undefined, overtaken).catch(nothingYet);
        // A page past the end has an object in place of the list.
        if (!isDoc(data) || typeof data.total !== 'number' || !(Array.isArray(data.list) || isDoc(data.list)))
          throw odd(path);
        const entries: unknown[] = Array.isArray(data.list) ? data.list : [];
        values.push(...entries.map((entry) => (isDoc(entry) ? entry.value : undefined)).filter(isDoc));
        if (entries.length < PAGE_SIZE || page * PAGE_SIZE >= data.total) return values;
        if (page === MOST_PAGES) throw odd(path);
      }
    },
    async get(path, overtaken) {
      const { data } = await call('GET', path, undefined, overtaken);
      if (!isDoc(data) || !isDoc(data.value)) throw odd(path);
      return data.value;
    },
    async patch(path, body, overtaken, leave) {
      await call('PATCH', path, body, overtaken, leave);
    },
    async put(path, body, overtaken, leave) {
      await call('PUT', path, body, overtaken, leave);
    },
    async remove(path, overtaken) {
      await call('DELETE', path, undefined, overtaken);
    },
    async plugins(overtaken) {
      const { data, headers } = await call('GET', 'plugins/list', undefined, overtaken);
      if (!Array.isArray(data) || !data.every((name) => typeof name === 'string')) throw odd('plugins/list');
      const clock = Date.parse(String(headers.date));
      return { names: data, clock: Number.isNaN(clock) ? undefined : clock };
    },
    close: agents.destroy,
  };
}

/** A collection that never held anything has no key in etcd. */
function nothingYet(error: unknown): Answer {
  if (isGatewayError(error, 'not-found')) return { data: { total: 0, list: [] }, headers: {} };
  throw error;
}

interface Sending {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
  readonly signal: AbortSignal;
  readonly leave: Leave | undefined;
}

async function send(
  http: AxiosInstance,
  { method, path, body, signal, leave }: Sending,
): Promise<{ outcome: Outcome; answer: Answer }> {
  try {
    const { status, data, headers } = await http.request({
      method,
      url: path,
      signal,
      ...underLeave(leave),
      ...(body === undefined ? {} : { data: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } }),
    });
    return { outcome: { status, message: messageOf(data) }, answer: { data, headers } };
  } catch (error) {
    const timedOut = signal.aborted;
    const code = timedOut ? 'ETIMEDOUT' : (isAxiosError(error) && error.code) || 'UNKNOWN';
    // The error of axios holds the request with the key: nothing of it goes on but these two texts.
    const message = timedOut ? 'no answer in time' : error instanceof Error ? error.message || code : code;
    return { outcome: { code, message }, answer: { data: undefined, headers: {} } };
  }
}

const isInDoubt = (outcome: Outcome): boolean => 'code' in outcome && !isNeverSent(outcome.code);

const said = (method: string, path: string, outcome: Outcome): string =>
  'code' in outcome
    ? `${method} ${path}: ${outcome.message}`
    : `${method} ${path} answered ${outcome.status}${outcome.message && `: ${outcome.message}`}`;

/** APISIX's own words. It quotes values that it refuses, which may be secrets: these are taken out. */
function messageOf(data: unknown): string {
  if (!isDoc(data)) return typeof data === 'string' && !data.includes('<') ? data.slice(0, MESSAGE_LENGTH) : '';
  const words = [data.error_msg ?? data.message, data.description].filter((word) => typeof word === 'string');
  return words
    .join(': ')
    .replace(/\bwith ".*?"(?=$|\s|,)/gs, 'with "…"')
    .slice(0, MESSAGE_LENGTH);
}

/** axios's own timeout begins after connecting and starts again with every byte: this one does neither. */
function boundBy(ms: number, overtaken: AbortSignal | undefined): { signal: AbortSignal; release: () => void } {
  if (overtaken?.aborted) throw new Overtaken();
  const controller = new AbortController();
  const stop = (): void => controller.abort();
  const timer = setTimeout(stop, ms);
  overtaken?.addEventListener('abort', stop, { once: true });
  return {
    signal: controller.signal,
    release() {
      clearTimeout(timer);
      overtaken?.removeEventListener('abort', stop);
    },
  };
}
