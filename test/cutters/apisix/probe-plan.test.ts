import fc from 'fast-check';
import type { Doc } from '../../../src/cutters/apisix/document';
import { planProbes, spread } from '../../../src/cutters/apisix/probe-plan';
import { routeOf } from '../../../src/cutters/apisix/route';

const services = new Map<string, Doc>([['s1', { id: 's1', hosts: ['svc.example.org', 'b.example.org'] }]]);
const plan = (route: Doc) => planProbes([routeOf({ id: 'r1', ...route }, services)]);

test.each<[route: Doc, request: string]>([
  [{ uri: '/v1/models' }, 'HEAD /v1/models'],
  [{ uri: '/*' }, 'HEAD /pullcord-probe'],
  [{ uri: '/v1/*' }, 'HEAD /v1/pullcord-probe'],
  [{ uri: '/v1*' }, 'HEAD /v1pullcord-probe'],
  [{ uri: '/a/*/b' }, 'HEAD /a/pullcord-probe/b'],
  [{ uri: '/user/:id' }, 'HEAD /user/:id'],
  [{ uris: ['/first', '/second'] }, 'HEAD /first'],
  [{ uri: '/with space?and#more' }, 'HEAD /with%20space%3Fand%23more'],
  [{ uri: '/100%' }, 'HEAD /100%25'],
  [{ uri: '*' }, 'HEAD /pullcord-probe'],
  [{ uri: '/a', host: 'api.example.org' }, 'HEAD /a api.example.org'],
  [{ uri: '/a', hosts: ['*.example.org', 'x.example.org'] }, 'HEAD /a pullcord-probe.example.org'],
  [{ uri: '/a', host: '*' }, 'HEAD /a'],
  [{ uri: '/a', service_id: 's1' }, 'HEAD /a svc.example.org'],
  [{ uri: '/a', service_id: 's1', host: 'own.example.org' }, 'HEAD /a own.example.org'],
  [{ uri: '/a', service_id: 'gone' }, 'HEAD /a'],
  [{ uri: '/a', methods: ['POST', 'HEAD'] }, 'HEAD /a'],
  [{ uri: '/a', methods: ['POST', 'GET'] }, 'GET /a'],
  [{ uri: '/a', methods: ['GET', 'OPTIONS'] }, 'OPTIONS /a'],
  [{ uri: '/a', methods: ['DELETE', 'POST'] }, 'POST /a'],
  [{ uri: '/a', methods: [] }, 'HEAD /a'],
  [{ uri: '/a', vars: [] }, 'HEAD /a'],
])('%j is asked %s', (route, request) => {
  const { targets, blind } = plan(route);
  expect(blind).toEqual([]);
  expect(targets.map(({ method, path, host }) => [method, path, ...(host ? [host] : [])].join(' '))).toEqual([request]);
});

test.each<Doc>([
  { uri: '/a', vars: [['http_x', '==', '1']] },
  { uri: '/a', remote_addr: '10.0.0.1' },
  { uri: '/a', remote_addrs: ['10.0.0.0/8'] },
  { uri: '/a', filter_func: 'function(vars) return true end' },
  { uri: '/a', methods: ['CONNECT'] },
  { plugins: {} },
])('%j can not be derived', (route) => expect(plan(route)).toEqual({ targets: [], blind: ['r1'] }));

test('a route that is switched off is not asked: another would answer in its place', () => {
  expect(plan({ uri: '/a', status: 0 })).toEqual({ targets: [], blind: [] });
});

test('configured probes stand for the whole scope', () => {
  const probe = { path: '/x', method: 'GET' as const, headers: { 'x-a': '1' } };
  expect(planProbes([routeOf({ id: 'r1', uri: '/a', vars: [['a', '==', 'b']] })], [probe])).toEqual({
    targets: [probe],
    blind: [],
  });
});

test('a spread is as many as there may be, each once, from the first on', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer()), fc.integer({ min: 1, max: 20 }), (items, most) => {
      const some = spread(items, most);
      expect(some.length).toBe(Math.min(items.length, most));
      expect(new Set(some).size).toBe(some.length);
      expect(some.every((item) => items.includes(item))).toBe(true);
      if (items.length > 0) expect(some[0]).toBe(items[0]);
    }),
  );
});
