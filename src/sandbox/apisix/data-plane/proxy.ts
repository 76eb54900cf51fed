import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import { SERVER, sendPage, text } from '../admin/answer';
import { nodesOf } from './balancer';
import { sendStream } from './canary';
import type { OpenRequests } from './open-requests';
import type { Decision } from './phases';
import type { Refusal } from './plugins';
import { createStreamCut, type Verdict } from './stream-cut';
import { type Failure, failureOf, REPEATABLE, type TriesParts, tryNodes } from './tries';
import { connect, passedOn } from './upstream';
import type { View } from './view';

export interface ProxyParts extends TriesParts {
  readonly view: View;
  readonly openRequests: OpenRequests;
}

/** Carries out what the phases decided: answers by itself, or passes the request on and the response back. */
export async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  decision: Decision,
  parts: ProxyParts,
): Promise<void> {
  const { refusal, upstream, routeId } = decision;
  if (refusal?.stream) return sendStream(response, refusal.stream, decision, parts);
  if (refusal || !upstream) return refuse(response, refusal ?? { status: 503 }, decision);
  if (nodesOf(upstream.conf).length === 0) return refuse(response, { status: 503 }, decision);

  const left = new AbortController();
  let open: ClientRequest | undefined;
  response.on('close', () => left.abort());
  if (decision.noted) {
    const shutUpstream = (): boolean => open !== undefined && !open.destroyed && open.destroy() === open;
    const shutClient = (): void => void response.destroy();
    response.on('close', parts.openRequests.note({ routeId, shutUpstream, shutClient }));
  }
  // nginx has the whole body before it asks anybody; here only a request that may be sent twice waits for it.
  const body = REPEATABLE.has(decision.method) ? await bodyOf(request) : request;
  const failed = await tryNodes(upstream, decision, parts, async (node, before) => {
    const attempt = { request, upstream: upstream.conf, timeout: decision.timeout, node, signal: left.signal };
    const connection = await connect(attempt).catch(failureOf);
    if (left.signal.aborted) return 'over';
    if (typeof connection === 'string') return { how: connection, sent: false };
    open = connection;
    const how = await exchange(body, connection, (answer) => {
      decision.way.answered = true;
      relay(answer, response, connection, decision, parts.view, before);
    });
    return how === undefined || left.signal.aborted ? 'over' : { how, sent: true };
  });
  if (!failed) return;
  // The page would be a response like any other: the clamp's function hangs up on it.
  const page = createStreamCut({ view: parts.view, routeId, headers: {}, hasUpstream: false });
  if (failed.sent && page.chunk(Buffer.alloc(0)).how === 'abort') response.destroy();
  else refuse(response, { status: failed.status }, decision, { 'x-apisix-upstream-status': failed.statuses });
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
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

/** Sends a request over a connection that stands. Resolves with the failure, or with nothing when there is an answer. */
function exchange(
  body: Buffer | IncomingMessage,
  open: ClientRequest,
  onAnswer: (answer: IncomingMessage) => void,
): Promise<Failure | undefined> {
  return new Promise((resolve) => {
    open.on('error', (error) => resolve(failureOf(error)));
    open.on('response', (answer) => {
      onAnswer(answer);
      resolve(undefined);
    });
    if (!Buffer.isBuffer(body)) {
      body.pipe(open);
      return;
    }
    if (body.length > 0) open.setHeader('content-length', body.length);
    open.end(body);
  });
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
  before: readonly string[],
): void {
  const { routeId, guard } = decision;
  decision.way.events = answer.headers['content-type']?.includes('text/event-stream') ?? false;
  const cut = guard.filter(
    routeId,
    answer.headers,
    createStreamCut({ view, routeId, headers: answer.headers, hasUpstream: true }),
  );
  /** Bytes that the head has promised and that are still to come. */
  let promised = Number(answer.headers['content-length'] ?? Number.POSITIVE_INFINITY);

  function pass(chunk: Buffer): void {
    begin(answer, response, decision, before);
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

  /** Properly, and for good: the connection is not used again. */
  function finish(chunk: Buffer): void {
    begin(answer, response, decision, before);
    open.destroy();
    response.end(chunk, () => response.socket?.end());
  }

  function carryOut(verdict: Verdict, go: () => void): void {
    if (response.writableEnded) return;
    if (verdict.how === 'abort') abort();
    else if (verdict.how === 'finish') finish(verdict.chunk);
    else if (verdict.how === 'replace') pass(verdict.chunk);
    else go();
  }

  answer.on('data', (chunk: Buffer) => carryOut(cut.chunk(chunk), () => pass(chunk)));
  response.on('drain', () => answer.resume());
  answer.on('end', () =>
    carryOut(cut.end(), () => {
      begin(answer, response, decision, before);
      response.end();
    }),
  );
  answer.on('error', () => {
    if (response.writableEnded) return;
    begin(answer, response, decision, before);
    response.flushHeaders();
    carryOut(cut.broken(), abort);
  });
}

function begin(answer: IncomingMessage, response: ServerResponse, decision: Decision, before: readonly string[]): void {
  if (response.headersSent) return;
  const { date: _, ...received } = answer.headers;
  const status = answer.statusCode ?? 502;
  const headers: Record<string, string | string[]> = { ...passedOn(received), server: SERVER };
  if (status >= 500) headers['x-apisix-upstream-status'] = [...before, status].join(', ');
  decision.headerFilter(headers);
  response.writeHead(status, headers);
}
