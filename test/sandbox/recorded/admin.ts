/** What stands before an exchange: another exchange (by name), or a request that was not recorded. */
export type Step = string | Setup;
export type Setup = readonly [method: 'PUT' | 'PATCH' | 'POST' | 'DELETE', path: string, body?: unknown];

export interface Chapter {
  readonly title: string;
  readonly steps: readonly Step[];
}

const upstream = { type: 'roundrobin', nodes: { '127.0.0.1:19001': 1 } };

/** The 25 routes of the lists: /m/0 to /m/24. */
const many: readonly Setup[] = Array.from({ length: 25 }, (_, index) => [
  'PUT',
  `/routes/m${String(index).padStart(2, '0')}`,
  { uri: `/m/${index}`, name: `m${index}`, labels: { [index % 2 === 0 ? 'even' : 'odd']: '1' }, upstream },
]);

/** Exchanges with the Admin API in the order in which they were recorded. Each chapter starts with an empty etcd. */
export const ADMIN: readonly Chapter[] = [
  {
    title: 'routes: keys, writes and reads of one',
    steps: [
      ...['auth-missing-key', 'auth-wrong-key', 'head-admin', 'unsupported-method', 'unknown-resource'],
      ...['routes-list-empty', 'route-put-create', 'route-get-one', 'route-get-404'],
      ...['route-put-update', 'route-put-with-same-id', 'route-put-with-id-mismatch', 'route-put-with-create_time'],
      ...['route-put-bad-schema', 'route-put-bad-status', 'route-put-empty-body', 'route-put-invalid-json'],
      ...['route-put-unknown-plugin', 'route-post-create', 'route-patch-404', 'route-delete-404'],
      ...['route-patch-status-0', 'route-get-after-patch', 'route-patch-null-removes', 'route-get-after-null'],
      ...['route-patch-labels-merge', 'route-patch-labels-null', 'route-patch-unknown-field'],
      ...['route-patch-add-plugin', 'route-patch-plugin-null', 'route-patch-subpath-plugins'],
      ...['route-patch-subpath-deep', 'route-patch-subpath-null-deep', 'route-patch-subpath-missing'],
      ...['route-patch-subpath-status', 'route-patch-subpath-null-status', 'route-patch-with-update_time'],
      ...['route-patch-create_time', 'route-patch-empty-object', 'route-patch-array-nodes-merge'],
      ...['auth-viewer-get', 'auth-viewer-patch', 'auth-key-query-param', 'auth-viewer-get'],
      ['PATCH', '/routes/r1', { desc: 'im' }],
      ...many,
      ...['routes-list-page1', 'routes-list-page3', 'routes-list-page99', 'routes-list-page_size-only'],
      ...['routes-list-page_size-5', 'routes-list-page_size-501', 'routes-filter-name', 'routes-filter-name-regex'],
      ...['routes-filter-uri', 'routes-filter-label-key', 'routes-filter-label-kv', 'routes-filter-combined-page'],
      ...['routes-filter-filter-service', 'route-patch-if-match-412'],
      ...['route-delete', 'route-get-deleted', 'route-delete-again', 'route-if-match', 'route-if-match-get-after'],
    ],
  },
  {
    title: 'services and upstreams',
    steps: [
      ...['upstream-list-empty', 'upstream-put', 'upstream-get', 'upstream-list', 'upstream-post', 'upstream-patch'],
      ...['upstream-get-404', 'upstream-bad', 'service-list-empty', 'service-bad', 'service-put', 'service-get'],
      ...['service-list', 'service-post', 'service-patch', 'service-get-404'],
      ['PUT', '/routes/rs', { uri: '/rs', service_id: 's1' }],
      'service-delete-in-use',
      ['PUT', '/routes/ru', { uri: '/ru', upstream_id: 'u1' }],
      ['PUT', '/global_rules/g1', { plugins: { 'response-rewrite': { headers: { set: { 'x-gr': '1' } } } } }],
      ...['upstream-delete-in-use', 'upstream-delete-force', 'route-patch-dangling-upstream'],
      'traffic-dangling-upstream',
    ],
  },
  {
    title: 'plugin configs, consumer groups and global rules',
    steps: [
      ...['plugin_config-list-empty', 'plugin_config-put', 'plugin_config-get', 'plugin_config-list'],
      ...['plugin_config-patch', 'plugin_config-post', 'plugin_config-get-404', 'plugin_config-bad'],
      ['PUT', '/routes/rpc', { uri: '/rpc', plugin_config_id: 'pc1', upstream }],
      'plugin-config-delete-in-use',
      ...['consumer_group-list-empty', 'consumer_group-put', 'consumer_group-get', 'consumer_group-list'],
      ...['consumer_group-patch', 'consumer_group-post', 'consumer_group-get-404', 'consumer_group-bad'],
      ...['global_rule-list-empty', 'global_rule-put', 'global_rule-get', 'global_rule-list', 'global_rule-patch'],
      ...['global_rule-post', 'global_rule-get-404', 'global_rule-bad'],
      ['DELETE', '/global_rules/g1'],
      ...['global-rule-put-kill', 'global-rule-duplicate-plugin'],
    ],
  },
  {
    title: 'consumers, their credentials and plugin metadata',
    steps: [
      ['PUT', '/consumer_groups/cg1', { plugins: { 'limit-count': { count: 5, time_window: 1 } } }],
      ...['consumer-put', 'consumer-get', 'consumer-put-by-id', 'consumer-list', 'consumer-get-404'],
      ...['consumer-patch', 'consumer-post', 'consumer-bad-name', 'consumer-group-delete-in-use'],
      ...['consumer-credential-put', 'consumer-credential-list', 'consumer-delete'],
      ...['plugin-metadata-put', 'plugin-metadata-get', 'plugin-metadata-list', 'plugin-metadata-patch'],
      ...['plugin-metadata-unknown', 'plugin-metadata-get-404', 'plugin-metadata-put-no-schema'],
      'plugin-metadata-put-fault',
    ],
  },
  {
    title: 'the clamp',
    steps: ['ks-arm', 'ks-sever-subpath-patch', 'ks-merge-patch-array', 'ks-restore-subpath-patch'],
  },
  {
    title: 'schemas and their checks',
    steps: [
      ...['plugins-list', 'schema-route', 'schema-plugin-fault-injection', 'schema-validate-ok', 'schema-validate-bad'],
      ...['schema-validate-plugin-bad', 'configs-validate-ok', 'configs-validate-bad'],
    ],
  },
  {
    title: 'the Control API and the status port',
    steps: [
      ...['control-routes-empty', 'control-healthcheck-404', 'control-global-rules-404', 'control-consumers-404'],
      ...['status', 'status-ready'],
      ['PUT', '/upstreams/u1', upstream],
      ['PUT', '/services/s1', { upstream_id: 'u1' }],
      ['PUT', '/routes/r1', { uri: '/a', service_id: 's1', labels: { a: 'b' } }],
      ...['control-upstreams', 'control-upstream', 'control-services', 'control-service', 'control-routes'],
      ...['control-route', 'control-route-404'],
      ['PUT', '/routes/aim', { uri: '/aim', plugins: { 'ai-proxy-multi': { instances: [] } } }],
      ...['control-healthcheck-ai-proxy-multi', 'control-healthcheck-ai-proxy-multi-route'],
      ['PUT', '/plugin_metadata/http-logger', { log_format: { h: '$host' }, max_pending_entries: 8192 }],
      ...['control-plugin-metadata', 'control-plugin-metadatas'],
    ],
  },
];

/** What can't be replayed, each with a word for why. Nothing of these is kept in the fixtures. */
export const NOT_REPLAYED: Readonly<Record<string, string>> = {
  'control-schema': 'trimmed',
  'etcd-down-control-route': 'runtime',
  'ks-guard-local-put': 'plugin',
  'prometheus-metrics': 'metrics',
  'sever-gr-serverless-access-alice': 'lua',
  'sever-gr-serverless-access-bob': 'lua',
  'standalone-get-configs': 'standalone',
  'standalone-old-admin-route': 'standalone',
  'standalone-put-configs': 'standalone',
  'standalone-put-no-digest': 'standalone',
  'standalone-put-only-global-rules': 'standalone',
  'standalone-put-same-digest': 'standalone',
  'measure-armed-cost': 'figures',
  'measure-bulk-1000': 'figures',
  'measure-bulk-5000': 'figures',
  'measure-etcd-outage': 'figures',
  'measure-extra': 'figures',
  'measure-extra2': 'figures',
  'measure-fallback-ai-proxy-multi': 'figures',
  'measure-fallback-upstream': 'figures',
  'measure-final-design': 'figures',
  'measure-idlist': 'figures',
  'measure-propagation': 'figures',
  'measure-second-means': 'figures',
  'measure-standalone': 'figures',
  'measure-under-load': 'figures',
  'stream-inflight-cut': 'figures',
  'stream-inflight-globalrule-bodyfilter-close': 'figures',
  'stream-inflight-globalrule-bodyfilter-keepalive': 'figures',
  'stream-inflight-h2-aiproxy': 'figures',
  'stream-inflight-plain': 'figures',
  'stream-inflight-registry-plugin': 'figures',
  'stream-inflight-registry-serverless': 'figures',
};
