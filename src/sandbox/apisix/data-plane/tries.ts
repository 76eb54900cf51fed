import { numberAt } from '../json';
import { type Balancer, retriesOf, type UpstreamNode } from './balancer';
import type { HealthChecks } from './health/health';
import type { Resource } from './health/resource';
import type { Decision } from './phases';
import { UpstreamTimeout } from './upstream';

/** How a try failed: its connection, or its time. */
export type Failure = 'tcp_failure' | 'timeout_failure';

export const failureOf = (error: unknown): Failure =>
  error instanceof UpstreamTimeout ? 'timeout_failure' : 'tcp_failure';

/** What became of a try: there is an answer (or nobody who waits for one), or it failed, sent or not. */
export type Outcome = 'over' | { readonly how: Failure; readonly sent: boolean };

/** All tries failed. */
export interface GivenUp {
  readonly status: number;
  /** Of each try, as `x-apisix-upstream-status` tells them. */
  readonly statuses: string;
  readonly sent: boolean;
}

export interface TriesParts {
  readonly balancer: Balancer;
  readonly health: HealthChecks;
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
}

/** Once it has been sent, nginx sends no other request to a second node: it might be carried out twice. */
export const REPEATABLE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'TRACE']);

/**
 * Tries one node after the other (`balancer.run`, and nginx' `proxy_next_upstream error timeout`). No answer is a
 * failure, whatever its status.
 * @param attempt gets what the tries before it came to.
 */
export async function tryNodes(
  resource: Resource,
  { method, way }: Pick<Decision, 'method' | 'way'>,
  { balancer, health, nowMs }: TriesParts,
  attempt: (node: UpstreamNode, before: readonly string[]) => Promise<Outcome>,
): Promise<GivenUp | undefined> {
  const checker = health.of(resource);
  const next = balancer.tries(resource, checker);
  const retries = retriesOf(resource.conf);
  const patience = numberAt(resource.conf, 'retry_timeout') ?? 0;
  const deadline = retries > 0 && patience > 0 ? nowMs() + patience * 1000 : Number.POSITIVE_INFINITY;
  const statuses: string[] = [];
  let again: (() => void) | undefined;

  for (let left = retries; ; left -= 1) {
    const isLate = again !== undefined && nowMs() > deadline;
    if (!isLate) again?.();
    const node = isLate ? undefined : next();
    // The try that found no node is in the list, too.
    if (!node) return { status: 502, statuses: `${statuses.join(', ')} :`, sent: true };

    way.node = node.host;
    if (checker) way.ended = (status) => checker.ended(node, status);
    const outcome = await attempt(node, statuses);
    if (outcome === 'over') return undefined;
    const status = outcome.how === 'timeout_failure' ? 504 : 502;
    statuses.push(String(status));
    if (left <= 0 || (outcome.sent && !REPEATABLE.has(method)))
      return { status, statuses: statuses.join(', '), sent: outcome.sent };
    again = () => checker?.failed(node, outcome.how);
  }
}
