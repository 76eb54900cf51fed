import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Completion, streamCompletion, wholeCompletion } from './completion';
import { type Answer, problem } from './exchange';
import { hashToken, type KeyRow, type Keys } from './keys';
import type { Labels, Metrics } from './metrics';
import type { SandboxLiteLLMOptions } from './options';

/** One request, as the worker that has it sees it. */
export interface Call {
  readonly method: string;
  /** From the bearer token; empty when there is none. */
  readonly key: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly worker: number;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

interface Context {
  readonly settings: Required<SandboxLiteLLMOptions>;
  readonly keys: Keys;
  readonly metrics: Metrics;
  readonly onStart: (completion: Completion) => void;
}

/** `POST /v1/chat/completions`. Undefined: the answer is under way. */
export function chat(call: Call, { settings, keys, metrics, onStart }: Context): Answer | undefined {
  const { key, body, worker, request, response } = call;
  const hash = hashToken(key);
  const row = keys.row(hash);
  const labels = {
    api_key_alias: row?.key_alias ?? 'None',
    hashed_api_key: hash,
    team: row?.team_id ?? 'None',
    client_ip: request.socket.remoteAddress ?? 'None',
    user_agent: request.headers['user-agent'] ?? 'None',
    user: key === settings.masterKey ? 'default_user_id' : 'None',
    route: '/v1/chat/completions',
    model: settings.model,
    model_id: hashToken(settings.model),
    requested_model: typeof body.model === 'string' ? body.model : settings.model,
  };
  const refuse = (message: string, type: string, status = 401): Answer => {
    const failed = { ...labels, api_key_alias: 'None', client_ip: 'None', user_agent: 'None', model_id: 'None' };
    metrics.add('litellm_proxy_failed_requests_metric', { ...failed, exception_class: 'Exception' }, 1);
    metrics.add('litellm_proxy_total_requests_metric', failed, 1);
    return problem(status, message, type);
  };
  if (row === undefined && key !== settings.masterKey)
    return refuse(
      `Authentication Error, Invalid proxy server token passed. Received API Key = sk-...${key.slice(-4)}, Key Hash (Token) =${hash}. Unable to find token in cache or \`LiteLLM_VerificationTokenTable\``,
      'token_not_found_in_db',
    );
  if (keys.isBlocked(hash, worker))
    return refuse("Authentication Error, Key is blocked. Update via `/key/unblock` if you're admin.", 'auth_error');
  if (row !== undefined && row.max_budget !== null && row.spend >= row.max_budget)
    return refuse(
      `Budget has been exceeded! Current cost: ${row.spend}, Max budget: ${row.max_budget}`,
      'budget_exceeded',
      400,
    );

  const completion: Completion = { key: hash, stream: body.stream === true, startedAt: performance.now(), tokens: 0 };
  onStart(completion);
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
    const charged = keys.row(hash);
    if (charged !== undefined) charged.spend += spend;
    metrics.add('litellm_proxy_total_requests_metric', { ...labels, status_code: '200' }, 1);
    metrics.add('litellm_requests_metric', labels, 1);
    metrics.add('litellm_spend_metric', labels, spend);
    metrics.add('litellm_input_tokens_metric', labels, promptTokens);
    metrics.add('litellm_output_tokens_metric', labels, completion.tokens);
    metrics.add('litellm_total_tokens_metric', labels, promptTokens + completion.tokens);
    showBudget(metrics, labels, charged);
  });
  return undefined;
}

/** LiteLLM sets these after each request. Without a budget what remains is endless. */
function showBudget(metrics: Metrics, labels: Labels, row: KeyRow | undefined): void {
  const { max_budget: max = null, budget_reset_at: reset = null, spend = 0 } = row ?? {};
  metrics.set('litellm_remaining_api_key_budget_metric', labels, max === null ? Number.POSITIVE_INFINITY : max - spend);
  if (max === null) return;
  metrics.set('litellm_api_key_max_budget_metric', labels, max);
  if (reset === null) return;
  const hours = (Date.parse(reset) - Date.now()) / 3_600_000;
  metrics.set('litellm_api_key_budget_remaining_hours_metric', labels, hours);
}
