import type { IncomingMessage, ServerResponse } from 'node:http';
import { respondByModel } from './ai-proxy-multi';
import { nodesOf } from './balancer';
import { sendStream } from './canary';
import type { Decision } from './phases';
import { bodyOf, exchange, follow, type ProxyParts, refuse, relay } from './relay';
import { createStreamCut } from './stream-cut';
import { failureOf, REPEATABLE, tryNodes } from './tries';
import { connect } from './upstream';

/** Carries out what the phases decided: answers by itself, or passes the request on and the response back. */
export async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  decision: Decision,
  parts: ProxyParts,
): Promise<void> {
  const { refusal, upstream, routeId, models } = decision;
  if (models && !refusal) return respondByModel(request, response, models, decision, parts);
  if (refusal?.stream) return sendStream(response, refusal.stream, decision, parts);
  if (refusal || !upstream) return refuse(response, refusal ?? { status: 503 }, decision);
  if (nodesOf(upstream.conf).length === 0) return refuse(response, { status: 503 }, decision);

  const { left, opened } = follow(response, decision, parts);
  // nginx has the whole body before it asks anybody; here only a request that may be sent twice waits for it.
  const body = REPEATABLE.has(decision.method) ? await bodyOf(request) : request;
  const failed = await tryNodes(upstream, decision, parts, async (node, before) => {
    const attempt = { request, upstream: upstream.conf, timeout: decision.timeout, node, signal: left };
    const connection = await connect(attempt).catch(failureOf);
    if (left.aborted) return 'over';
    if (typeof connection === 'string') return { how: connection, sent: false };
    opened(connection);
    const how = await exchange(body, connection, (answer) => {
      decision.way.answered = true;
      relay(answer, response, connection, decision, parts.view, [...before, String(answer.statusCode)]);
    });
    return how === undefined || left.aborted ? 'over' : { how, sent: true };
  });
  if (!failed) return;
  // The page would be a response like any other: the clamp's function hangs up on it.
  const page = createStreamCut({ view: parts.view, routeId, headers: {}, hasUpstream: false });
  if (failed.sent && page.chunk(Buffer.alloc(0)).how === 'abort') response.destroy();
  else refuse(response, { status: failed.status }, decision, { 'x-apisix-upstream-status': failed.statuses });
}
