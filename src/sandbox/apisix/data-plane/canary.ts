import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { SERVER } from '../admin/answer';
import { type JsonObject, textsAt } from '../json';
import type { Decision } from './phases';
import type { Refusal, Stage } from './plugins';
import type { ProxyParts } from './relay';
import { createStreamCut } from './stream-cut';

/**
 * Stands in for the one function in Lua that answers by itself: that of Pullcord's canary route, which begins with a
 * line that says so. Any other function does nothing here.
 */
export function canaryAnswer(conf: JsonObject, { request }: Stage): Refusal | undefined {
  const source = textsAt(conf, 'functions')?.[0] ?? '';
  const token = /^local TOKEN = "(\w+)"$/m.exec(source)?.[1];
  const events = Number(/^local EVENTS = (\d+)$/m.exec(source)?.[1]);
  const pauseMs = Number(/^local PAUSE_SECONDS = ([\d.]+)$/m.exec(source)?.[1]) * 1000;
  if (!source.startsWith('-- pullcord canary 1\n') || conf.phase !== 'access' || token === undefined) return undefined;
  const headers = { 'content-type': 'text/event-stream', 'x-pullcord-drill': token };
  return { status: 200, stream: { headers, pauseMs, events: request.method === 'HEAD' ? 0 : events } };
}

/** Sends it chunk by chunk, each past the clamp's function as any other chunk. */
export async function sendStream(
  response: ServerResponse,
  { headers, pauseMs, events }: NonNullable<Refusal['stream']>,
  { routeId, headerFilter, noted }: Pick<Decision, 'routeId' | 'headerFilter' | 'noted'>,
  { view, openRequests }: Pick<ProxyParts, 'view' | 'openRequests'>,
): Promise<void> {
  const all: Record<string, string> = { ...headers, server: SERVER };
  headerFilter(all);
  response.writeHead(200, all);
  const cut = createStreamCut({ view, routeId, headers, hasUpstream: false });
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  if (noted) {
    const shutClient = (): void => void response.destroy();
    response.once('close', openRequests.note({ routeId, shutUpstream: () => false, shutClient }));
  }
  for (let n = 1; n <= events && !gone.signal.aborted; n += 1) {
    const verdict = cut.chunk(Buffer.from(`data: ${n}\n\n`));
    if (verdict.how === 'abort') {
      response.socket?.destroySoon();
      return;
    }
    response.write(verdict.how === 'replace' ? verdict.chunk : `data: ${n}\n\n`);
    await sleep(pauseMs, undefined, { signal: gone.signal }).catch(() => undefined);
  }
  response.end(events > 0 ? 'data: [DONE]\n\n' : undefined);
}
