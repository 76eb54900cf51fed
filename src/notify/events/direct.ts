import type { Logger } from 'pino';
import type { Result } from './deliveries';
import type { DeliveryIds } from './outbox';
import { isQuick, waitMs } from './schedule';

/** Deliveries that wait in memory. Of more, the oldest is let go: if it was kept, it is taken up from there. */
const CAPACITY = 200;

interface Waiting {
  readonly ids: DeliveryIds;
  done: boolean;
  wake: () => void;
}

/**
 * Delivers without the queue, from memory: what tells that the queue or the database is away must not wait for them.
 * Tries for 17 minutes, ever more slowly. Never throws.
 */
export class Direct {
  private readonly waiting = new Map<string, Waiting>();
  private closed = false;

  constructor(private readonly logger: Logger) {}

  /** @param attempt one try. May throw: then it is tried again. */
  bring(ids: DeliveryIds, attempt: () => Promise<Result>): void {
    const key = `${ids.subscription} ${ids.event}`;
    if (this.closed || this.waiting.has(key)) return;
    const [oldest] = this.waiting.values();
    if (this.waiting.size >= CAPACITY && oldest) this.letGo(oldest, 'too many events wait');
    const one: Waiting = { ids, done: false, wake: () => undefined };
    this.waiting.set(key, one);
    void this.work(one, attempt).finally(() => {
      if (this.waiting.get(key) === one) this.waiting.delete(key);
    });
  }

  /** What waits is let go at once; what is being tried ends by itself. */
  close(): void {
    this.closed = true;
    for (const one of this.waiting.values()) this.letGo(one, 'the program ends');
  }

  private async work(one: Waiting, attempt: () => Promise<Result>): Promise<void> {
    for (let tries = 1; !one.done; tries++) {
      const result = await attempt().catch((error): Result => {
        this.logger.debug({ ...one.ids, err: error }, 'a direct delivery was not tried');
        return 'again';
      });
      if (result === 'over') return;
      if (!isQuick(tries)) return this.letGo(one, 'nobody took it');
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, waitMs(tries)).unref();
        one.wake = () => {
          clearTimeout(timer);
          resolve();
        };
        if (one.done) one.wake();
      });
    }
  }

  private letGo(one: Waiting, why: string): void {
    if (one.done) return;
    one.done = true;
    one.wake();
    this.waiting.delete(`${one.ids.subscription} ${one.ids.event}`);
    this.logger.warn({ ...one.ids }, `a direct delivery was given up: ${why}`);
  }
}
