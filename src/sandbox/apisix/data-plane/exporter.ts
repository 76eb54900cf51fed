import type { RequestListener } from 'node:http';
import { SERVER, sendPage } from '../admin/answer';
import { targetOf } from '../listener';

/** What the plugin `prometheus` notes of a request when it is over (`exporter.lua`, `http_log`). */
export interface Logged {
  readonly code: number;
  readonly route: string;
  readonly uri: string;
  readonly host: string;
  readonly service: string;
  readonly consumer: string;
  /** The upstream node that it was passed to last. */
  readonly node: string;
  readonly source: 'apisix' | 'nginx' | 'upstream';
}

/** The metrics of one gateway node, as far as requests are counted in them. */
export interface Exporter {
  /** A request is over, whoever counts it. */
  seen(): void;
  count(request: Logged): void;
  /** GET `/apisix/prometheus/metrics`, on a listener of its own. */
  readonly onRequest: RequestListener;
}

const PATH = '/apisix/prometheus/metrics';

/**
 * Written from APISIX's documentation and the source of its 3.18.0, not from a recording. The real one has a dozen
 * families more, and renders them every 15 s: what it answers may be as old as that. This one renders when it is asked.
 * WebSockets are not counted here.
 */
export function createExporter(): Exporter {
  const status = new Map<string, number>();
  let requests = 0;

  const lines = (): string[] => [
    ...family('apisix_http_requests_total', 'gauge', 'The total number of client requests since APISIX started'),
    `apisix_http_requests_total ${requests}`,
    ...(status.size > 0 ? family('apisix_http_status', 'counter', 'HTTP status codes per service in APISIX') : []),
    ...[...status].map(([labels, value]) => `apisix_http_status{${labels}} ${value}`).sort(),
    ...family('apisix_node_info', 'gauge', 'Info of APISIX node'),
    `apisix_node_info{hostname="sandbox",version="${SERVER.split('/')[1]}"} 1`,
  ];

  return {
    seen: () => {
      requests += 1;
    },
    count(request) {
      const labels = labelsOf(request);
      status.set(labels, (status.get(labels) ?? 0) + 1);
    },
    onRequest(request, response) {
      if (request.method !== 'GET' || targetOf(request).pathname !== PATH) return sendPage(response, 404, 'openresty');
      response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8', server: 'openresty' });
      response.end(`${lines().join('\n')}\n`);
    },
  };
}

const family = (name: string, type: string, help: string): string[] => [
  `# HELP ${name} ${help}`,
  `# TYPE ${name} ${type}`,
];

function labelsOf({ code, route, uri, host, service, consumer, node, source }: Logged): string {
  const labels = {
    ...{ code: String(code), route, matched_uri: uri, matched_host: host, service, consumer, node },
    ...{ request_type: 'traditional_http', request_llm_model: '', llm_model: '', response_source: source },
  };
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${value.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n')}"`)
    .join(',');
}
