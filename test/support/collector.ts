import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A span as it came. */
export interface CollectedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
}

/** What takes OTLP over HTTP, as JSON: https://opentelemetry.io/docs/specs/otlp/#otlphttp. */
export interface Collector {
  readonly url: string;
  readonly spans: readonly CollectedSpan[];
  /** All that came, as it came. */
  readonly bodies: readonly string[];
  readonly headers: readonly IncomingHttpHeaders[];
  /** From now on: takes them, refuses them, or never answers. */
  answers: 'well' | 'badly' | 'never';
  close(): Promise<void>;
}

type Value = { stringValue: string } | { intValue: number | string } | { boolValue: boolean } | { doubleValue: number };
interface RawSpan extends Omit<CollectedSpan, 'attributes'> {
  readonly attributes: readonly { readonly key: string; readonly value: Value }[];
}
interface Exported {
  readonly resourceSpans: readonly { readonly scopeSpans: readonly { readonly spans: readonly RawSpan[] }[] }[];
}

export async function startCollector(): Promise<Collector> {
  const spans: CollectedSpan[] = [];
  const bodies: string[] = [];
  const headers: IncomingHttpHeaders[] = [];
  const collector = { answers: 'well' as Collector['answers'] };
  const server = createServer(async (req, res) => {
    const chunks: Buffer[] = [];
    for await (const chunk of req as AsyncIterable<Buffer>) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString();
    headers.push(req.headers);
    bodies.push(body);
    if (collector.answers === 'never') return;
    if (collector.answers === 'badly') return void res.writeHead(503, { 'retry-after': '60' }).end();
    for (const { scopeSpans } of (JSON.parse(body) as Exported).resourceSpans)
      for (const { spans: raw } of scopeSpans) for (const span of raw) spans.push(read(span));
    res.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/traces`;
  return Object.assign(collector, {
    ...{ url, spans, bodies, headers },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  });
}

function read({ attributes, ...span }: RawSpan): CollectedSpan {
  const values = attributes.map(({ key, value }) => {
    const [kept] = Object.values(value) as [string | number | boolean];
    return [key, 'intValue' in value ? Number(kept) : kept] as const;
  });
  return { ...span, attributes: Object.fromEntries(values) };
}

/** A span and what is below it, as names: `door sms > order sever > commit`. */
export function pathsOf(spans: readonly CollectedSpan[]): string[] {
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  const path = (span: CollectedSpan): string => {
    const parent = byId.get(span.parentSpanId ?? '');
    return parent ? `${path(parent)} > ${span.name}` : span.name;
  };
  return spans.map(path);
}
