/** Requests to Pullcord, which is where the page comes from: never to another host. */

export type Reply<T> =
  | { readonly kind: 'ok'; readonly status: number; readonly body: T }
  | { readonly kind: 'problem'; readonly status: number; readonly reason: string; readonly detail: string }
  /** Nothing that could be read came, or nothing in time. */
  | { readonly kind: 'silent'; readonly detail: string };

export type Failure = Exclude<Reply<never>, { kind: 'ok' }>;

export interface Asked {
  readonly method?: 'GET' | 'POST' | 'DELETE';
  readonly body?: unknown;
  /** Names an order for ever. */
  readonly key?: string;
  /** Milliseconds. */
  readonly withinMs?: number;
}

const WITHIN_MS = 8_000;
/** Told of a 401 that means the session, not a code. */
const ended = new Set<() => void>();

export function onSessionEnd(told: () => void): void {
  ended.add(told);
}

/** Never throws. */
export async function ask<T>(path: string, { method = 'GET', body, key, withinMs = WITHIN_MS }: Asked = {}) {
  // The second is what a form of another site cannot send.
  const headers: Record<string, string> = { accept: 'application/json', 'x-pullcord-console': '1' };
  if (body !== undefined) headers['content-type'] = 'application/json';
  if (key !== undefined) headers['idempotency-key'] = key;
  const init = { method, headers, cache: 'no-store', redirect: 'error', credentials: 'same-origin' } as const;
  try {
    const signal = AbortSignal.timeout(withinMs);
    const answer = await fetch(path, { ...init, signal, body: body === undefined ? null : JSON.stringify(body) });
    const read = await answer.text();
    return replyOf<T>(answer.status, answer.ok, read);
  } catch (error) {
    const late = error instanceof DOMException && error.name === 'TimeoutError';
    return silent(late ? `No answer within ${Math.round(withinMs / 1000)} seconds.` : 'Pullcord cannot be reached.');
  }
}

export const silent = (detail: string): Failure => ({ kind: 'silent', detail });

function replyOf<T>(status: number, ok: boolean, text: string): Reply<T> {
  const body = parsed(text);
  if (ok) return { kind: 'ok', status, body: body as T };
  const { reason = '', detail = `Pullcord answered ${status}.` } = (body ?? {}) as { reason?: string; detail?: string };
  if (status === 401 && !reason.startsWith('code-')) for (const told of ended) told();
  return { kind: 'problem', status, reason, detail };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A key that nobody else makes; `crypto.randomUUID` is missing where the page came without TLS. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return `console-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}
