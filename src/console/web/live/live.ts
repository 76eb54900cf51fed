import type { LiveSpend } from '../../../intake/http/live-schema';
import type { StatusAnswer } from '../../../intake/http/schemas';
import { createStore, type Store } from '../store';
import { eventReader, type StreamEvent } from './events';

/**
 * What Pullcord tells by itself. Fails towards "not live": what was seen before the connection was lost is shown as
 * that, never as how it stands.
 */
export interface Live {
  readonly connection: Connection;
  /** The newest status, and when it came. Epoch, in milliseconds. */
  readonly status?: StatusAnswer;
  readonly statusAt?: number;
  readonly spend?: LiveSpend;
  /** Grows with each event `incident`. */
  readonly incidents: number;
}

export type Connection =
  | { readonly phase: 'connecting' }
  | { readonly phase: 'live' }
  /** Since when nothing is known. Epoch, in milliseconds. */
  | { readonly phase: 'lost'; readonly since: number };

/** Pullcord says something at least every 15 seconds: silent for so long, it is gone. Milliseconds. */
const SILENCE_MS = 35_000;
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 10_000;

export const live: Store<Live> = createStore<Live>({ connection: { phase: 'connecting' }, incidents: 0 });

export interface Following {
  stop(): void;
  /** Tries again at once. */
  kick(): void;
}

/** @param refused told when the session is no more. */
export function follow(refused: () => void): Following {
  let stopped = false;
  let tries = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let current: AbortController | undefined;

  const lost = (): void => {
    const { connection } = live.get();
    if (connection.phase !== 'lost') live.set({ ...live.get(), connection: { phase: 'lost', since: Date.now() } });
  };

  function retry(): void {
    if (stopped) return;
    lost();
    clearTimeout(timer);
    timer = setTimeout(connect, Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(tries, 10)));
    tries++;
  }

  async function connect(): Promise<void> {
    const controller = new AbortController();
    current = controller;
    let silence = setTimeout(() => controller.abort(), SILENCE_MS);
    const heard = (): void => {
      clearTimeout(silence);
      silence = setTimeout(() => controller.abort(), SILENCE_MS);
    };
    try {
      const answer = await fetch('/api/v1/live', {
        headers: { 'x-pullcord-console': '1' },
        signal: controller.signal,
        cache: 'no-store',
      });
      if (answer.status === 401) return stopped ? undefined : refused();
      if (!answer.ok || !answer.body) throw new Error(`answered ${answer.status}`);
      const read = eventReader();
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        heard();
        for (const event of read(value)) if (take(event) === 'session-ended' && !stopped) return refused();
      }
    } catch {
      // However it ended: it is tried again.
    } finally {
      clearTimeout(silence);
      controller.abort();
    }
    if (current === controller) retry();
  }

  function take({ name, data }: StreamEvent): string | undefined {
    const body = JSON.parse(data) as unknown;
    const before = live.get();
    if (name === 'status') {
      tries = 0;
      const status = body as StatusAnswer;
      live.set({ ...before, connection: { phase: 'live' }, status, statusAt: Date.now() });
    }
    if (name === 'spend') live.set({ ...before, spend: body as LiveSpend });
    if (name === 'incident') live.set({ ...before, incidents: before.incidents + 1 });
    return name === 'bye' ? (body as { reason?: string }).reason : undefined;
  }

  const kick = (): void => {
    if (stopped) return;
    tries = 0;
    clearTimeout(timer);
    const before = current;
    current = undefined;
    before?.abort();
    void connect();
  };
  const offline = (): void => current?.abort();
  window.addEventListener('online', kick);
  window.addEventListener('offline', offline);
  void connect();

  return {
    kick,
    stop: () => {
      stopped = true;
      clearTimeout(timer);
      current?.abort();
      window.removeEventListener('online', kick);
      window.removeEventListener('offline', offline);
      live.set({ connection: { phase: 'connecting' }, incidents: 0 });
    },
  };
}
