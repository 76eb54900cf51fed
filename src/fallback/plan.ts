import { type Doc, docAt, own, without } from '../cutters/apisix/document';
import { mergePatch } from '../cutters/apisix/merge-patch';
import { listOf, membersOf, nameOf, partOf, patchOf, type Roles, type Subject } from './subject';
import type { Written } from './write';

/** What the gateway's checks are to count. A window of time is not among it: that is the watcher's. */
export interface Wishes {
  /** In a row, of requests or probes, until the gateway leaves the primary. 1 to 254. */
  readonly failures?: number;
  /** Seconds between two probes. */
  readonly intervalSeconds?: number;
  /** What the probes ask for. Left out: what they ask for now, or `/`. */
  readonly probePath?: string | undefined;
}

const STANDARD = { failures: 3, intervalSeconds: 1 } as const;
/** With which a request ends that the primary failed, broke off or took too long over. */
const FAILURES = [500, 502, 503, 504];
/** Probes that say so in a row bring the primary back. */
const SUCCESSES = 2;

/**
 * The upstream, or the plugin's configuration, that does fail over, made of the one that is there: what it has beside
 * stays. Undefined where there is nothing to make it of: no such part, discovery, or no fallback among its members.
 */
export function planFallback(subject: Subject, object: Doc, roles: Roles = {}, wishes: Wishes = {}): Doc | undefined {
  const part = partOf(subject, object);
  if (!part || own(part, 'service_name') !== undefined) return undefined;
  const { primary, fallbacks, unknown } = membersOf(subject, part, roles);
  if (primary.length === 0 || fallbacks.length === 0 || unknown.length > 0) return undefined;
  return subject.kind === 'upstream' ? upstreamPlan(part, subject, roles, wishes) : pluginPlan(part, subject, roles);
}

/** The write that makes the plan of what is there. Its document may hold keys of providers: for no log. */
export function planWrite(subject: Subject, object: Doc, plan: Doc): Written {
  const patch = mergePatch(partOf(subject, object) ?? {}, plan);
  if (Object.keys(patch).length === 0) return { kind: 'nothing' };
  return { kind: 'write', write: { path: `${subject.holder}/${subject.id}`, patch: patchOf(subject, patch) } };
}

function upstreamPlan(part: Doc, subject: Subject, roles: Roles, wishes: Wishes): Doc {
  const { failures = STANDARD.failures, intervalSeconds: interval = STANDARD.intervalSeconds } = wishes;
  const checks = docAt(part, 'checks');
  const { active, passive } = { active: docAt(checks, 'active'), passive: docAt(checks, 'passive') };
  const isSecure = own(part, 'scheme') === 'https' && (own(active, 'type') ?? 'http') === 'http';
  const path = wishes.probePath ?? own(active, 'http_path');
  return {
    ...without(part, 'retries', 'retry_timeout'),
    nodes: inOrder(subject, part, roles),
    checks: {
      ...checks,
      active: {
        ...without(active, 'port'),
        ...(isSecure ? { type: 'https' } : {}),
        ...(path === undefined ? {} : { http_path: path }),
        healthy: { successes: SUCCESSES, ...docAt(active, 'healthy'), interval },
        unhealthy: {
          tcp_failures: failures,
          timeouts: failures,
          ...docAt(active, 'unhealthy'),
          ...{ interval, http_failures: failures, http_statuses: [429, ...FAILURES] },
        },
      },
      passive: {
        ...passive,
        healthy: { successes: SUCCESSES, ...docAt(passive, 'healthy') },
        unhealthy: {
          tcp_failures: failures,
          timeouts: failures,
          ...docAt(passive, 'unhealthy'),
          ...{ http_failures: failures, http_statuses: FAILURES },
        },
      },
    },
  };
}

function pluginPlan(part: Doc, subject: Subject, roles: Roles): Doc {
  const byPrompt = own(docAt(part, 'balancer'), 'algorithm') === 'semantic';
  return {
    ...without(part, 'max_retries', 'retry_on_failure_within_ms', ...(byPrompt ? ['balancer'] : [])),
    instances: inOrder(subject, part, roles),
    fallback_strategy: ['http_5xx', 'http_429'],
  };
}

/** Puts the fallbacks behind the primary, where they are not, and gives them a weight. */
function inOrder(subject: Subject, part: Doc, roles: Roles): readonly Doc[] {
  const { primary, fallbacks } = membersOf(subject, part, roles);
  const lowest = Math.min(...primary.map(({ priority }) => priority));
  return listOf(subject, part).map((item) => {
    const fallback = fallbacks.find(({ name }) => name === nameOf(subject, part, item));
    if (!fallback) return item;
    return { ...item, weight: fallback.weight || 1, priority: Math.min(fallback.priority, lowest - 1) };
  });
}
