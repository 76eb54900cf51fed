/** LiteLLM's metrics as 1.81.15 defines them, as far as the sandbox moves them. */

const KEY_LABELS = ['api_key_alias', 'hashed_api_key', 'end_user', 'team', 'team_alias', 'user', 'user_email'];
const CLIENT_LABELS = ['client_ip', 'user_agent'];
const MODEL_LABELS = ['model', 'model_id'];
const OF_KEY = ['api_key_alias', 'hashed_api_key'];

interface Definition {
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  readonly labels: readonly string[];
}

const counter = (help: string, ...labels: string[]): Definition => ({ type: 'counter', help, labels });
const gauge = (help: string, ...labels: string[]): Definition => ({ type: 'gauge', help, labels });

export const FAMILIES = {
  litellm_proxy_failed_requests_metric: counter(
    'Total number of failed responses from proxy - the client did not get a success response from litellm proxy',
    ...KEY_LABELS,
    ...CLIENT_LABELS,
    ...['exception_class', 'exception_status', 'model_id', 'requested_model', 'route'],
  ),
  litellm_proxy_total_requests_metric: counter(
    'Total number of requests made to the proxy server - track number of client side requests',
    ...KEY_LABELS,
    ...CLIENT_LABELS,
    ...['model_id', 'requested_model', 'route', 'status_code'],
  ),
  litellm_spend_metric: counter('Total spend on LLM requests', ...KEY_LABELS, ...CLIENT_LABELS, ...MODEL_LABELS),
  litellm_total_tokens_metric: counter(
    'Total number of input + output tokens from LLM requests',
    ...KEY_LABELS,
    ...MODEL_LABELS,
    'requested_model',
  ),
  litellm_input_tokens_metric: counter(
    'Total number of input tokens from LLM requests',
    ...KEY_LABELS,
    ...MODEL_LABELS,
    'requested_model',
  ),
  litellm_output_tokens_metric: counter(
    'Total number of output tokens from LLM requests',
    ...KEY_LABELS,
    ...MODEL_LABELS,
    'requested_model',
  ),
  litellm_requests_metric: counter(
    'deprecated - use litellm_proxy_total_requests_metric. Total number of LLM calls to litellm - track total per API Key, team, user',
    ...KEY_LABELS,
    ...CLIENT_LABELS,
    ...MODEL_LABELS,
  ),
  litellm_remaining_api_key_budget_metric: gauge('Remaining budget for api key', ...OF_KEY),
  litellm_api_key_max_budget_metric: gauge('Maximum budget set for api key', ...OF_KEY),
  litellm_api_key_budget_remaining_hours_metric: gauge('Remaining hours for api key budget to be reset', ...OF_KEY),
} as const satisfies Record<string, Definition>;

export type FamilyName = keyof typeof FAMILIES;

/** What an unlicensed LiteLLM of 1.48 to 1.79 shows in place of all that. */
export const NOT_PREMIUM = {
  name: 'litellm_not_a_premium_user_metric',
  help: '🚨🚨🚨 Prometheus Metrics is on LiteLLM Enterprise. 🚨 You must be a LiteLLM Enterprise user to use this feature. If you have a license please set `LITELLM_LICENSE` in your env. Get a 7 day trial key here: https://www.litellm.ai/#trial. \\nPricing: https://www.litellm.ai/#pricing',
};
