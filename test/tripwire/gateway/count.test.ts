import { createCount, type NodeCount } from '../../../src/tripwire/gateway/count';
import { readExposition } from '../../../src/tripwire/scrape/exposition';

/** The labels of APISIX 3.18; 3.0 to 3.10 have the first seven. */
const series = (labels: Readonly<Record<string, string>>, value: number, name = 'apisix_http_status'): string => {
  const all = {
    ...{ code: '200', route: 'chat', matched_uri: '/v1/chat/completions', matched_host: '', service: '', consumer: '' },
    ...{ node: '10.0.0.1', request_type: 'traditional_http', request_llm_model: '', llm_model: '' },
    ...{ response_source: 'upstream', ...labels },
  };
  return `${name}{${Object.entries(all).map(([label, text]) => `${label}="${text}"`)}} ${value}`;
};
const INFO = 'apisix_node_info{hostname="node-a",version="3.18.0"} 1';

function read(lines: readonly string[], maxSeries?: number): NodeCount | undefined {
  const count = createCount(maxSeries);
  const exposition = readExposition({ wanted: count.wanted, onSample: count.onSample });
  exposition.write(`${lines.join('\n')}\n`);
  exposition.end();
  return count.result();
}
const passed = (...lines: readonly string[]) => Object.fromEntries(read([INFO, ...lines])?.routes ?? []);

it('adds up, route by route, what went to an upstream and was answered well', () => {
  const lines = [
    series({}, 4),
    series({ node: '10.0.0.2', code: '201', consumer: 'x' }, 3),
    series({ route: 'emb', matched_uri: '/v1/embeddings' }, 7),
  ];
  expect(passed(...lines)).toEqual({ chat: 7, emb: 7 });
  expect(read([INFO])).toEqual({ host: 'node-a', routes: new Map(), blurred: new Set() });
});

it.each<[string, Readonly<Record<string, string>>]>([
  ['refused by LiteLLM', { code: '401' }],
  ['refused by the gateway', { code: '503', node: '', response_source: 'apisix' }],
  ['answered by the gateway itself', { node: '', response_source: 'apisix' }],
  ['answered by a cache that names a node', { node: 'openai', response_source: 'apisix' }],
  ['left by its client', { code: '499' }],
  ['a WebSocket', { code: '101' }],
  ['answered by the gateway itself, before 3.18', { node: '', response_source: '' }],
])('%s: shows that the route is counted, and counts nothing', (_what, labels) => {
  expect(passed(series(labels, 9))).toEqual({ chat: 0 });
});

it.each<[string, Readonly<Record<string, string>>]>([
  ['a list of models', { matched_uri: '/v1/models' }],
  ['a look whether it is alive', { matched_uri: '/health/liveliness' }],
  ['no route at all', { route: '', matched_uri: '', code: '404' }],
  ['a read of what costs nothing', { request_method: 'GET' }],
  ['a preflight', { request_method: 'OPTIONS', matched_uri: '/v1/*' }],
])('%s: is left out', (_what, labels) => {
  expect(read([INFO, series(labels, 9)])).toEqual({ host: 'node-a', routes: new Map(), blurred: new Set() });
});

it('a pattern that takes more than completions tells nothing, unless a label names the method', () => {
  const wide = { route: 'all', matched_uri: '/v1/*' };
  expect(read([INFO, series(wide, 9), series({ ...wide, matched_uri: '' }, 9)])).toEqual({
    ...{ host: 'node-a', routes: new Map(), blurred: new Set(['all']) },
  });
  const lines = [series({ ...wide, request_method: 'POST' }, 5), series({ ...wide, request_method: 'GET' }, 50)];
  expect(read([INFO, ...lines])).toEqual({ host: 'node-a', routes: new Map([['all', 5]]), blurred: new Set() });
  expect(passed(series({ route: 'any', matched_uri: '/*/chat/completions' }, 2))).toEqual({ any: 2 });
});

it('bears another prefix, a series that is written twice, and numbers that are none', () => {
  expect(
    Object.fromEntries(
      read([
        'gw_node_info{hostname="a"} 1',
        series({}, 4, 'gw_http_status'),
        series({}, 4, 'gw_http_status'),
        series({ code: '202' }, Number.NaN, 'gw_http_status'),
        'gw_http_latency_bucket{type="request",route="chat",le="1"} 9',
      ])?.routes ?? [],
    ),
  ).toEqual({ chat: 4 });
});

it('knows APISIX from others, and has an end', () => {
  expect(read([series({}, 4)])).toBeUndefined();
  expect(() => read([INFO, series({}, 1), series({ code: '201' }, 1), series({ code: '202' }, 1)], 2)).toThrow(
    'more than 2 series',
  );
});
