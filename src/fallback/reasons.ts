/** Why something that is configured doesn't fail over, or not as one would think; each as measured on APISIX 3.18.0. */
export type Reason = keyof typeof REASONS;

/**
 * `never`: the fallback takes no request, or takes them all the time. `partly`: it takes over for some failures and not for
 * others. `stays`: it isn't left again. `hint`: works, and has a catch.
 */
export type Weight = 'never' | 'partly' | 'stays' | 'hint';

export interface Finding {
  readonly reason: Reason;
  readonly weight: Weight;
  /** What happens. */
  readonly what: string;
  /** What to change. */
  readonly remedy: string;
}

const row = (weight: Weight, what: string, remedy: string) => ({ weight, what, remedy });

const REASONS = {
  absent: row('never', 'there is no upstream and no ai-proxy-multi in it', 'name the object that holds it'),
  discovery: row('never', 'its nodes come from service discovery, without priorities', 'write the nodes into it'),
  'no-fallback': row('never', 'there is no fallback', 'add it as a node with a lower priority than the primary'),
  'no-primary': row('never', 'all of them are named as fallbacks', 'name what takes the place of something else alone'),
  'unknown-fallback': row('never', 'a fallback that is named is not in it', 'correct the name, or add it'),
  'same-priority': row(
    'never',
    'a fallback has the priority of the primary, or a higher one: it takes requests all the time',
    'give the fallback a lower priority; nodes need to be a list for that',
  ),
  'weight-zero': row(
    'hint',
    'a fallback has no weight beside others of its priority: it takes requests only when they are down',
    'give it a weight of 1',
  ),
  'semantic-balancer': row(
    'never',
    'the balancer chooses by the prompt: priorities, checks and the strategy play no part',
    'use roundrobin',
  ),
  'untried-balancer': row('hint', 'failover was seen with roundrobin alone', 'use roundrobin, or try it'),
  'no-retries': row(
    'partly',
    'retries: 0: a request that the primary refuses is lost, until the checks have noticed',
    'leave retries out',
  ),
  'never-tried-again': row('never', 'there are neither retries nor checks', 'leave retries out and add checks'),
  'retry-timeout': row(
    'partly',
    'retry_timeout is over before timeout.connect is: a primary that does not answer at all is not followed by a second try',
    'set timeout.connect below retry_timeout, or leave retry_timeout out',
  ),
  'no-checks': row(
    'partly',
    'without checks only refused connections fail over: a 5xx, a time-out or a connection that breaks off (of a POST) goes to the client',
    'add checks, active and passive',
  ),
  'no-active-healthy': row(
    'partly',
    'checks.active has no healthy: a primary that is up is never probed',
    'add checks.active.healthy with an interval',
  ),
  'no-active-unhealthy': row(
    'stays',
    'checks.active has no unhealthy: a primary that is down is never probed, and so never comes back',
    'add checks.active.unhealthy with an interval',
  ),
  'no-passive': row(
    'partly',
    'what requests come to is not counted (checks.passive.unhealthy): a primary whose probe answers and whose requests fail is never left',
    'add checks.passive with unhealthy and healthy',
  ),
  'passive-statuses': row(
    'partly',
    'checks.passive.unhealthy.http_statuses lacks 502 or 504, with which a POST ends that broke off or took too long',
    'use [500, 502, 503, 504]',
  ),
  'shared-probe-port': row(
    'partly',
    'checks.active.port sends the probes of primary and fallback to one and the same address: both are down together, and then the primary is used; refused connections alone fail over',
    'leave checks.active.port out',
  ),
  'probe-port': row(
    'hint',
    'checks.active.port holds for the fallback, too: where nothing listens on it, the fallback counts as down',
    'leave checks.active.port out, or see that both listen there',
  ),
  'probe-generates': row(
    'hint',
    "/health of LiteLLM asks every model for tokens: each probe costs money, the fallback's too",
    'use /health/liveliness, or /api/version of Ollama',
  ),
  'probe-scheme': row(
    'partly',
    'the upstream is https and the probes are not: they fail or say nothing',
    'set checks.active.type to https, or tcp',
  ),
  'probe-not-found': row(
    'hint',
    'the probe goes to the fallback, too, and a 404 counts as a failure: where the fallback does not have that path it is down, and then the primary is used',
    'list the statuses in checks.active.unhealthy.http_statuses, without 404',
  ),
  'no-strategy': row(
    'never',
    'without a fallback_strategy of http_5xx no failure sends a request to the next instance',
    'set fallback_strategy: ["http_5xx", "http_429"]',
  ),
  'checks-alone': row(
    'partly',
    'without a fallback_strategy of http_5xx the checks of the instances alone decide: failures of requests are not counted, and reach the client',
    'set fallback_strategy: ["http_5xx", "http_429"]',
  ),
  'no-5xx': row('partly', 'a 429 alone sends a request to the next instance', 'add http_5xx to fallback_strategy'),
  'no-429': row('hint', 'a primary that answers 429 is not left', 'add http_429 to fallback_strategy'),
  'max-retries': row('never', 'max_retries: 0 allows no second instance', 'leave max_retries out'),
  'slow-failures': row(
    'partly',
    'retry_on_failure_within_ms: a primary that fails more slowly is not left',
    'leave it out, or set it above timeout',
  ),
  'hidden-checks': row(
    'hint',
    "the Control API doesn't show the checks of instances: Pullcord can't read them",
    'let Pullcord probe the primary by itself',
  ),
} as const;

/** @param which names what it is about, where that isn't the whole. */
export function finding(reason: Reason, which?: string): Finding {
  const { weight, what, remedy } = REASONS[reason];
  return { reason, weight, what: which === undefined ? what : `${which}: ${what}`, remedy };
}
