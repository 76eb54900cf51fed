import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { setTimeout as pause } from 'node:timers/promises';
import axios, { type AxiosResponse } from 'axios';
import { events } from './server-sent-events';

/** How a stream came to its end, and when. */
export interface StreamEnd {
  /** As of `performance.now`. */
  readonly at: number;
  /** `done`: the model finished. `error-event`: a last `event: error` came. `aborted`: cut without a word. */
  readonly how: 'done' | 'error-event' | 'aborted';
  readonly tokens: number;
}

/** What the agent has lived through. Times are as of `performance.now`. */
export interface RogueState {
  readonly streaming: boolean;
  /** Streams that were answered with 200. */
  readonly streams: number;
  readonly tokens: number;
  /** Refusals that bear the mark. */
  readonly refused: number;
  /** Answers and faults of any other kind, by status; 0 stands for no answer. */
  readonly failed: ReadonlyMap<number, number>;
  /** Newest last, at most 100. */
  readonly ends: readonly StreamEnd[];
  readonly streamStartedAt?: number;
  readonly lastTokenAt?: number;
  readonly lastRefusedAt?: number;
}

export interface RogueAgent {
  readonly state: RogueState;
  /** Resolves with the state as soon as the condition holds. @throws Error after `ms` milliseconds. */
  waitFor(condition: (state: RogueState) => boolean, ms?: number): Promise<RogueState>;
  stop(): Promise<void>;
}

export interface RogueAgentOptions {
  /** The gateway. */
  readonly url: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The header that shows whose refusal it is. */
  readonly mark?: string;
  /** Between one request and the next. Milliseconds. */
  readonly pauseMs?: number;
  readonly model?: string;
  readonly maxTokens?: number;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const ENDS_KEPT = 100;

/**
 * An agent that has lost its way: it opens one streaming completion after the other, for ever, over connections that
 * it keeps alive as a real client does, and takes no refusal for an answer.
 */
export function startRogueAgent(options: RogueAgentOptions): RogueAgent {
  const { url, path = '/v1/chat/completions', headers = {}, mark = 'x-pullcord-severed', pauseMs = 20 } = options;
  const failed = new Map<number, number>();
  const ends: StreamEnd[] = [];
  const state: Mutable<RogueState> = { streaming: false, streams: 0, tokens: 0, refused: 0, failed, ends };
  const stopping = new AbortController();
  const agents = { httpAgent: new HttpAgent({ keepAlive: true }), httpsAgent: new HttpsAgent({ keepAlive: true }) };
  const waiting = new Set<() => void>();

  const changed = (): void => {
    for (const look of waiting) look();
  };
  const fail = (status: number): void => {
    failed.set(status, (failed.get(status) ?? 0) + 1);
  };

  const ask = async (): Promise<void> => {
    const response: AxiosResponse<Readable> = await axios.request({
      method: 'POST',
      url: new URL(path, url).href,
      headers,
      data: {
        model: options.model ?? 'gpt-4o',
        stream: true,
        ...(options.maxTokens === undefined ? {} : { max_tokens: options.maxTokens }),
        messages: [{ role: 'user', content: 'Go on.' }],
      },
      responseType: 'stream',
      signal: stopping.signal,
      ...agents,
      proxy: false,
      maxRedirects: 0,
      validateStatus: () => true,
    });
    if (response.status === 200) return listenTo(response.data);
    if (response.status === 503 && response.headers[mark] !== undefined) {
      state.refused += 1;
      state.lastRefusedAt = performance.now();
    } else fail(response.status);
    changed();
    await finished(response.data.resume());
  };

  const listenTo = async (body: Readable): Promise<void> => {
    const before = state.tokens;
    state.streams += 1;
    state.streaming = true;
    state.streamStartedAt = performance.now();
    changed();
    let how: StreamEnd['how'] = 'aborted';
    try {
      for await (const { event, data } of events(body)) {
        if (event === 'error') how = 'error-event';
        else if (data === '[DONE]') how = 'done';
        else if (hasContent(data)) {
          state.tokens += 1;
          state.lastTokenAt = performance.now();
        }
        changed();
      }
    } catch {
      // Cut in the midst: how it ended is known already.
    }
    state.streaming = false;
    ends.push({ at: performance.now(), how, tokens: state.tokens - before });
    if (ends.length > ENDS_KEPT) ends.shift();
    changed();
  };

  const loop = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      try {
        await ask();
      } catch {
        if (stopping.signal.aborted) break;
        fail(0);
        changed();
      }
      await pause(pauseMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  };
  const running = loop();

  return {
    state,
    waitFor: (condition, ms = 5_000) =>
      new Promise((resolve, reject) => {
        const finish = (settle: () => void): void => {
          clearTimeout(timer);
          waiting.delete(look);
          settle();
        };
        const look = (): void => {
          if (condition(state)) finish(() => resolve(state));
        };
        const timer = setTimeout(() => {
          const seen = JSON.stringify({ ...state, failed: [...failed], ends: ends.slice(-3) });
          finish(() => reject(new Error(`the agent has not seen ${condition} within ${ms} ms: ${seen}`)));
        }, ms);
        waiting.add(look);
        look();
      }),
    async stop() {
      stopping.abort();
      await running;
      agents.httpAgent.destroy();
      agents.httpsAgent.destroy();
    },
  };
}

/** An OpenAI chunk that carries a piece of text: one token of the stand-in model. */
function hasContent(data: string): boolean {
  try {
    const { choices } = JSON.parse(data) as { choices?: { delta?: { content?: string } }[] };
    return choices?.[0]?.delta?.content !== undefined;
  } catch {
    return false;
  }
}
