import fc from 'fast-check';
import type { RouteSelector } from '../../../src/config/schema';
import { globMatches } from '../../../src/cutters/apisix/glob';
import { chooses, chosen } from '../../../src/cutters/apisix/match';
import { routeOf } from '../../../src/cutters/apisix/route';

const route = routeOf({
  id: 'r1',
  name: 'openai-chat',
  uris: ['/v1/chat/*', '/v1/models'],
  labels: { agent: 'claw', 'a=b': 'c' },
  service_id: 7,
});

test.each<[RouteSelector, boolean]>([
  [{ all: true }, true],
  [{ id: 'r1' }, true],
  [{ id: 'r' }, false],
  [{ id: 'r*' }, false],
  [{ name: 'openai-chat' }, true],
  [{ name: 'openai-*' }, true],
  [{ name: 'OpenAI-*' }, false],
  [{ label: 'agent' }, true],
  [{ label: 'agent=claw' }, true],
  [{ label: 'agent=cla' }, false],
  [{ label: 'agent=' }, false],
  [{ label: 'claw' }, false],
  [{ label: 'a=b' }, true],
  [{ label: 'constructor' }, false],
  [{ uri: '/v1/models' }, true],
  [{ uri: '/v1/*' }, true],
  [{ uri: '/v1/chat/*' }, true],
  [{ uri: '/v2/*' }, false],
  [{ service: '7' }, true],
  [{ service: '8' }, false],
  [{ label: 'agent', uri: '/v1/*' }, true],
  [{ label: 'agent', uri: '/v2/*' }, false],
  [{ all: true, id: 'r2' }, false],
])('%j chooses it: %s', (selector, expected) => {
  expect(chooses({ routes: [selector], except: [] }, route)).toBe(expected);
  expect(chooses({ routes: [{ all: true }], except: [selector] }, route)).toBe(!expected);
});

test('a route without a name or a service matches no pattern of them', () => {
  const bare = routeOf({ id: 'r2', uri: '/' });
  expect(chooses({ routes: [{ name: '*' }, { service: 'undefined' }], except: [] }, bare)).toBe(false);
});

test('the routes by scope, overlapping ones in each', () => {
  const other = routeOf({ id: 'r2', uri: '/other' });
  const scopes = {
    agent: { routes: [{ all: true as const }], except: [] },
    llm: { routes: [{ uri: '/v1/*' }], except: [] },
    none: { routes: [{ id: 'nobody' }], except: [] },
  };
  const ids = [...chosen(scopes, [route, other])].map(([scope, routes]) => [scope, routes.map(({ id }) => id)]);
  expect(ids).toEqual([
    ['agent', ['r1', 'r2']],
    ['llm', ['r1']],
    ['none', []],
  ]);
});

test('a glob is what the regular expression of it is', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '.', '/'), maxLength: 8 });
  const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '.', '/', '*', '*'), maxLength: 6 });
  const escaped = (glob: string): RegExp =>
    new RegExp(`^${glob.replace(/[.*+?^${}()|[\]\\]/g, (c) => (c === '*' ? '[^]*' : `\\${c}`))}$`);
  fc.assert(
    fc.property(pattern, text, (p, t) => expect(globMatches(p, t)).toBe(escaped(p).test(t))),
    { numRuns: 2_000 },
  );
});

test('a glob made to be slow is not', () => {
  const began = performance.now();
  expect(globMatches(`${'*a'.repeat(50)}b`, 'a'.repeat(100_000))).toBe(false);
  expect(performance.now() - began).toBeLessThan(500);
});
