import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import { SERVER, sendPage, text } from '../admin/answer';
import type { OpenRequests } from './open-requests';
import type { Decision } from './phases';
import type { Refusal } from './plugins';
import { createStreamCut, type Verdict } from './stream-cut';
import { type Failure, failureOf, type TriesParts } from './tries';
import { passedOn } from './upstream';
import type { View } from './view';

export interface ProxyParts extends TriesParts {
  readonly view: View;
  readonly openRequests: OpenRequests;
}

/** Follows a request until its client is gone; what the clamp closes is the connection that was opened last. */
export function follow(
  response: ServerResponse,
  { routeId, noted }: Decision,
  { openRequests }: Pick<ProxyParts, 'openRequests'>,
): { readonly left: AbortSignal; readonly opened: (connection: ClientRequest) => void } {
  const left = new AbortController();
  let open: ClientRequest | undefined;
  response.on('close', () => left.abort());
  if (noted) {
    const shutUpstream = (): boolean => open !== undefined && !open.destroyed && open.destroy() === open;
    const shutClient = (): void => void response.destroy();
    response.on('close', openRequests.note({ routeId, shutUpstream, shutClient }));
  }
  return {
    left: left.signal,
    opened: (connection) => {
      open = connection;
    },
  };
}

export async function bodyOf(request: IncomingMessage): Promise<Buffer> {
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
export function exchange(
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
 * @param statuses of all tries, this answer's the last.
 */
export function relay(
  answer: IncomingMessage,
  response: ServerResponse,
  open: ClientRequest,
  decision: Decision,
  view: View,
  statuses: readonly string[],
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
    begin(answer, response, decision, statuses);
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
    begin(answer, response, decision, statuses);
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
      begin(answer, response, decision, statuses);
      response.end();
    }),
  );
  answer.on('error', () => {
    if (response.writableEnded) return;
    begin(answer, response, decision, statuses);
    response.flushHeaders();
    carryOut(cut.broken(), abort);
  });
}

function begin(
  answer: IncomingMessage,
  response: ServerResponse,
  decision: Decision,
  statuses: readonly string[],
): void {
  if (response.headersSent) return;
  const { date: _, ...received } = answer.headers;
  const status = answer.statusCode ?? 502;
  const headers: Record<string, string | string[]> = { ...passedOn(received), server: SERVER };
  if (Number(statuses.at(-1)) >= 500) headers['x-apisix-upstream-status'] = statuses.join(', ');
  decision.headerFilter(headers);
  response.writeHead(status, headers);
}
