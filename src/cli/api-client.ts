import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import axios, { type AxiosRequestConfig, type AxiosResponse } from 'axios';
import type { z } from 'zod';
import {
  components,
  type DrillAnswer,
  type DrillListAnswer,
  type FallbackAnswer,
  type FallbackBody,
  type IncidentAnswer,
  type IncidentStoryAnswer,
  type LedgerLineAnswer,
  type OrderBody,
  type PlacedAnswer,
  type ScopeAnswer,
  type SpendHistoryAnswer,
  type StatusAnswer,
  type VerdictAnswer,
} from '../intake/http/schemas';
import type { WhyAnswer } from '../intake/http/why-schema';
import { printable } from '../printable';
import type { SpanName } from '../tripwire/history/spans';
import { Failure } from './cli';

/** What of the internal API the commands use. Every call throws `Failure` with what to do now. */
export interface ApiClient {
  /** @param waitSeconds how long the answer may wait for the order to be settled; 0 to 30. */
  placeOrder(body: OrderBody, waitSeconds: number): Promise<PlacedAnswer>;
  scopes(): Promise<readonly ScopeAnswer[]>;
  status(): Promise<StatusAnswer>;
  why(query: { readonly subject: string; readonly as?: WhyAnswer['kind'] }): Promise<WhyAnswer>;
  lines(query: { readonly after?: number; readonly limit?: number }): Promise<readonly LedgerLineAnswer[]>;
  /** Newest first. */
  incidents(limit?: number): Promise<readonly IncidentAnswer[]>;
  incident(number: number): Promise<IncidentStoryAnswer>;
  /** In Markdown. */
  incidentReport(number: number): Promise<string>;
  verify(): Promise<VerdictAnswer>;
  /** Begins a drill. @param waitSeconds how long the answer may wait for its end; 0 to 30. */
  runDrill(waitSeconds: number): Promise<DrillAnswer>;
  drill(id: string, waitSeconds: number): Promise<DrillAnswer>;
  /** Newest first. */
  drills(limit: number): Promise<DrillListAnswer>;
  fallbacks(): Promise<readonly FallbackAnswer[]>;
  spendHistory(span: SpanName): Promise<SpendHistoryAnswer>;
  /** @param waitSeconds how long the answer may wait until it is seen; 0 to 30. */
  decideFallback(name: string, body: FallbackBody, waitSeconds: number): Promise<FallbackAnswer>;
}

export interface ApiClientOptions {
  /** Without a slash at its end. */
  readonly url: string;
  readonly token: string;
  /** Beyond the time that the call itself may wait. Milliseconds. */
  readonly timeoutMs?: number;
}

/** A thousand lines of the ledger, and room. */
const MOST_BYTES = 64 * 1024 * 1024;
const TIMEOUT_MS = 10_000;
/** Reading the whole ledger. */
const VERIFY_MS = 300_000;
/** Beyond the usual: it asks every gateway and every LiteLLM. */
const WHY_MS = 10_000;
/** Before each further try. Milliseconds. */
const TRY_AGAIN_AFTER_MS = [200, 800];
/** No answer came, and none will on this connection. A time-out isn't here: a person should hear of it at once. */
const TRY_AGAIN = ['ECONNREFUSED', 'ECONNRESET', 'EPIPE'];
/** Mistakes of the one who asks, not bad news. */
const WRONG_USE = ['bad-request', 'token-wrong', 'unknown-scope', 'no-fallback'];

/** A client that sends an order again under the same key when no answer came: it is never two orders. */
export function apiClient({ url, token, timeoutMs = TIMEOUT_MS }: ApiClientOptions): ApiClient {
  const http = axios.create({
    baseURL: url,
    headers: { authorization: `Bearer ${token}` },
    // Straight to Pullcord and nowhere else: neither a redirect nor a proxy of the environment gets the token.
    maxRedirects: 0,
    maxContentLength: MOST_BYTES,
    proxy: false,
    validateStatus: () => true,
  });

  const send = async (config: AxiosRequestConfig, waitMs: number): Promise<AxiosResponse<unknown>> => {
    for (const again of [...TRY_AGAIN_AFTER_MS, undefined]) {
      try {
        return await http.request<unknown>({ ...config, timeout: timeoutMs + waitMs });
      } catch (error) {
        const code = axios.isAxiosError(error) ? (error.code ?? 'no answer') : 'no answer';
        // The error itself holds the request with the token in it: it goes no further.
        if (again === undefined || !TRY_AGAIN.includes(code)) throw noAnswer(url, code);
        await pause(again);
      }
    }
    throw noAnswer(url, 'no answer');
  };

  const call = async <T>(schema: z.ZodType<T>, config: AxiosRequestConfig, waitMs = 0): Promise<T> => {
    const { status, data, headers } = await send(config, waitMs);
    const parsed = schema.safeParse(data);
    if (parsed.success) return parsed.data;
    throw refusal(data, headers['x-request-id']) ?? strange(url, status);
  };

  return {
    placeOrder: (body, waitSeconds) =>
      call(
        components.PlacedOrder,
        {
          ...{ method: 'post', url: '/api/v1/orders', params: { wait: waitSeconds }, data: body },
          headers: { 'idempotency-key': randomUUID() },
        },
        waitSeconds * 1000,
      ),
    scopes: async () => (await call(components.ScopeList, { url: '/api/v1/scopes' })).scopes,
    status: () => call(components.Status, { url: '/api/v1/status' }),
    why: (query) => call(components.Why, { url: '/api/v1/why', params: query }, WHY_MS),
    lines: async (query) => (await call(components.LedgerLines, { url: '/api/v1/ledger', params: query })).lines,
    incidents: async (limit) =>
      (await call(components.IncidentList, { url: '/api/v1/incidents', params: { limit } })).incidents,
    incident: (number) => call(components.IncidentStory, { url: `/api/v1/incidents/${number}` }),
    incidentReport: (number) => call(components.IncidentReport, { url: `/api/v1/incidents/${number}/report` }),
    runDrill: (wait) =>
      call(components.Drill, { method: 'post', url: '/api/v1/drills', params: { wait } }, wait * 1000),
    drill: (id, wait) => call(components.Drill, { url: `/api/v1/drills/${id}`, params: { wait } }, wait * 1000),
    drills: (limit) => call(components.DrillList, { url: '/api/v1/drills', params: { limit } }),
    fallbacks: async () => (await call(components.FallbackList, { url: '/api/v1/fallbacks' })).fallbacks,
    spendHistory: (span) => call(components.SpendHistory, { url: '/api/v1/spend/history', params: { span } }),
    decideFallback: (name, body, waitSeconds) =>
      call(
        components.Fallback,
        {
          ...{ method: 'post', url: `/api/v1/fallbacks/${encodeURIComponent(name)}`, params: { wait: waitSeconds } },
          ...{ data: body, headers: { 'idempotency-key': randomUUID() } },
        },
        waitSeconds * 1000,
      ),
    verify: () => call(components.Verdict, { url: '/api/v1/ledger/verify' }, VERIFY_MS),
  };
}

const noAnswer = (url: string, code: string): Failure =>
  new Failure(
    `Pullcord does not answer at ${url} (${code}). Is it running? --url names another address. If it is urgent, text STOP.`,
  );

const strange = (url: string, status: number): Failure =>
  new Failure(`What answers at ${url} is not Pullcord (status ${status}). Correct --url or PULLCORD_URL.`, 2);

function refusal(data: unknown, requestId: unknown): Failure | undefined {
  const parsed = components.Problem.safeParse(data);
  if (!parsed.success) return undefined;
  const { reason, detail, errors = [] } = parsed.data;
  const faults = errors.map((fault) => `\n  ${printable(`${fault.path || fault.in}: ${fault.detail}`)}`).join('');
  const where = reason === 'internal-error' ? ` Request id: ${String(requestId)}.` : '';
  return new Failure(
    `Refused (${printable(reason)}): ${printable(detail + where)}${faults}`,
    WRONG_USE.includes(reason) ? 2 : 1,
  );
}
