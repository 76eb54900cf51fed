import type { Chapter, Setup } from './admin';

const primary = { type: 'roundrobin', nodes: { '127.0.0.1:19001': 1 } };
const aux = { type: 'roundrobin', nodes: { '127.0.0.1:19003': 1 } };
const keyAuth = { 'key-auth': {} };
const abort = (body: string) => ({ http_status: 503, body });

const route = (id: string, uri: string, more: object = {}): Setup => [
  'PUT',
  `/routes/${id}`,
  { uri, upstream: primary, ...more },
];
const rule = (plugins: object): Setup => ['PUT', '/global_rules/kill', { plugins }];
const ruleOf = (vars?: unknown): Setup =>
  rule({
    'fault-injection': {
      abort: {
        http_status: 503,
        headers: { 'content-type': 'text/plain; charset=utf-8' },
        body: '{"error":"severed by global rule $route_id"}',
        ...(vars === undefined ? {} : { vars: [vars] }),
      },
    },
  });
const noRule: Setup = ['DELETE', '/global_rules/kill'];

const consumer = (username: string, plugins: object = {}): Setup => [
  'PUT',
  '/consumers',
  { username, plugins: { 'key-auth': { key: `${username}-key` }, ...plugins } },
];
const consumers: readonly Setup[] = [consumer('alice'), consumer('bob')];

const r1 = route('r1', '/a/*', { name: 'alpha', plugins: keyAuth });
const r2 = route('r2', '/b/*', { plugins: { ...keyAuth, 'fault-injection': { delay: { duration: 0.01 } } } });
const plainR2 = route('r2', '/b/*', { plugins: keyAuth });
const open = route('open', '/open/*');

/** How traffic fares under every way to cut it. Each chapter starts with an empty etcd. */
export const TRAFFIC: readonly Chapter[] = [
  {
    title: 'a route that is switched off, or gone',
    steps: [
      ...consumers,
      r1,
      ...['sever-base-authed', 'sever-base-noauth'],
      ['PATCH', '/routes/r1', { status: 0 }],
      'sever-status0-nocatchall',
      route('all', '/*', { upstream: aux, priority: -10 }),
      'sever-status0-with-catchall',
      ['DELETE', '/routes/all'],
      ['DELETE', '/routes/r1'],
      'sever-delete-route',
    ],
  },
  {
    title: 'fault-injection on the route',
    steps: [
      ...consumers,
      r1,
      [
        'PATCH',
        '/routes/r1',
        {
          plugins: {
            'fault-injection': {
              abort: {
                ...abort('{"error":{"type":"severed","route":"$route_id"}}'),
                headers: { 'content-type': 'application/json', 'retry-after': '30', 'x-severed-by': 'ks' },
              },
            },
          },
        },
      ],
      ...['sever-fault-authed', 'sever-fault-noauth'],
      r2,
      ['PATCH', '/routes/r2', { plugins: { 'fault-injection': { abort: abort('k') } } }],
      'sever-fault-merge-delay',
      route('r3', '/c/*', {
        plugins: { 'fault-injection': { abort: { http_status: 418, percentage: 0, vars: [[['arg_x', '==', '1']]] } } },
      }),
      ['PATCH', '/routes/r3', { plugins: { 'fault-injection': { abort: abort('k') } } }],
      'sever-fault-merge-existing-abort',
      [
        'PATCH',
        '/routes/r3',
        { plugins: { 'fault-injection': { abort: { ...abort('k'), percentage: null, vars: null } } } },
      ],
      'sever-fault-merge-existing-abort-nulls',
      ['PATCH', '/routes/r3/plugins/fault-injection', { abort: abort('k2') }],
      'sever-fault-subpath-replace',
      route('r4', '/d/*', { plugins: { 'fault-injection': { _meta: { disable: true }, abort: abort('old') } } }),
      ['PATCH', '/routes/r4', { plugins: { 'fault-injection': { abort: abort('k') } } }],
      'sever-fault-merge-meta-disable',
      ['PATCH', '/routes/r4', { plugins: { 'fault-injection': { _meta: { disable: false } } } }],
      'sever-fault-meta-enable',
      route('r5', '/e/*', { plugins: { 'fault-injection': { _meta: { disable: true }, abort: abort('k') } } }),
      'sever-armed-meta-disabled',
      route('r6', '/f/*', {
        plugins: { 'fault-injection': { _meta: { filter: [['http_x_kill', '==', '1']] }, abort: abort('k') } },
      }),
      ...['sever-armed-filter-match', 'sever-armed-filter-nomatch'],
      route('r7', '/g/*', { script: 'local _M = {} function _M.access() end return _M' }),
      'sever-script-route-fault',
      ['PATCH', '/routes/r1/plugins', { ...keyAuth, 'fault-injection': { _meta: { priority: 1 }, abort: abort('k') } }],
      ...['sever-fault-meta-priority-noauth', 'sever-fault-meta-priority-authed'],
    ],
  },
  {
    title: 'a global rule',
    steps: [
      ...[...consumers, r1, plainR2, open],
      ruleOf(),
      ...['sever-gr-all-r1', 'sever-gr-all-unmatched'],
      ruleOf([['route_id', '~=', '']]),
      ...['sever-gr-not-404-r1', 'sever-gr-not-404-unmatched'],
      ruleOf([['route_id', '==', 'r1']]),
      ...['sever-gr-routeid-r1', 'sever-gr-routeid-other', 'sever-gr-routeid-unmatched'],
      ruleOf([['route_id', 'in', ['r1', 'open']]]),
      ...['sever-gr-routeid-in-r1', 'sever-gr-routeid-in-open', 'sever-gr-routeid-in-other'],
      ruleOf([['route_id', '~~', '.+']]),
      ...['sever-gr-ridre-r1', 'sever-gr-ridre-unmatched'],
      ruleOf([['consumer_name', '==', 'alice']]),
      ...['sever-gr-consumer-alice', 'sever-gr-consumer-bob'],
      ruleOf([['host', '==', 'kill.local']]),
      ...['sever-gr-host-match', 'sever-gr-host-nomatch'],
      ruleOf([['uri', '~~', '^/open/']]),
      'sever-gr-uri-match',
      ruleOf([['http_apikey', '==', 'alice-key']]),
      ...['sever-gr-apikey-header', 'sever-gr-apikey-header-bob'],
      ruleOf([['route_name', '==', 'alpha']]),
      ...['sever-gr-route_name', 'sever-gr-route_name-other'],
      route('r4', '/d/*', { plugins: { 'fault-injection': { _meta: { disable: true }, abort: abort('old') } } }),
      ruleOf([['route_id', '==', 'r4']]),
      'sever-gr-route-has-own-fault',
      noRule,
      'sever-gr-after-delete',
      rule({
        'fault-injection': {
          abort: {
            ...abort('gr $route_id'),
            vars: [
              [
                ['route_id', '!', 'in', ['open']],
                ['route_id', '~~', '.+'],
              ],
            ],
          },
        },
      }),
      ...['sever-allow-neg-in-r1', 'sever-allow-neg-in-open', 'sever-allow-neg-in-unmatched'],
      rule({ 'fault-injection': { _meta: { filter: [['route_id', 'in', ['r1']]] }, abort: abort('f') } }),
      ...['sever-gr-metafilter-r1', 'sever-gr-metafilter-open', 'sever-gr-metafilter-unmatched'],
    ],
  },
  {
    title: 'a consumer',
    steps: [
      ...[...consumers, r1, open],
      consumer('alice', { 'fault-injection': { abort: abort('consumer severed') } }),
      ...['sever-consumer-fault-alice', 'sever-consumer-fault-bob'],
      consumer('alice'),
      'sever-consumer-restored',
      ['DELETE', '/consumers/alice'],
      'sever-consumer-deleted',
      consumer('alice'),
      [
        'PATCH',
        '/routes/r1',
        { plugins: { 'consumer-restriction': { blacklist: ['alice'], rejected_code: 503, rejected_msg: 'severed' } } },
      ],
      ...['sever-cr-alice', 'sever-cr-bob', 'sever-cr-noauth'],
      r1,
      rule({ 'consumer-restriction': { blacklist: ['alice'], rejected_code: 503, rejected_msg: 'severed' } }),
      ...['sever-gcr-alice', 'sever-gcr-bob', 'sever-gcr-open'],
    ],
  },
  {
    title: 'a plugin config, a service, an upstream',
    steps: [
      ['PUT', '/plugin_configs/pc1', { plugins: { 'response-rewrite': { headers: { set: { 'x-pc': '1' } } } } }],
      route('p1', '/p1/*', { plugin_config_id: 'pc1' }),
      route('p2', '/p2/*', { plugin_config_id: 'pc1' }),
      ['PATCH', '/plugin_configs/pc1', { plugins: { 'fault-injection': { abort: abort('pc') } } }],
      ...['sever-pc-p1', 'sever-pc-p2'],
      [
        'PATCH',
        '/routes/p1',
        { plugins: { 'fault-injection': { _meta: { disable: true }, abort: { http_status: 500 } } } },
      ],
      'sever-pc-route-overrides',
      ['PATCH', '/routes/p1', { plugins: null }],
      ['PATCH', '/plugin_configs/pc1', { plugins: { 'fault-injection': null } }],
      'sever-pc-restored',
      ['PUT', '/services/s1', { upstream: primary }],
      ['PUT', '/routes/sv1', { uri: '/sv1/*', service_id: 's1' }],
      ['PATCH', '/services/s1', { plugins: { 'fault-injection': { abort: abort('svc') } } }],
      'sever-svc-fault',
      ['PATCH', '/services/s1', { plugins: null }],
      'sever-svc-restored',
      open,
      ruleOf([['service_id', '==', 's1']]),
      ...['sever-gr-service_id', 'sever-gr-service_id-other'],
      noRule,
      ['PATCH', '/routes/open', { upstream: { nodes: { '127.0.0.1:19001': 0 } } }],
      'sever-weight0',
      route('r1', '/a/*'),
      ['PATCH', '/routes/r1', { upstream: { nodes: { '127.0.0.1:19001': 0 } } }],
      'sever-weight0-single',
      ['PATCH', '/routes/r1', { upstream: { nodes: { '127.0.0.1:19002': 1 } } }],
      'sever-weight0-of-two',
      ['PATCH', '/routes/r1', { upstream: { nodes: [] } }],
      'sever-upstream-empty-arr',
      route('r1', '/a/*'),
      ['PATCH', '/routes/r1', { upstream: { nodes: { '127.0.0.1:19001': null } } }],
      'sever-upstream-empty-null',
    ],
  },
];
