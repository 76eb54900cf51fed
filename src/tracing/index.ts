import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Config } from '../config/schema';
import { noTracing, type Tracing } from './span';

export type { Tracing } from './span';

export interface OpenTracingOptions {
  readonly config: Pick<Config, 'tracing'>;
  readonly version: string;
  readonly logger: Logger;
}

/** Traces, where they are configured. OpenTelemetry is loaded then alone: it takes half a second and 16 MiB. */
export function openTracing({ config: { tracing }, ...options }: OpenTracingOptions): Tracing {
  if (!tracing) return noTracing;
  const { otlpTracing } = require('./otlp') as typeof import('./otlp');
  return otlpTracing({ config: tracing, instance: randomUUID(), ...options });
}
