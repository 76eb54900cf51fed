import fc from 'fast-check';
import { configSchema, type RouteSelector, type ScopeConfig } from '../../../src/config/schema';
import { CANARY_ID, canaryPath, canaryRoute, withCanary } from '../../../src/cutters/apisix/canary';
import { chosen } from '../../../src/cutters/apisix/match';
import { routeOf } from '../../../src/cutters/apisix/route';

const token = 'c0ffee'.repeat(4);
const canary = routeOf({ id: CANARY_ID, ...canaryRoute({ token, streams: true }) });
const scopeOf = (...routes: RouteSelector[]): ScopeConfig => ({ routes, except: [{ id: 'spared' }], probes: [] });
const holders = (scopes: Record<string, ScopeConfig>, route = canary): string[] =>
  [...chosen(withCanary(scopes), [route])].flatMap(([name, held]) => (held.length > 0 ? [name] : []));

it('the canary is a scope of its own, and part of no other, whatever that one names', () => {
  const selector = fc.oneof(
    fc.constantFrom<RouteSelector>({ all: true }, { id: CANARY_ID }, { label: CANARY_ID }, { name: '*' }, { uri: '*' }),
    fc.constant<RouteSelector>({ uri: canaryPath({ token }), label: `${CANARY_ID}=${token}` }),
  );
  fc.assert(
    fc.property(fc.array(selector, { minLength: 1 }), (routes) => {
      // Without the exception they would hold it, all of them.
      expect(chosen({ agent: { routes, except: [] } }, [canary]).get('agent')).toHaveLength(1);
      expect(holders({ agent: scopeOf(...routes) })).toEqual(['drill']);
    }),
  );
});

it.each<[string, object]>([
  ['the label alone', { id: 'r1', labels: { [CANARY_ID]: 'x' }, uri: '/*' }],
  ['the id alone', { id: CANARY_ID, uri: '/*' }],
])('%s hides no route from a cut', (_what, value) =>
  expect(holders({ agent: scopeOf({ all: true }) }, routeOf(value as never))).toEqual(['agent']),
);

it('what a scope spares is spared still', () => {
  expect(holders({ agent: scopeOf({ all: true }) }, routeOf({ id: 'spared', uri: '/*' }))).toEqual([]);
});

it.each([true, false])(
  'its route bears the token, whether or not it streams (%j), and can be asked by HEAD',
  (streams) => {
    const route = canaryRoute({ token, streams });
    expect(route).toMatchObject({ uri: `/pullcord-drill/${token}`, methods: ['GET', 'HEAD'] });
    expect(JSON.stringify(route.plugins)).toContain(token);
    expect(JSON.stringify(route)).not.toContain('-token-');
  },
);

it('no configuration can name a scope as the canary is named', () => {
  const config = {
    ...{ publicUrl: 'https://pullcord.example.org', key: 'k', scopes: { drill: { routes: [{ all: true }] } } },
    gateways: { main: { adminUrl: 'http://127.0.0.1:1', adminKey: 'k', gatewayUrls: ['http://127.0.0.1:2'] } },
  };
  expect(configSchema.safeParse(config).success).toBe(false);
});
