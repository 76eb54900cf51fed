/**
 * The metrics of APISIX's plugin `prometheus` by which requests are counted, whatever its `metric_prefix`. Source:
 * docs/en/latest/plugins/prometheus.md and apisix/plugins/prometheus/exporter.lua, 3.0 to 3.18.
 */
export const STATUS = /(?:^|_)http_status$/;
/** There is one of it on every node, before the first request, too. */
export const INFO = /(?:^|_)node_info$/;

/** All labels that are looked at; the rest is summed over. `request_method` is there where `extra_labels` names it. */
export const STATUS_LABELS: ReadonlySet<string> = new Set([
  'code',
  'route',
  'matched_uri',
  'node',
  'response_source',
  'request_method',
]);
export const INFO_LABELS: ReadonlySet<string> = new Set(['hostname']);
