import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';

/** One completion, from its first token to its end. Times are as of `performance.now`. */
export interface Completion {
  /** SHA-256 of the key. */
  readonly key: string;
  readonly stream: boolean;
  readonly startedAt: number;
  /** Tokens that the model has produced so far: none any more once it has ended. */
  tokens: number;
  endedAt?: number;
  /** `client-closed`: whoever asked went away before the model was done. */
  how?: 'complete' | 'client-closed';
}

export interface Speech {
  readonly model: string;
  readonly tokens: number;
  readonly chunkMs: number;
}

const WORD = 'token ';

/** Streams one token a chunk, as OpenAI does, until it is done or nobody listens any more. Resolves at its end. */
export function streamCompletion(response: ServerResponse, completion: Completion, speech: Speech): Promise<void> {
  const head = {
    id: `chatcmpl-${randomUUID()}`,
    object: 'chat.completion.chunk',
    created: seconds(),
    model: speech.model,
  };
  const send = (delta: object, finish: string | null): void => {
    const choices = [{ index: 0, delta, finish_reason: finish }];
    response.write(`data: ${JSON.stringify({ ...head, choices })}\n\n`);
  };
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' });
  response.flushHeaders();
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      if (completion.tokens < speech.tokens) {
        completion.tokens += 1;
        send({ content: WORD }, null);
        return;
      }
      clearInterval(timer);
      send({}, 'stop');
      response.end('data: [DONE]\n\n');
    }, speech.chunkMs);
    response.on('close', () => {
      clearInterval(timer);
      end(completion, response);
      resolve();
    });
  });
}

/** Thinks for as long as it would have streamed, then answers with the whole. */
export function wholeCompletion(
  response: ServerResponse,
  completion: Completion,
  speech: Speech & { readonly promptTokens: number },
): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      completion.tokens = speech.tokens;
      const message = { role: 'assistant', content: WORD.repeat(speech.tokens).trim() };
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(
        JSON.stringify({
          id: `chatcmpl-${randomUUID()}`,
          object: 'chat.completion',
          created: seconds(),
          model: speech.model,
          choices: [{ index: 0, message, finish_reason: 'stop' }],
          usage: {
            prompt_tokens: speech.promptTokens,
            completion_tokens: speech.tokens,
            total_tokens: speech.promptTokens + speech.tokens,
          },
        }),
      );
    }, speech.chunkMs * speech.tokens);
    response.on('close', () => {
      clearTimeout(timer);
      end(completion, response);
      resolve();
    });
  });
}

function end(completion: Completion, response: ServerResponse): void {
  completion.endedAt = performance.now();
  completion.how = response.writableFinished ? 'complete' : 'client-closed';
}

const seconds = (): number => Math.floor(Date.now() / 1_000);
