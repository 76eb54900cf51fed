import type { IncomingMessage, ServerResponse } from 'node:http';

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly text?: string | Buffer;
}

/** LiteLLM's shape of an error. */
export const problem = (status: number, message: string, type: string, param = 'None'): Answer => ({
  status,
  json: { error: { message, type, param, code: String(status) } },
});

/** Undefined: the answer is already under way. */
export function send(response: ServerResponse, answer: Answer | undefined): void {
  if (answer === undefined || response.headersSent) return;
  const { status, headers, json, text } = answer;
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(text ?? JSON.stringify(json));
}

/** @throws SyntaxError when it isn't JSON. */
export async function readJson(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8') || '{}');
  return typeof body === 'object' && body !== null ? { ...body } : {};
}
