import { type Apisix, startApisix } from '../../src/sandbox/apisix';
import { readChecks } from '../../src/sandbox/apisix/data-plane/health/checks';
import { type Counter, counted, type Health, NEW } from '../../src/sandbox/apisix/data-plane/health/target';
import { until } from '../support/until';
import { startUpstream } from '../support/upstream';
import { send } from './recorded/exchange';

/** As a real APISIX 3.18.0 counted, with `successes: 2`, `http_failures: 3`, `tcp_failures: 2`, `timeouts: 2`. */
const LIMITS: Counter = { success: 2, http_failure: 3, tcp_failure: 2, timeout_failure: 2 };
const SEEN = { s: 'success', h: 'http_failure', t: 'tcp_failure', o: 'timeout_failure' } as const;

const after = (letters: string): string => {
  const end = [...letters].reduce<Health>((health, letter) => {
    const seen = SEEN[letter as keyof typeof SEEN];
    return counted(health, seen, LIMITS[seen]);
  }, NEW);
  const { success, http_failure, tcp_failure, timeout_failure } = end.counter;
  return `${end.status} s${success} h${http_failure} t${tcp_failure} o${timeout_failure}`;
};

test.each<[seen: string, health: string]>([
  ['', 'healthy s0 h0 t0 o0'],
  ['sss', 'healthy s0 h0 t0 o0'],
  ['h', 'mostly_healthy s0 h1 t0 o0'],
  ['hh', 'mostly_healthy s0 h2 t0 o0'],
  ['hhh', 'unhealthy s0 h3 t0 o0'],
  ['hhhhh', 'unhealthy s0 h3 t0 o0'],
  ['hhs', 'mostly_healthy s1 h0 t0 o0'],
  ['hhshhshh', 'mostly_healthy s0 h2 t0 o0'],
  ['hhss', 'healthy s2 h0 t0 o0'],
  ['hht', 'mostly_healthy s0 h2 t1 o0'],
  ['htho', 'mostly_healthy s0 h2 t1 o1'],
  ['tt', 'unhealthy s0 h0 t2 o0'],
  ['oo', 'unhealthy s0 h0 t0 o2'],
  ['hhhs', 'mostly_unhealthy s1 h0 t0 o0'],
  ['hhhsh', 'mostly_unhealthy s0 h1 t0 o0'],
  ['hhhss', 'healthy s2 h0 t0 o0'],
  ['hhhssh', 'mostly_healthy s0 h1 t0 o0'],
])('%s is %s', (seen, health) => expect(after(seen)).toBe(health));

test('a limit of 0 counts nothing', () => expect(counted(NEW, 'http_failure', 0)).toBe(NEW));

test.each<[checks: object, up: number, down: number, counts: number]>([
  [{ active: {} }, 0, 0, 0],
  [{ active: { healthy: {} } }, 1, 0, 0],
  [{ active: { unhealthy: { interval: 7 } } }, 0, 7, 0],
  [{ active: { healthy: { interval: 3 }, unhealthy: {} }, passive: {} }, 3, 1, 0],
  [{ active: {}, passive: { unhealthy: {} } }, 0, 0, 3],
  [{ active: {}, passive: { healthy: { http_statuses: [200] }, unhealthy: { http_statuses: [500] } } }, 0, 0, 2],
])('%j probes each %d s what is up, each %d s what is down, and counts %d statuses', (checks, up, down, counts) => {
  const { active, passive } = readChecks(checks as Parameters<typeof readChecks>[0]);
  expect([active.intervals, passive.counts.size]).toEqual([{ up, down }, counts]);
});

describe('probes', () => {
  let apisix: Apisix;
  beforeEach(async () => {
    apisix = await startApisix({ checkSecondMs: 20 });
  });
  afterEach(() => apisix.close());

  const put = (path: string, conf: object) =>
    send(apisix.adminUrl, 'PUT', `/apisix/admin${path}`, { 'x-api-key': apisix.adminKey }, JSON.stringify(conf));

  test('are sent for an upstream with checks that had a request, and for no other', async () => {
    const upstreams = await Promise.all([startUpstream(), startUpstream(), startUpstream()]);
    const conf = (index: number) => ({ type: 'roundrobin', nodes: { [`127.0.0.1:${upstreams[index]?.port}`]: 1 } });
    const checks = { active: { http_path: '/probe', healthy: { interval: 1 } } };
    await put('/routes/checked', { uri: '/checked', upstream: { ...conf(0), checks } });
    await put('/routes/unasked', { uri: '/unasked', upstream: { ...conf(1), checks } });
    await put('/routes/plain', { uri: '/plain', upstream: conf(2) });
    await send(apisix.gatewayUrl, 'GET', '/checked');
    await send(apisix.gatewayUrl, 'GET', '/plain');
    await until(() => upstreams[0] && upstreams[0].requests.length > 5);
    const paths = upstreams.map(({ requests }) => [...new Set(requests.map(({ path }) => path))]);
    expect(paths).toEqual([['/checked', '/probe'], [], ['/plain']]);

    // Without its checks nobody asks any more, and what was known is not shown.
    await put('/routes/checked', { uri: '/checked', upstream: conf(0) });
    await until(async () => {
      const before = upstreams[0]?.requests.length;
      await new Promise((resolve) => setTimeout(resolve, 100));
      return upstreams[0]?.requests.length === before;
    });
    const { status } = await send(apisix.controlUrl, 'GET', '/v1/healthcheck/routes/checked');
    expect(status).toBe(404);
    await Promise.all(upstreams.map((upstream) => upstream.close()));
  });
});
