import { type Doc, docAt, isDoc, own } from '../cutters/apisix/document';
import { type Finding, finding } from './reasons';
import { type Members, membersOf, partOf, type Roles, type Subject } from './subject';

/** What becomes of requests when the primary fails, as far as the configuration tells. */
export interface Judgement {
  /** `yes`: on every failure. `partly`: on some, see the findings. */
  readonly goesOver: 'yes' | 'partly' | 'never';
  /** Whether the primary is used again when it is well. */
  readonly comesBack: boolean;
  readonly findings: readonly Finding[];
  readonly members: Members;
}

/** @param object that holds the subject, as the Admin API's GET answers it. */
export function judgeFallback(subject: Subject, object: Doc, roles: Roles = {}): Judgement {
  const part = partOf(subject, object);
  if (!part) return judgement([finding('absent')], { primary: [], fallbacks: [], unknown: [] });
  const members = membersOf(subject, part, roles);
  const findings = [
    ...memberFindings(members),
    ...(subject.kind === 'upstream' ? ofUpstream : ofPlugin)(part, members),
  ];
  if (own(part, 'service_name') !== undefined) return judgement([finding('discovery')], members);
  return judgement(findings, members);
}

function judgement(findings: readonly Finding[], members: Members): Judgement {
  const has = (weight: Finding['weight']): boolean => findings.some((one) => one.weight === weight);
  return {
    goesOver: has('never') ? 'never' : has('partly') ? 'partly' : 'yes',
    comesBack: !has('stays'),
    findings,
    members,
  };
}

function memberFindings({ primary, fallbacks, unknown }: Members): Finding[] {
  const found = unknown.map((name) => finding('unknown-fallback', name));
  if (fallbacks.length === 0) return [...found, finding(primary.length > 1 ? 'same-priority' : 'no-fallback')];
  if (primary.length === 0) return [...found, finding('no-primary')];
  const lowest = Math.min(...primary.map(({ priority }) => priority));
  for (const { name, priority, weight } of fallbacks) {
    if (priority >= lowest) found.push(finding('same-priority', name));
    const beside = fallbacks.some((other) => other.priority === priority && other.weight > 0);
    if (weight === 0 && beside) found.push(finding('weight-zero', name));
  }
  return found;
}

const numberAt = (doc: Doc, key: string): number | undefined => {
  const value = own(doc, key);
  return typeof value === 'number' ? value : undefined;
};
const listAt = (doc: Doc, key: string): readonly unknown[] | undefined => {
  const value = own(doc, key);
  return Array.isArray(value) ? value : undefined;
};

/** Of nginx, in seconds. */
const CONNECT_SECONDS = 60;

function ofUpstream(upstream: Doc, members: Members): Finding[] {
  const found: Finding[] = [];
  if ((own(upstream, 'type') ?? 'roundrobin') !== 'roundrobin') found.push(finding('untried-balancer'));
  const patience = numberAt(upstream, 'retry_timeout') ?? 0;
  const connect = numberAt(docAt(upstream, 'timeout'), 'connect') ?? CONNECT_SECONDS;
  const isTriedAgain = numberAt(upstream, 'retries') !== 0;
  if (isTriedAgain && patience > 0 && patience <= connect) found.push(finding('retry-timeout'));
  if (!isDoc(own(upstream, 'checks'))) return [...found, finding(isTriedAgain ? 'no-checks' : 'never-tried-again')];
  if (!isTriedAgain) found.push(finding('no-retries'));
  return [...found, ...ofChecks(upstream, members)];
}

function ofChecks(upstream: Doc, { primary, fallbacks }: Members): Finding[] {
  const found: Finding[] = [];
  const [active, passive] = [docAt(docAt(upstream, 'checks'), 'active'), docAt(docAt(upstream, 'checks'), 'passive')];
  // An object that is left out is not filled in: the library's interval is 0 then.
  if (!isDoc(own(active, 'healthy'))) found.push(finding('no-active-healthy'));
  if (!isDoc(own(active, 'unhealthy'))) found.push(finding('no-active-unhealthy'));

  const seen = docAt(passive, 'unhealthy');
  const statuses = listAt(seen, 'http_statuses');
  if (!isDoc(own(passive, 'unhealthy')) || numberAt(seen, 'http_failures') === 0) found.push(finding('no-passive'));
  else if (![502, 504].every((status) => statuses?.includes(status))) found.push(finding('passive-statuses'));

  if (own(active, 'port') !== undefined) {
    const hosts = (members: Members['primary']): string[] => members.map(({ name }) => name.replace(/:\d+$/, ''));
    const shared = hosts(primary).some((host) => hosts(fallbacks).includes(host));
    found.push(finding(shared ? 'shared-probe-port' : 'probe-port'));
  }
  const type = own(active, 'type') ?? 'http';
  if (own(upstream, 'scheme') === 'https' && type === 'http') found.push(finding('probe-scheme'));
  if (type === 'tcp') return found;
  if (own(active, 'http_path') === '/health') found.push(finding('probe-generates'));
  if (listAt(docAt(active, 'unhealthy'), 'http_statuses')?.includes(404) ?? true)
    found.push(finding('probe-not-found'));
  return found;
}

function ofPlugin(plugin: Doc, { primary }: Members): Finding[] {
  const found: Finding[] = [];
  const algorithm = own(docAt(plugin, 'balancer'), 'algorithm') ?? 'roundrobin';
  if (algorithm === 'semantic') return [finding('semantic-balancer')];
  if (algorithm !== 'roundrobin') found.push(finding('untried-balancer'));
  const strategies = [own(plugin, 'fallback_strategy') ?? []].flat();
  const checked = (listAt(plugin, 'instances') ?? []).filter(
    (one) => isDoc(one) && own(one, 'checks') !== undefined && primary.some(({ name }) => name === one.name),
  );
  if (checked.length > 0) found.push(finding('hidden-checks'));
  const sendsOn = ['http_5xx', 'http_429'].filter((name) => strategies.includes(name));
  if (sendsOn.length === 0) return [...found, finding(checked.length > 0 ? 'checks-alone' : 'no-strategy')];
  if (sendsOn.length === 1) found.push(finding(sendsOn[0] === 'http_5xx' ? 'no-429' : 'no-5xx'));
  if (numberAt(plugin, 'max_retries') === 0) found.push(finding('max-retries'));
  if (numberAt(plugin, 'retry_on_failure_within_ms') !== undefined) found.push(finding('slow-failures'));
  return found;
}
