import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  ParentBasedSampler,
  type SpanExporter,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace-node';
import type { Logger } from 'pino';
import type { TracingConfig } from '../config/tracing';
import { settled } from '../queue/wait';
import type { Tracing } from './span';
import { createTraces } from './traces';

export interface OtlpOptions {
  readonly config: TracingConfig;
  readonly version: string;
  /** Tells instances apart. */
  readonly instance: string;
  readonly logger: Logger;
}

/** Spans that wait to be sent; what comes beyond is lost. */
const WAITING = 2_048;
const BATCH = 256;
const EVERY_MS = 1_000;
/** One sending, with its repeats. Milliseconds. */
const SEND_MS = 2_000;
/** At the end. Milliseconds. */
const CLOSE_MS = 1_000;

/**
 * Spans by OTLP over HTTP, as JSON. Fails towards losing spans: a collector that is dead, slow or full costs a bounded
 * queue and nothing else, and is told in the log once, until it takes them again.
 */
export function otlpTracing({ config, version, instance, logger }: OtlpOptions): Tracing {
  const { otlpUrl: url, headers, sampleRatio } = config;
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({
      ...{ 'service.name': 'pullcord', 'service.version': version, 'service.instance.id': instance },
    }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(sampleRatio) }),
    spanProcessors: [
      new BatchSpanProcessor(
        telling(new OTLPTraceExporter({ url, headers, timeoutMillis: SEND_MS, concurrencyLimit: 1 }), logger),
        {
          ...{ maxQueueSize: WAITING, maxExportBatchSize: BATCH },
          ...{ scheduledDelayMillis: EVERY_MS, exportTimeoutMillis: SEND_MS },
        },
      ),
    ],
  });
  return createTraces({
    tracer: provider.getTracer('pullcord', version),
    close: () => settled(provider.shutdown(), CLOSE_MS),
  });
}

/** The same exporter, whose trouble stands in the log. */
function telling(exporter: OTLPTraceExporter, logger: Logger): SpanExporter {
  let told = false;
  return {
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        const ok = result.code === 0;
        if (!ok && !told) logger.warn({ lost: spans.length }, 'traces are not taken: look at tracing.otlpUrl');
        if (ok && told) logger.info('traces are taken again');
        told = !ok;
        done(result);
      }),
    shutdown: () => exporter.shutdown(),
    forceFlush: () => exporter.forceFlush(),
  };
}
