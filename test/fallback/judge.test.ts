import { judgeFallback } from '../../src/fallback/judge';
import type { Subject } from '../../src/fallback/subject';
import { MEASURED, type Measured, subjectOf } from './recorded';

/** How it failed slowly wasn't measured. */
const UNMEASURED = ['both, fast failures alone'];

/** What it may be judged to be. A primary that never came back could not be made to fail in the other ways. */
function verdicts({ measured }: Measured): readonly string[] {
  const { always, refusedAtOnce, refused, failing, failingProbesWell, brokenProbesWell, tooMany } = measured;
  if (always) return ['never'];
  if (!measured.backFromRefused) return ['yes', 'partly'];
  const ways = [refusedAtOnce, refused, failing, failingProbesWell, brokenProbesWell];
  return [ways.every(Boolean) ? 'yes' : [...ways, tooMany].some(Boolean) ? 'partly' : 'never'];
}

const shown = MEASURED.filter(({ name }) => !UNMEASURED.includes(name)).map(
  (one) => [one.kind, one.name, one] as const,
);

describe('what is judged is what a real gateway did', () => {
  test.each(shown)('%s: %s', (_kind, _name, one) => {
    const { goesOver, comesBack, members } = judgeFallback(subjectOf(one), one.object);
    const { always, backFromRefused, backFromFailing } = one.measured;
    expect(verdicts(one)).toContain(goesOver);
    if (!always) expect(comesBack).toBe(backFromRefused && backFromFailing);
    if (goesOver !== 'never') expect([members.primary.length, members.fallbacks.length > 0]).toEqual([1, true]);
  });
});

const UPSTREAM: Subject = { kind: 'upstream', holder: 'upstreams', id: 'u' };
const PLUGIN: Subject = { kind: 'ai-proxy-multi', holder: 'routes', id: 'r' };
const nodes = [
  { host: '10.0.0.1', port: 11434, weight: 1 },
  { host: '10.0.0.2', port: 4000, weight: 1, priority: -1 },
];
const statuses = [500, 502, 503, 504];
const active = {
  http_path: '/api/version',
  healthy: { interval: 1 },
  unhealthy: { interval: 1, http_statuses: statuses },
};
const passive = { healthy: {}, unhealthy: { http_statuses: statuses } };
const checks = { active, passive };
const good = { type: 'roundrobin', nodes, checks };
const instances = [
  { name: 'p', priority: 1, weight: 1 },
  { name: 'f', priority: 0, weight: 1 },
];
const ai = (conf: object) => ({ plugins: { 'ai-proxy-multi': { instances, ...conf } } });
const BOTH = { fallback_strategy: ['http_5xx', 'http_429'] };

describe('findings', () => {
  test.each<[object: object, fallbacks: string[] | undefined, ...reasons: string[]]>([
    [good, undefined],
    [{ ...good, retries: 3, retry_timeout: 30, timeout: { connect: 2, send: 9, read: 9 } }, undefined],
    [{ ...good, nodes: [nodes[0]] }, undefined, 'no-fallback'],
    [{ ...good, nodes: [] }, undefined, 'no-fallback'],
    [{ ...good, nodes: { '10.0.0.1:1': 1, '10.0.0.2:1': 1 } }, undefined, 'same-priority'],
    [{ ...good, nodes: { '10.0.0.1:1': 1, '10.0.0.2:1': 1 } }, ['10.0.0.2:1'], 'same-priority'],
    [good, ['10.0.0.1:11434'], 'same-priority'],
    [good, ['10.0.0.1:11434', '10.0.0.2:4000'], 'no-primary'],
    [good, ['10.0.0.9:1', '10.0.0.2:4000'], 'unknown-fallback'],
    [{ ...good, nodes: [...nodes, { ...nodes[1], port: 1, weight: 0 }] }, undefined, 'weight-zero'],
    [{ type: 'roundrobin', service_name: 's', discovery_type: 'dns' }, undefined, 'discovery'],
    [{ ...good, type: 'chash', key: 'uri' }, undefined, 'untried-balancer'],
    [{ ...good, retry_timeout: 5 }, undefined, 'retry-timeout'],
    [{ ...good, retries: 0 }, undefined, 'no-retries'],
    [{ nodes, retries: 0 }, undefined, 'never-tried-again'],
    [{ nodes }, undefined, 'no-checks'],
    [{ ...good, checks: { active, passive: { unhealthy: { http_failures: 0 } } } }, undefined, 'no-passive'],
    [{ ...good, checks: { active, passive: { unhealthy: {} } } }, undefined, 'passive-statuses'],
    [{ ...good, checks: { active: { ...active, port: 1 }, passive } }, undefined, 'probe-port'],
    [{ ...good, checks: { active: { ...active, http_path: '/health' }, passive } }, undefined, 'probe-generates'],
    [{ ...good, checks: { active: { ...active, unhealthy: {} }, passive } }, undefined, 'probe-not-found'],
    [{ ...good, scheme: 'https' }, undefined, 'probe-scheme'],
    [{ ...good, scheme: 'https', checks: { active: { ...active, type: 'tcp' }, passive } }, undefined],
  ])('%j, fallbacks %j: %s', (object, fallbacks, ...reasons) => {
    const { findings, goesOver } = judgeFallback(UPSTREAM, object as object as { [key: string]: unknown }, {
      fallbacks,
    });
    expect(findings.map(({ reason }) => reason)).toEqual(reasons);
    const weights = findings.map(({ weight }) => weight);
    expect(goesOver).toBe(weights.includes('never') ? 'never' : weights.includes('partly') ? 'partly' : 'yes');
  });

  test.each<[object: object, ...reasons: string[]]>([
    [ai(BOTH)],
    [ai({}), 'no-strategy'],
    [ai({ fallback_strategy: 'http_5xx' }), 'no-429'],
    [ai({ fallback_strategy: 'http_429' }), 'no-5xx'],
    [ai({ fallback_strategy: 'instance_health_and_rate_limiting' }), 'no-strategy'],
    [ai({ ...BOTH, max_retries: 0 }), 'max-retries'],
    [ai({ ...BOTH, retry_on_failure_within_ms: 500 }), 'slow-failures'],
    [ai({ ...BOTH, balancer: { algorithm: 'semantic' } }), 'semantic-balancer'],
    [ai({ ...BOTH, balancer: { algorithm: 'chash' } }), 'untried-balancer'],
    [ai({ instances: [{ ...instances[0], checks: {} }, instances[1]] }), 'hidden-checks', 'checks-alone'],
    [{ uri: '/x' }, 'absent'],
  ])('%j: %s', (object, ...reasons) => {
    const found = judgeFallback(PLUGIN, object as { [key: string]: unknown }).findings;
    expect(found.map(({ reason }) => reason)).toEqual(reasons);
  });

  test('say which member is meant, and what to change', () => {
    const [found] = judgeFallback(UPSTREAM, good, { fallbacks: ['10.0.0.9:1', '10.0.0.2:4000'] }).findings;
    expect(found?.what).toMatch(/^10\.0\.0\.9:1: /);
    expect(found?.remedy).not.toBe('');
  });

  test('an upstream in a route or a service is judged as one of its own', () => {
    for (const holder of ['routes', 'services'] as const)
      expect(judgeFallback({ ...UPSTREAM, holder }, { id: 'u', upstream: good }).goesOver).toBe('yes');
    expect(judgeFallback({ ...UPSTREAM, holder: 'routes' }, { upstream_id: 'u' }).findings[0]?.reason).toBe('absent');
  });
});
