import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { listen } from './apisix/listener';
import { type Completion, streamCompletion, wholeCompletion } from './litellm/completion';
import { type Answer, problem, readJson, send } from './litellm/exchange';
import { hashIfNeeded, hashToken, Keys } from './litellm/keys';
import { manage } from './litellm/management';
import { Metrics } from './litellm/metrics';
import { DEFAULTS, type Fault, type SandboxLiteLLMOptions } from './litellm/options';

/**
 * A stand-in LiteLLM proxy with one mock model, for the demo and the tests: completions that stream, virtual keys that
 * can be blocked, spend and tokens in Prometheus. It behaves as LiteLLM 1.81.15 does where Pullcord touches it.
 */
export interface SandboxLiteLLM {
  readonly url: string;
  readonly masterKey: string;
  readonly viewerKey: string;
  addKey(alias?: string, key?: string): { readonly key: string; readonly hash: string };
  deleteKey(hash: string): void;
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
  /** As after a restart: all counters begin at nothing. */
  resetCounters(): void;
  close(): Promise<void>;
}

const KEPT = 1_000;

export async function startSandboxLiteLLM(options: SandboxLiteLLMOptions = {}): Promise<SandboxLiteLLM> {
  const settings = { ...DEFAULTS, ...options };
  const keys = new Keys({ cacheMs: settings.cacheMs, monotonic: () => performance.now() });
  const metrics = new Metrics(() => Date.now());
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
        return complete(call);
      case 'GET /health/liveliness':
        return { status: 200, json: "I'm alive!" };
      case 'GET /health/readiness':
        return { status: 200, json: { status: 'healthy', db: settings.database ? 'connected' : 'Not connected' } };
      case 'GET /metrics':
        return { status: 307, headers: { location: '/metrics/' }, text: '' };
      case 'GET /metrics/':
        return {
          status: 200,
          headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' },
          text: metrics.render(),
        };
      default:
        return manage({ ...call, path: url.pathname, query: url.searchParams }, { settings, keys });
    }
  };

  const complete = ({ key, body, worker, request, response }: Call): Answer | undefined => {
    const hash = hashToken(key);
    const row = keys.row(hash);
    const labels = {
      api_key_alias: row?.key_alias ?? 'None',
      hashed_api_key: hash,
      client_ip: request.socket.remoteAddress ?? 'None',
      user_agent: request.headers['user-agent'] ?? 'None',
      user: key === settings.masterKey ? 'default_user_id' : 'None',
      route: '/v1/chat/completions',
      model: settings.model,
      model_id: hashToken(settings.model),
      requested_model: typeof body.model === 'string' ? body.model : settings.model,
    };
    const refuse = (message: string, type: string): Answer => {
      const failed = { ...labels, api_key_alias: 'None', client_ip: 'None', user_agent: 'None', model_id: 'None' };
      metrics.add('litellm_proxy_failed_requests_metric', { ...failed, exception_class: 'Exception' }, 1);
      metrics.add('litellm_proxy_total_requests_metric', failed, 1);
      return problem(401, `Authentication Error, ${message}`, type);
    };
    if (row === undefined && key !== settings.masterKey)
      return refuse(
        `Invalid proxy server token passed. Received API Key = sk-...${key.slice(-4)}, Key Hash (Token) =${hash}. Unable to find token in cache or \`LiteLLM_VerificationTokenTable\``,
        'token_not_found_in_db',
      );
    if (keys.isBlocked(hash, worker))
      return refuse("Key is blocked. Update via `/key/unblock` if you're admin.", 'auth_error');

    const completion: Completion = { key: hash, stream: body.stream === true, startedAt: performance.now(), tokens: 0 };
    keep(completions, completion);
    const promptTokens = Math.ceil(JSON.stringify(body.messages ?? []).length / 4);
    const speech = {
      model: settings.model,
      tokens: typeof body.max_tokens === 'number' ? body.max_tokens : settings.tokens,
      chunkMs: settings.chunkMs,
    };
    const done = completion.stream
      ? streamCompletion(response, completion, speech)
      : wholeCompletion(response, completion, { ...speech, promptTokens });
    void done.then(() => {
      if (completion.how !== 'complete' && settings.hungUp === 'free') return;
      const spend = promptTokens * settings.inputCost + completion.tokens * settings.outputCost;
      if (row !== undefined) row.spend += spend;
      metrics.add('litellm_proxy_total_requests_metric', { ...labels, status_code: '200' }, 1);
      metrics.add('litellm_requests_metric', labels, 1);
      metrics.add('litellm_spend_metric', labels, spend);
      metrics.add('litellm_input_tokens_metric', labels, promptTokens);
      metrics.add('litellm_output_tokens_metric', labels, completion.tokens);
      metrics.add('litellm_total_tokens_metric', labels, promptTokens + completion.tokens);
    });
    return undefined;
  };

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
    addKey: (alias, key) => {
      const added = keys.add(alias ?? null, key);
      return { key: added.key, hash: added.row.token };
    },
    deleteKey: (hash) => keys.delete(hash),
    isBlocked: (hash) => keys.row(hash)?.blocked === true,
    setBlocked: (hash, blocked) => void keys.setBlocked(hashIfNeeded(hash), blocked, 0),
    fail: (path, fault, times = 1) => {
      faults.set(path, [...(faults.get(path) ?? []), ...Array<Fault>(times).fill(fault)]);
    },
    open: () => completions.filter(({ endedAt }) => endedAt === undefined),
    resetCounters: () => metrics.reset(),
    close: () => listener.close(),
  };
}

interface Call {
  readonly method: string;
  /** From the bearer token; empty when there is none. */
  readonly key: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly worker: number;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

function keep<T>(list: T[], one: T): void {
  list.push(one);
  if (list.length > KEPT) list.shift();
}
