import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import { SERVER, sendPage, text } from '../admin/answer';
import type { Balancer } from './balancer';
import { sendStream } from './canary';
import type { Decision } from './phases';
import type { Refusal } from './plugins';
import { createStreamCut } from './stream-cut';
import { connect, passedOn } from './upstream';
import type { View } from './view';

export interface ProxyParts {
  readonly view: View;
  readonly balancer: Balancer;
}

/** Carries out what the phases decided: answers by itself, or passes the request on and the response back. */
export async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  decision: Decision,
  parts: ProxyParts,
): Promise<void> {
  const { refusal, upstream } = decision;
  if (refusal?.stream) return sendStream(response, refusal.stream, decision, parts.view);
  if (refusal || !upstream) return refuse(response, refusal ?? { status: 503 }, decision);
  const nodes = parts.balancer.order(upstream.key, upstream.conf);
  if (nodes.length === 0) return refuse(response, { status: 503 }, decision);

  const left = new AbortController();
  response.on('close', () => left.abort());
  for (const node of nodes) {
    const attempt = { request, upstream: upstream.conf, node, signal: left.signal };
    decision.way.node = node.host;
    const open = await connect(attempt).catch(() => undefined);
    if (open) return exchange(request, response, open, decision, parts.view);
    if (left.signal.aborted) return;
  }
  refuse(response, { status: 502 }, decision, { 'x-apisix-upstream-status': nodes.map(() => '502').join(', ') });
}

/** A response of the gateway's own. The connection is left usable. */
export function refuse(
  response: ServerResponse,
  { status, body }: Refusal,
  { headerFilter }: Decision,
  extra: Readonly<Record<string, string>> = {},
): void {
  const headers: Record<string, string> = { ...extra };
  headerFilter(headers);
  if (body === undefined && status >= 300) {
    sendPage(response, status, SERVER, headers);
    return;
  }
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', server: SERVER, ...headers });
  response.end(text(body));
}

function exchange(
  request: IncomingMessage,
  response: ServerResponse,
  open: ClientRequest,
  decision: Decision,
  view: View,
): void {
  let isAnswered = false;
  open.on('error', () => {
    if (!isAnswered) refuse(response, { status: 502 }, decision, { 'x-apisix-upstream-status': '502' });
  });
  open.on('response', (answer) => {
    isAnswered = true;
    decision.way.answered = true;
    relay(answer, response, open, decision, view);
  });
  request.pipe(open);
}

/**
 * Chunk by chunk, as each arrives, at the pace of the slower side. As with nginx, the head goes out with the first
 * chunk: a client that is cut before it sees no response at all.
 */
function relay(
  answer: IncomingMessage,
  response: ServerResponse,
  open: ClientRequest,
  decision: Decision,
  view: View,
): void {
  const { routeId, guard } = decision;
  decision.way.events = answer.headers['content-type']?.includes('text/event-stream') ?? false;
  const cut = guard.filter(routeId, answer.headers, createStreamCut(view, routeId, answer.headers));
  /** Bytes that the head has promised and that are still to come. */
  let promised = Number(answer.headers['content-length'] ?? Number.POSITIVE_INFINITY);

  function pass(chunk: Buffer): void {
    begin(answer, response, decision);
    // What stands in a chunk's place has no more room than the head has promised.
    const sent = chunk.subarray(0, promised);
    promised -= sent.length;
    if (!response.write(sent)) answer.pause();
  }

  function abort(): void {
    open.destroy();
    // Not at once: what was written before still goes out.
    response.socket?.destroySoon();
  }

  answer.on('data', (chunk: Buffer) => {
    const verdict = cut.chunk(chunk);
    if (verdict.how === 'abort') abort();
    else pass(verdict.how === 'replace' ? verdict.chunk : chunk);
  });
  response.on('drain', () => answer.resume());
  answer.on('end', () => {
    if (cut.end().how === 'abort') return abort();
    begin(answer, response, decision);
    response.end();
  });
  answer.on('error', () => {
    begin(answer, response, decision);
    response.flushHeaders();
    abort();
  });
}

function begin(answer: IncomingMessage, response: ServerResponse, decision: Decision): void {
  if (response.headersSent) return;
  const { date: _, ...received } = answer.headers;
  const status = answer.statusCode ?? 502;
  const headers: Record<string, string | string[]> = { ...passedOn(received), server: SERVER };
  if (status >= 500) headers['x-apisix-upstream-status'] = String(status);
  decision.headerFilter(headers);
  response.writeHead(status, headers);
}
