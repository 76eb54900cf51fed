import type { IncomingMessage } from 'node:http';
import type { Json } from '../json';
import type { Answer } from './answer';

/** Bytes. */
export const BODY_LIMIT = 1.5 * 1024 * 1024;

/** The request's body as JSON, undefined when there is none, or the answer that refuses it. */
export async function readBody(
  request: IncomingMessage,
): Promise<{ readonly json: Json | undefined } | { readonly answer: Answer }> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= BODY_LIMIT) chunks.push(chunk);
  }
  if (size > BODY_LIMIT) return bad(`request size ${size} is greater than the maximum size ${BODY_LIMIT} allowed`);
  const text = Buffer.concat(chunks).toString('utf8');
  if (text === '') return { json: undefined };
  try {
    return { json: JSON.parse(text) as Json };
  } catch (error) {
    return bad(decodeFault(text, String(error)), text);
  }
}

function bad(reason: string, req_body?: string): { readonly answer: Answer } {
  const body = { error_msg: `invalid request body: ${reason}`, ...(req_body === undefined ? {} : { req_body }) };
  return { answer: { status: 400, body } };
}

/** As near to the words of lua-cjson as Node's own message lets one come. */
function decodeFault(text: string, message: string): string {
  const position = /position (\d+)/.exec(message)?.[1];
  const ended = /end of JSON input/i.test(message) || (position !== undefined && Number(position) >= text.length);
  return ended
    ? `Expected value but found T_END at character ${text.length + 1}`
    : `Expected value but found invalid token at character ${Number(position ?? 0) + 1}`;
}
