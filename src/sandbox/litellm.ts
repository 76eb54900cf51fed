import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { listen } from './apisix/listener';
import { type Call, chat } from './litellm/chat';
import type { Completion } from './litellm/completion';
import { type Answer, problem, readJson, send } from './litellm/exchange';
import { hashIfNeeded, hashToken, type KeyChange, Keys } from './litellm/keys';
import { manage } from './litellm/management';
import { Metrics } from './litellm/metrics';
import { DEFAULTS, type Fault, type SandboxLiteLLMOptions } from './litellm/options';
import { answerScrape } from './litellm/scrape';

/**
 * A stand-in LiteLLM proxy with one mock model, for the demo and the tests: completions that stream, virtual keys that
 * can be blocked, spend and tokens in Prometheus. It behaves as LiteLLM 1.81.15 does where Pullcord touches it.
 */
export interface SandboxLiteLLM {
  readonly url: string;
  readonly masterKey: string;
  readonly viewerKey: string;
  addKey(alias?: string, key?: string, more?: KeyChange): { readonly key: string; readonly hash: string };
  deleteKey(hash: string): void;
  /** As an administrator would, or the timer that begins a budget anew. */
  changeKey(hash: string, change: KeyChange): void;
  /** As the table has it. */
  isBlocked(hash: string): boolean;
  /** Blocks or unblocks it as an administrator would, behind Pullcord's back. */
  setBlocked(hash: string, blocked: boolean): void;
  /** The next `times` requests to this path go wrong. */
  fail(path: string, fault: Fault, times?: number): void;
  /** Newest last, at most 1,000. */
  readonly completions: readonly Completion[];
  /** Completions that the model is producing now. */
  open(): readonly Completion[];
  /** `METHOD /path`, oldest first, at most 1,000. */
  readonly requests: readonly string[];
  /** As after a restart of all workers: all counters begin at nothing. */
  resetCounters(): void;
  /** All workers drop the series of a key, as of one that is idle. */
  forgetSeries(hash: string): void;
  close(): Promise<void>;
}

const KEPT = 1_000;

export async function startSandboxLiteLLM(options: SandboxLiteLLMOptions = {}): Promise<SandboxLiteLLM> {
  const settings = { ...DEFAULTS, ...options };
  const keys = new Keys({ cacheMs: settings.cacheMs, monotonic: () => performance.now() });
  let started = Date.now();
  const startOf = (worker: number): number => started + worker * settings.forkMs;
  const metrics = Array.from(
    { length: settings.workers },
    (_, worker) => new Metrics(() => performance.timeOrigin + performance.now(), startOf(worker)),
  );
  const metricsOf = (worker: number): Metrics => metrics[worker] as Metrics;
  const completions: Completion[] = [];
  const requests: string[] = [];
  const faults = new Map<string, Fault[]>();
  const workers = new WeakMap<Socket, number>();
  let connections = 0;

  const workerOf = (socket: Socket): number => {
    const worker = workers.get(socket) ?? connections++ % settings.workers;
    workers.set(socket, worker);
    return worker;
  };

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '/', 'http://sandbox');
    keep(requests, `${request.method} ${url.pathname}`);
    const worker = workerOf(request.socket);
    const key = (request.headers.authorization ?? '').replace(/^Bearer /, '');
    const body = request.method === 'POST' ? await readJson(request) : {};
    const run = (): Answer | undefined =>
      route(url, { method: request.method ?? '', key, body, worker, request, response });

    const fault = faults.get(url.pathname)?.shift();
    if (fault === undefined) return send(response, run());
    if (fault.endsWith('after-commit')) run();
    if (fault.startsWith('error')) send(response, problem(500, 'Internal Server Error', 'internal_server_error'));
  };

  const route = (url: URL, call: Call): Answer | undefined => {
    switch (`${call.method} ${url.pathname}`) {
      case 'POST /chat/completions':
      case 'POST /v1/chat/completions':
        return chat(call, {
          settings,
          keys,
          metrics: metricsOf(call.worker),
          onStart: (one) => keep(completions, one),
        });
      case 'GET /health/liveliness':
        return { status: 200, json: "I'm alive!" };
      case 'GET /health/readiness':
        return { status: 200, json: { status: 'healthy', db: settings.database ? 'connected' : 'Not connected' } };
      case 'GET /metrics':
      case 'GET /metrics/':
        return answerScrape(
          {
            url,
            accept: call.request.headers.accept ?? '',
            acceptEncoding: String(call.request.headers['accept-encoding'] ?? ''),
            known: isKnown(call.key),
          },
          metricsOf(call.worker),
          settings,
        );
      default:
        return manage({ ...call, path: url.pathname, query: url.searchParams }, { settings, keys });
    }
  };

  const isKnown = (key: string): boolean =>
    key === settings.masterKey || key === settings.viewerKey || keys.row(hashToken(key)) !== undefined;

  const listener = await listen({
    port: settings.port,
    onRequest: (request, response) => {
      answer(request, response).catch(() => send(response, problem(400, 'Invalid JSON', 'bad_request_error')));
    },
  });

  return {
    url: listener.url,
    masterKey: settings.masterKey,
    viewerKey: settings.viewerKey,
    completions,
    requests,
    addKey: (alias, key, more) => {
      const added = keys.add(alias ?? null, key, more);
      return { key: added.key, hash: added.row.token };
    },
    deleteKey: (hash) => keys.delete(hash),
    changeKey: (hash, change) => keys.change(hash, change),
    isBlocked: (hash) => keys.row(hash)?.blocked === true,
    setBlocked: (hash, blocked) => void keys.setBlocked(hashIfNeeded(hash), blocked, 0),
    fail: (path, fault, times = 1) => {
      faults.set(path, [...(faults.get(path) ?? []), ...Array<Fault>(times).fill(fault)]);
    },
    open: () => completions.filter(({ endedAt }) => endedAt === undefined),
    resetCounters: () => {
      // A start is told to a hundredth of a second.
      started = Math.max(Date.now(), started + 10);
      for (const [worker, one] of metrics.entries()) one.restart(startOf(worker));
    },
    forgetSeries: (hash) => {
      for (const one of metrics) one.forget(hash);
    },
    close: () => listener.close(),
  };
}

function keep<T>(list: T[], one: T): void {
  list.push(one);
  if (list.length > KEPT) list.shift();
}
