import { gzipSync } from 'node:zlib';
import type { Answer } from './exchange';
import { NOT_PREMIUM } from './families';
import type { Metrics } from './metrics';
import { type Family, renderOpenMetrics, renderText } from './render';

export interface ScrapeRequest {
  readonly url: URL;
  readonly accept: string;
  readonly acceptEncoding: string;
  /** Whether whoever asks gave a key that there is. */
  readonly known: boolean;
}

export interface ScrapeSettings {
  readonly metricsAuth: boolean;
  readonly prometheus: 'on' | 'off' | 'not-premium';
}

const OPEN_METRICS = 'application/openmetrics-text; version=1.0.0; charset=utf-8';
const TEXT = 'text/plain; version=0.0.4; charset=utf-8';

/** `/metrics` and `/metrics/`: authentication first, then the mount, then prometheus_client. */
export function answerScrape(request: ScrapeRequest, metrics: Metrics, settings: ScrapeSettings): Answer {
  const { url, accept, acceptEncoding, known } = request;
  if (settings.metricsAuth && !known)
    return {
      status: 401,
      json: 'Unauthorized access to metrics endpoint: Authentication Error, Invalid proxy server token passed. To allow unauthenticated access, set `litellm_settings.require_auth_for_metrics_endpoint: false` in your proxy_config.yaml.',
    };
  if (settings.prometheus === 'off') return { status: 404, json: { detail: 'Not Found' } };
  if (url.pathname === '/metrics') return { status: 307, headers: { location: '/metrics/' }, text: '' };
  const names = url.searchParams.getAll('name[]');
  const only = names.length === 0 ? undefined : new Set(names);
  const families = settings.prometheus === 'on' ? metrics.families() : notPremium();
  // prometheus_client doesn't weigh: what it knows and is named, it takes.
  const open = accept.split(',').some((type) => type.trim().startsWith('application/openmetrics-text'));
  const text = open ? renderOpenMetrics(families, only) : renderText(families, only);
  const headers = { 'content-type': open ? OPEN_METRICS : TEXT };
  return acceptEncoding.includes('gzip')
    ? { status: 200, headers: { ...headers, 'content-encoding': 'gzip' }, text: gzipSync(text) }
    : { status: 200, headers, text };
}

const notPremium = (): Family[] => [
  { ...NOT_PREMIUM, type: 'counter', series: [{ labels: '', value: 0, created: 1.75300000012345e9 }] },
];
