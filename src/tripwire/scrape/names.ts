import type { Usage } from '../reading';

/**
 * LiteLLM's metrics, by what they mean. Where there are several names, the first that a key and model has is taken, and
 * never two added up: `_metric_total` is of today, `_total` up to 1.74, and without `_total` what passed through a
 * collector that takes it away. Source: litellm/integrations/prometheus.py, 1.63 to 1.110.
 */
export const COUNTERS = {
  spendUsd: ['litellm_spend_metric_total', 'litellm_spend_metric'],
  promptTokens: [
    'litellm_input_tokens_metric_total',
    'litellm_input_tokens_metric',
    'litellm_input_tokens_total',
    'litellm_input_tokens',
  ],
  completionTokens: [
    'litellm_output_tokens_metric_total',
    'litellm_output_tokens_metric',
    'litellm_output_tokens_total',
    'litellm_output_tokens',
  ],
  totalTokens: [
    'litellm_total_tokens_metric_total',
    'litellm_total_tokens_metric',
    'litellm_total_tokens_total',
    'litellm_total_tokens',
  ],
} as const satisfies Record<keyof Usage | 'totalTokens', readonly string[]>;

export type Quantity = keyof typeof COUNTERS;

export const REQUESTS = ['litellm_proxy_total_requests_metric_total', 'litellm_proxy_total_requests_metric'] as const;
export const FAILURES = ['litellm_proxy_failed_requests_metric_total', 'litellm_proxy_failed_requests_metric'] as const;
/** Before there was `REQUESTS`: answered calls alone. */
export const CALLS = ['litellm_requests_metric_total', 'litellm_requests_metric'] as const;

/** Gauges. The hours are until the budget begins anew. */
export const KEY_BUDGET = {
  litellm_api_key_max_budget_metric: 'max',
  litellm_remaining_api_key_budget_metric: 'remaining',
  litellm_api_key_budget_remaining_hours_metric: 'hours',
} as const;
export const TEAM_BUDGET = {
  litellm_team_max_budget_metric: 'max',
  litellm_remaining_team_budget_metric: 'remaining',
  litellm_team_budget_remaining_hours_metric: 'hours',
} as const;

/** Gauges that are there before the first request: with a `pid` where several workers add up their counters. */
export const EARLY = /^litellm_(?:total_users|teams_count|in_flight_requests)$/;
export const PID: ReadonlySet<string> = new Set(['pid']);
export const START_TIME = 'process_start_time_seconds';
/** When a series of spend began, to the microsecond: no two workers have one in common. */
export const CREATED = 'litellm_spend_metric_created';
export const NOT_PREMIUM = /^litellm_not_a_premium_user_metric/;

/** All labels that are looked at; the rest is summed over. */
export const LABELS: ReadonlySet<string> = new Set([
  'hashed_api_key',
  'api_key_alias',
  'team',
  'team_alias',
  'model',
  'status_code',
  'route',
  'pid',
]);

/** Routes whose answers have tokens. Without the label, all count. */
export const TOKEN_ROUTE = /completions$|messages$|responses$|embeddings$|generatecontent$/i;

/** What LiteLLM is asked to show, and nothing else: all samples that anything is made of. */
export const ASKED_FOR: readonly string[] = [
  ...Object.values(COUNTERS).flat(),
  ...[...REQUESTS, ...FAILURES, ...CALLS],
  ...[...Object.keys(KEY_BUDGET), ...Object.keys(TEAM_BUDGET)],
  ...[START_TIME, CREATED],
];
