import { z } from 'zod';
import { httpUrl, secret } from './parts';

/** The block `tracing`: an order's way as traces of OpenTelemetry. */
export const tracing = z.strictObject({
  otlpUrl: httpUrl.describe('Where a collector takes OTLP over HTTP as JSON: http://<collector>:4318/v1/traces.'),
  sampleRatio: z
    .number()
    .min(0)
    .max(1)
    .default(1)
    .describe('Of orders that nobody traces already, the share that is. There are few: all of them is a good choice.'),
  headers: z
    .record(z.string().regex(/^[A-Za-z0-9-]+$/, 'use letters, digits and -'), secret)
    .default({})
    .describe('Sent along, for instance authorization. Take them from the environment.'),
});
export type TracingConfig = z.output<typeof tracing>;
