import fc from 'fast-check';
import type { Doc } from '../../../src/cutters/apisix/document';
import { merge } from '../../../src/sandbox/apisix/admin/merge';
import type { JsonObject } from '../../../src/sandbox/apisix/json';
import type { ToyApisix } from '../gateway/apisix';
import { routes, type World } from '../world';
import { Command } from './command';

const CLAMP = 'global_rules/pullcord-clamp';

type Change = (gateway: ToyApisix, expected: Map<string, Doc>, route: string) => void;

/** What others do behind Pullcord's back, and what they may expect of it. */
const changes: Readonly<Record<string, Change>> = {
  'deletes the clamp': (gateway) => gateway.remove(CLAMP),
  'empties the clamp': (gateway) =>
    gateway.merge(CLAMP, {
      plugins: { 'fault-injection': { abort: { vars: [[['route_id', 'in', ['-none-']]]] } } },
    }),
  'switches the clamp off': (gateway) =>
    gateway.merge(CLAMP, { plugins: { 'fault-injection': { _meta: { disable: true } } } }),
  'names a public route in the clamp': (gateway) =>
    gateway.merge(CLAMP, {
      plugins: {
        'fault-injection': { _meta: { disable: false }, abort: { vars: [[['route_id', 'in', ['public']]]] } },
      },
    }),
  'describes a route': (gateway, expected, route) => {
    const path = `routes/${route}`;
    const patch = { desc: 'described' };
    gateway.merge(path, patch);
    const before = expected.get(path);
    if (before) expected.set(path, merge(before as JsonObject, patch));
  },
  'adds a plugin to a route': (gateway, expected, route) => {
    const path = `routes/${route}`;
    const before = expected.get(path);
    // A script bears no plugins, and where there were none APISIX takes the object as it is.
    if (!before || before.script !== undefined || before.plugins === undefined) return;
    const patch = { plugins: { 'response-rewrite': { body: 'x' } } };
    gateway.merge(path, patch);
    expected.set(path, merge(before as JsonObject, patch));
  },
  'puts a route back as it was at first': (gateway, expected, route) => {
    const path = `routes/${route}`;
    gateway.put(path, routes[route] ?? {});
    const now = gateway.objects.get(path);
    if (now) expected.set(path, now);
  },
  'syncs all from elsewhere': (gateway, expected) => {
    for (const [route, doc] of Object.entries(routes)) {
      gateway.put(`routes/${route}`, doc);
      const now = gateway.objects.get(`routes/${route}`);
      if (now) expected.set(`routes/${route}`, now);
    }
    gateway.remove(CLAMP);
    gateway.remove('routes/new');
    expected.delete('routes/new');
  },
  'deletes a route': (gateway, expected) => {
    gateway.remove('routes/script');
    expected.delete('routes/script');
  },
  'adds a route': (gateway, expected) => {
    if (gateway.objects.has('routes/new')) return;
    gateway.put('routes/new', { uri: '/new', upstream: { nodes: { '127.0.0.1:1980': 1 }, type: 'roundrobin' } });
    const now = gateway.objects.get('routes/new');
    if (now) expected.set('routes/new', now);
  },
};

interface Drift {
  readonly which: number;
  readonly what: string;
  readonly route: string;
  readonly steps: number;
}

export const driftOf = ({ which, what, route, steps }: Drift): Command =>
  new Command(`somebody ${what} (${route}) at gateway ${which}`, steps, (world: World) => {
    const gateway = world.gateways[which % world.gateways.length];
    const change = changes[what];
    if (!gateway || !change) return;
    world.stirred = true;
    const expected = world.laws.expected.get(gateway.name);
    const before = gateway.objects;
    if (expected) change(gateway, expected, route);
    for (const path of gateway.objects.keys())
      if (!before.has(path)) world.laws.sights.born.set(`${gateway.name} ${path.split('/')[1]}`, world.time.now);
  });

export const drift = fc
  .record({
    which: fc.nat(1),
    what: fc.constantFrom(...Object.keys(changes)),
    route: fc.constantFrom('chat', 'llm', 'script', 'public'),
    steps: fc.nat(40),
  })
  .map(driftOf);
