import type { AxiosInstance } from 'axios';
import { ask, type Head } from './ask';
import { TooMany } from './counters';
import { type Exposition, MalformedExposition, readExposition } from './exposition';
import { createGauges } from './gauges';
import type { Moment, Seen, Unseen } from './look';
import { ASKED_FOR } from './names';
import { unseen } from './remedies';
import { createTally } from './tally';
import { createWorkers } from './workers';

/** LiteLLM's Prometheus endpoint. */
export interface Metrics {
  look(signal: AbortSignal): Promise<MetricsLook>;
}

export type MetricsLook = (Seen | Unseen) & Moment;

export interface MetricsOptions {
  readonly source: string;
  /** LiteLLM's address, or that of its metrics (`…/metrics`). */
  readonly url: string;
  readonly token?: string | undefined;
  /** Milliseconds, for all of it. */
  readonly timeoutMs: number;
  readonly http: AxiosInstance;
  readonly moment: () => Moment;
  /** After decompression. */
  readonly maxBytes?: number | undefined;
  /** Keys and models together. */
  readonly maxPairs?: number | undefined;
}

const MAX_BYTES = 32 * 1_048_576;
/** OpenMetrics first: it says where it ends, so that what was cut short isn't taken for counters that stand still. */
export const ACCEPT = 'application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5';

/** So often LiteLLM may show nothing of what it is asked for, though it has it, before it is asked for all. */
const MISSES = 3;

/**
 * Asks for a few metrics by name, which LiteLLM has done well before it would have written them all: of 100 keys and 5
 * models that is 1.3 MB in 0.3 s in place of 30 MB in 5 s, during which it serves nobody. Where that shows nothing, it
 * asks for everything: a proxy before its first request only declares what it has, and workers that add up their
 * counters (`PROMETHEUS_MULTIPROC_DIR`) know no names.
 */
export function createMetrics(options: MetricsOptions): Metrics {
  const { source, timeoutMs, moment, maxBytes = MAX_BYTES, maxPairs, http, token } = options;
  const everything = metricsUrl(options.url);
  const byName = `${everything}?${new URLSearchParams(ASKED_FOR.map((name): [string, string] => ['name[]', name]))}`;
  const workers = createWorkers();
  const gauges = createGauges();
  let misses = 0;

  async function look(url: string, withinMs: number, signal: AbortSignal): Promise<MetricsLook> {
    const tally = createTally({ workers, gauges, maxPairs });
    let exposition: Exposition | undefined;
    let when = moment();
    const trouble = await ask({
      ...{ http, url, token, timeoutMs: withinMs, maxBytes, signal, accept: ACCEPT },
      onHead(head) {
        // What is shown is as old as the head: it is rendered before the first byte is sent.
        when = moment();
        const { wanted, onSample, onType } = tally;
        exposition = readExposition({ wanted, onSample, onType, endMarker: isOpenMetrics(head) });
        return refusal(head);
      },
      onText: (text) => exposition?.write(text),
      onEnd: () => exposition?.end(),
      onError: misread,
    });
    if (trouble !== undefined) return { ...trouble, ...moment() };
    const samples = exposition?.samples ?? 0;
    if (tally.kind === 'not-premium') return { ...unseen('not-premium', 'LiteLLM has no licence'), ...when };
    if (tally.kind === 'none' && samples === 0)
      return { ...unseen('nothing-shown', 'LiteLLM shows no metric at all'), ...when };
    if (tally.kind === 'none')
      return { ...unseen('no-callbacks', "What answers has metrics, and none of them is LiteLLM's"), ...when };
    return { ok: true, ...when, scrape: tally.scrape({ source, at: when.at, samples }) };
  }

  return {
    async look(signal) {
      const began = moment().monotonicMs;
      if (misses >= MISSES) return look(everything, timeoutMs, signal);
      const named = await look(byName, timeoutMs, signal);
      if (named.ok || (named.why !== 'nothing-shown' && named.why !== 'no-callbacks')) return named;
      const left = timeoutMs - (moment().monotonicMs - began);
      const all = await look(everything, Math.max(1, left), signal);
      // Its start is shown by a worker that knows names, though it has nothing else; another may have answered now.
      if (named.why === 'nothing-shown' && all.ok && all.scrape.readings.length > 0) misses += 1;
      return all;
    },
  };
}

/** `/metrics` only leads to `/metrics/`. */
export function metricsUrl(text: string): string {
  const url = new URL(text);
  url.pathname = `${url.pathname.replace(/\/+$/, '').replace(/\/metrics$/, '')}/metrics/`;
  return url.href;
}

export const isOpenMetrics = ({ contentType }: Head): boolean => contentType.startsWith('application/openmetrics-text');

function refusal({ status, contentType }: Head): Unseen | undefined {
  if (status === 401 || status === 403)
    return unseen('unauthorised', `LiteLLM refuses to show its metrics (${status})`);
  if (status === 404 && contentType.startsWith('application/json'))
    return unseen('no-callbacks', 'LiteLLM has no metrics (404)');
  if (status === 404) return unseen('not-metrics', 'There is no LiteLLM at url (404)');
  if (status !== 200) return unseen('bad-status', `LiteLLM answered ${status}`);
  if (contentType !== '' && !/^(text\/plain|application\/openmetrics-text)\b/.test(contentType))
    return unseen('not-metrics', `What answers shows ${contentType.split(';')[0]?.slice(0, 60)}, not metrics`);
  return undefined;
}

function misread(error: unknown): Unseen | undefined {
  if (error instanceof MalformedExposition)
    return unseen('malformed', `LiteLLM's metrics cannot be read, ${error.message}`);
  if (error instanceof TooMany) return unseen('too-large', `LiteLLM shows ${error.message}`);
  return undefined;
}
