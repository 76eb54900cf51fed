import type { IncomingHttpHeaders } from 'node:http';
import { enderOf } from './clamp';
import type { View } from './view';

/**
 * What the clamp's function in `body_filter` does to a response that is open when the rule comes to name its route. It
 * is called for every chunk, for the end, and when the upstream breaks off.
 */
export interface StreamCut {
  /** What becomes of a chunk from the upstream. */
  chunk(chunk: Buffer): Verdict;
  /** Whether the end of the upstream's response may still be passed on. */
  end(): Verdict;
  /** The upstream is gone in the midst of it. */
  broken(): Verdict;
}

export type Verdict =
  | { readonly how: 'pass' }
  /** The client gets this in the chunk's place. */
  | { readonly how: 'replace'; readonly chunk: Buffer }
  /** The client gets this and a proper end; the upstream's connection is closed. */
  | { readonly how: 'finish'; readonly chunk: Buffer }
  /** Both connections are broken off: the client's without an end, the upstream's at once. */
  | { readonly how: 'abort' };

const PASS: Verdict = { how: 'pass' };
const ABORT: Verdict = { how: 'abort' };

/** Bytes that an event must exceed to get through the gateway's buffer before the connection breaks. */
const PADDING = 1_500;

interface Response {
  readonly view: View;
  readonly routeId: string | undefined;
  /** As the upstream sent them. */
  readonly headers: IncomingHttpHeaders;
  /** Whether it comes from an upstream, whose socket can be shut, or from a function in the gateway. */
  readonly hasUpstream: boolean;
}

export function createStreamCut({ view, routeId, headers, hasUpstream }: Response): StreamCut {
  const isEvents = headers['content-type']?.includes('text/event-stream') ?? false;
  let isCut = false;

  const source = (): string | undefined => enderOf(view, 'serverless-post-function', routeId);
  /** An event can't be written into what is compressed, nor where the length is promised. */
  const takesEvent = (text: string): boolean =>
    isEvents && ['content-encoding', 'content-length'].every((name) => !headers[name] || !text.includes(name));

  function last(text: string): Verdict {
    isCut = true;
    return takesEvent(text) ? { how: 'finish', chunk: Buffer.from(eventOf(text)) } : ABORT;
  }

  return {
    chunk: () => {
      if (isCut) return ABORT;
      const text = source();
      if (text === undefined) return PASS;
      if (hasUpstream && shutsSockets(text)) return last(text);
      isCut = true;
      return takesEvent(text) ? { how: 'replace', chunk: Buffer.from(eventOf(text) + padding) } : ABORT;
    },
    end: () => {
      if (isCut) return ABORT;
      const text = source();
      return text !== undefined && shutsSockets(text) ? last(text) : PASS;
    },
    broken: () => {
      const text = source();
      return isCut || text === undefined || !shutsSockets(text) ? ABORT : last(text);
    },
  };
}

/** Since version 2. What was recorded before leaves that to the next chunk. */
const shutsSockets = (source: string): boolean => source.includes('shut_upstream');

const padding = `:${' '.repeat(PADDING)}\n\n`;

/** The event's data is taken from the function's own text, so that a client sees what it would see from a real one. */
function eventOf(source: string): string {
  const written = /event: error\\ndata: (\{.*?\})\\n\\n/.exec(source)?.[1];
  return `event: error\ndata: ${written ?? JSON.stringify({ error: { type: 'severed' } })}\n\n`;
}
