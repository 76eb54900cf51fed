import type { FallbackConfig } from '../../src/config/fallback';
import { applyMergePatch, mergePatch } from '../../src/cutters/apisix/merge-patch';
import { partsOf, pathOf, sides, widened, withParts } from '../../src/fallback/parts';

const upstream = { upstream: 'u1', primary: ['10.0.0.5:11434'] } as unknown as FallbackConfig;
const route = { route: 'r1', primary: ['local'] } as unknown as FallbackConfig;
const isPrimary = (config: FallbackConfig) => (part: { name: string }) => config.primary.includes(part.name);

const list = {
  id: 'u1',
  nodes: [
    { host: 'cloud.example.org', port: 443, weight: 1, priority: -1 },
    { host: '10.0.0.5', port: 11434, weight: 1, priority: 0 },
  ],
  retries: 1,
};
const map = { id: 'u1', nodes: { '10.0.0.5:11434': 1, 'cloud.example.org': 2 }, scheme: 'https' };
const instances = {
  id: 'r1',
  plugins: {
    'ai-proxy-multi': {
      fallback_strategy: ['http_5xx'],
      instances: [
        { name: 'local', provider: 'openai-compatible', weight: 1, priority: 1 },
        { name: 'cloud', provider: 'openai', weight: 1, priority: 0, auth: { header: { Authorization: 'sealed' } } },
      ],
    },
    prometheus: {},
  },
};

describe('what a gateway deals out to', () => {
  it.each([
    ['nodes as a list', upstream, list, ['cloud.example.org:443', '10.0.0.5:11434']],
    ['nodes as an object, with the port of the scheme', upstream, map, ['10.0.0.5:11434', 'cloud.example.org:443']],
    ['instances of a route', route, instances, ['local', 'cloud']],
  ])('%s', (_what, config, object, names) => {
    expect(partsOf(config, object)?.map(({ name }) => name)).toEqual(names);
    const { primary, others } = sides(config, partsOf(config, object) ?? []);
    expect([primary.length, others.length]).toEqual([1, 1]);
  });

  it.each([
    ['an upstream without nodes', upstream, { id: 'u1', service_name: 'x' }],
    ['a route without the plugin', route, { id: 'r1', plugins: {} }],
    ['nodes that are none', upstream, { nodes: 'all' }],
  ])('%s is nothing to write to', (_what, config, object) => {
    expect(partsOf(config, object)).toBeUndefined();
  });

  it('names paths so that no id leads elsewhere', () => {
    expect(pathOf({ upstream: '../routes/x', route: undefined })).toBe('upstreams/..%2Froutes%2Fx');
  });

  it.each([
    ['a list', upstream, list],
    ['an object', upstream, map],
    ['instances', route, instances],
  ])('law 6: taken out and put back by one merge patch each, %s is what it was', (_what, config, object) => {
    const narrow = withParts(config, object, isPrimary(config));
    const taken = applyMergePatch(object, mergePatch(object, narrow)) as Record<string, unknown>;
    expect(sides(config, partsOf(config, taken) ?? []).others).toEqual([]);
    const back = widened(config, taken, object);
    expect(applyMergePatch(taken, mergePatch(taken, back))).toEqual(object);
  });

  it('keeps what somebody has changed meanwhile', () => {
    const taken = { ...withParts(upstream, list, isPrimary(upstream)), retries: 5 };
    const moved = { ...taken, nodes: [{ host: '10.0.0.5', port: 11434, weight: 7, priority: 0 }] };
    expect(widened(upstream, moved, list)).toEqual({ ...moved, nodes: [moved.nodes[0], list.nodes[0]] });
  });
});
