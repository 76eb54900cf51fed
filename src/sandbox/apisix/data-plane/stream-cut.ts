import type { IncomingHttpHeaders } from 'node:http';
import { at, isList, type JsonObject, listAt, objectAt, textsAt } from '../json';
import type { View } from './view';

/**
 * What the clamp's function in Lua does to responses that are open when its rule comes to name their route. The sandbox
 * runs no Lua; it does the same wherever a global rule holds both `fault-injection` with `abort.vars` that name routes
 * and a `serverless-post-function` in the phase `body_filter`. Like the function it looks at the rule as it is now, at
 * every chunk: a stream that sends nothing is not cut, and neither is a WebSocket, which has no chunks.
 */
export interface StreamCut {
  /** What becomes of a chunk from the upstream. */
  chunk(chunk: Buffer): Verdict;
  /** Whether the end of the upstream's response may still be passed on. */
  end(): Verdict;
}

export type Verdict =
  | { readonly how: 'pass' }
  /** The client gets this in the chunk's place. */
  | { readonly how: 'replace'; readonly chunk: Buffer }
  /** Both connections are broken off: the client's without an end, the upstream's at once. */
  | { readonly how: 'abort' };

const PASS: Verdict = { how: 'pass' };
const ABORT: Verdict = { how: 'abort' };

/** Bytes that an event must exceed to get through the gateway's buffer before the connection breaks. */
const PADDING = 1_500;

/** @param headers the response's, as the upstream sent them. */
export function createStreamCut(view: View, routeId: string | undefined, headers: IncomingHttpHeaders): StreamCut {
  const isEvents = headers['content-type']?.includes('text/event-stream') ?? false;
  let isCut = false;
  return {
    chunk: () => {
      if (isCut) return ABORT;
      const rule = routeId === undefined ? undefined : ruleThatNames(view, routeId);
      if (!rule) return PASS;
      isCut = true;
      const source = functionOf(rule);
      // An event can't be written into what is compressed; a function that knows this asks for the encoding.
      const isReadable = !headers['content-encoding'] || !source.includes('content-encoding');
      return isEvents && isReadable ? { how: 'replace', chunk: Buffer.from(finalEvent(source)) } : ABORT;
    },
    end: () => (isCut ? ABORT : PASS),
  };
}

function ruleThatNames(view: View, routeId: string): JsonObject | undefined {
  return view
    .list('global_rules')
    .map(({ value }) => value)
    .find((rule) => cutsStreams(rule) && names(rule, routeId));
}

function cutsStreams(rule: JsonObject): boolean {
  const conf = objectAt(rule, 'plugins', 'serverless-post-function');
  return conf?.phase === 'body_filter' && at(conf, '_meta', 'disable') !== true;
}

/** Looks where the function looks, at the first test of the first expression: `[["route_id", "in", [ids]]]`. */
function names(rule: JsonObject, routeId: string): boolean {
  const test = listAt(rule, 'plugins', 'fault-injection', 'abort', 'vars', 0, 0);
  const [variable, operator, ids] = test ?? [];
  return variable === 'route_id' && operator === 'in' && isList(ids) && ids.includes(routeId);
}

const functionOf = (rule: JsonObject): string =>
  textsAt(rule, 'plugins', 'serverless-post-function', 'functions')?.[0] ?? '';

/** The event's data is taken from the function's own text, so that a client sees what it would see from a real one. */
function finalEvent(source: string): string {
  const written = /event: error\\ndata: (\{.*?\})\\n\\n/.exec(source)?.[1];
  const data = written ?? JSON.stringify({ error: { type: 'severed' } });
  return `event: error\ndata: ${data}\n\n:${' '.repeat(PADDING)}\n\n`;
}
