import type { ClientRequest } from 'node:http';
import type { Readable } from 'node:stream';
import axios, { type AxiosInstance } from 'axios';
import { withDeadline } from '../../cutters/deadline';
import type { Unseen, Why } from './look';
import { REMEDIES, type Remedies, unseen } from './remedies';

/**
 * One GET of LiteLLM, or of who else shows metrics, bounded in time and in bytes, after decompression. Follows redirects within the origin alone, so
 * that the token never goes elsewhere. Nothing of axios' errors goes on but their code: they hold the token.
 */
export interface Ask {
  readonly http: AxiosInstance;
  readonly url: string;
  readonly token?: string | undefined;
  readonly accept: string;
  /** Milliseconds, from the question to the last byte. */
  readonly timeoutMs: number;
  readonly maxBytes: number;
  readonly signal: AbortSignal;
  /** Who is asked, in what is told of it, and what to do about each reason not to see. Left out: LiteLLM. */
  readonly who?: { readonly name: string; readonly remedies: Remedies };
  /** The head has come. An answer other than undefined ends it there. */
  readonly onHead: (head: Head) => Unseen | undefined;
  /** @throws whatever `onError` knows. */
  readonly onText: (text: string) => void;
  /** All of it has come. @throws whatever `onError` knows. */
  readonly onEnd: () => void;
  /** What the exceptions of `onText` and `onEnd` mean; undefined for those that it doesn't know. */
  readonly onError: (error: unknown) => Unseen | undefined;
}

export interface Head {
  readonly status: number;
  readonly contentType: string;
}

const MAX_REDIRECTS = 3;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** Undefined: all of it was handed over. Never throws. */
export async function ask(question: Ask): Promise<Unseen | undefined> {
  const { timeoutMs, signal } = question;
  let late = false;
  try {
    return await withDeadline(timeoutMs, signal, (bound) => {
      bound.addEventListener('abort', () => (late = !signal.aborted), { once: true });
      return run(question, bound);
    });
  } catch (error) {
    if (signal.aborted) return unseen('stopped', 'The look was given up');
    if (late) return say(question, 'timeout', `${nameOf(question)} did not answer in full within ${timeoutMs} ms`);
    return question.onError(error) ?? broken(question, error);
  }
}

async function run(question: Ask, signal: AbortSignal): Promise<Unseen | undefined> {
  const { origin } = new URL(question.url);
  let url = question.url;
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects += 1) {
    const response = await question.http.get<Readable>(url, {
      responseType: 'stream',
      headers: {
        accept: question.accept,
        'accept-encoding': 'gzip',
        ...(question.token === undefined ? {} : { authorization: `Bearer ${question.token}` }),
      },
      maxContentLength: question.maxBytes,
      maxRedirects: 0,
      proxy: false,
      validateStatus: () => true,
      signal,
    });
    const body = response.data;
    try {
      if (!REDIRECTS.has(response.status)) return await read(question, response.status, response.headers, body);
      const next = locationOf(response.headers.location, url);
      if (next?.origin !== origin)
        return say(question, 'led-elsewhere', `${nameOf(question)} leads to ${next?.origin ?? 'nowhere'}`);
      url = next.href;
    } finally {
      body.on('error', () => {});
      body.destroy();
      // A body that isn't read to its end would keep its connection for ever, and after some of them there is none left.
      (response.request as Pick<ClientRequest, 'destroy'>).destroy();
    }
  }
  return say(question, 'led-elsewhere', `${nameOf(question)} leads on more than ${MAX_REDIRECTS} times`);
}

async function read(
  { onHead, onText, onEnd }: Ask,
  status: number,
  headers: Readonly<Record<string, unknown>>,
  body: Readable,
): Promise<Unseen | undefined> {
  const refused = onHead({ status, contentType: String(headers['content-type'] ?? '') });
  if (refused !== undefined) return refused;
  // What isn't UTF-8 is replaced, not refused: whoever sends requests to LiteLLM could blind us with a label.
  const decoder = new TextDecoder();
  for await (const chunk of body) onText(decoder.decode(chunk as Buffer, { stream: true }));
  onText(decoder.decode());
  onEnd();
  return undefined;
}

function locationOf(location: unknown, from: string): URL | undefined {
  return typeof location === 'string' && URL.canParse(location, from) ? new URL(location, from) : undefined;
}

function broken(question: Ask, error: unknown): Unseen {
  const { code, message } = error as { readonly code?: string; readonly message?: string };
  const name = nameOf(question);
  if (axios.isAxiosError(error) && message?.startsWith('maxContentLength'))
    return say(question, 'too-large', `${name} shows more than ${question.maxBytes} bytes`);
  if (code?.startsWith('Z_'))
    return say(question, 'malformed', `What ${name} answers cannot be decompressed (${code})`);
  if (code !== undefined && /CERT|TLS|SSL|SELF_SIGNED|UNABLE_TO_/.test(code))
    return say(question, 'no-answer', `The certificate of ${name} is not trusted (${code}): give caFile`);
  return say(question, 'no-answer', `${name} cannot be reached (${code ?? 'unknown error'})`);
}

const nameOf = ({ who }: Ask): string => who?.name ?? 'LiteLLM';
const say = ({ who }: Ask, why: Why, what: string): Unseen => unseen(why, what, (who?.remedies ?? REMEDIES)[why]);
