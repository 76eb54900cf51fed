import type { Logger } from 'pino';
import type { Clock } from '../clock';
import type { Channel, Notice } from './channel';
import { Courier } from './courier';
import { sentence } from './sentence';

const MINUTE_MS = 60_000;

/** What still stands is told again, when it is raised again, after so long. */
const AGAIN_MS = 60 * MINUTE_MS;

/** So many are told one by one within the window; the others together, when it ends. */
const BURST = 10;
const WINDOW_MS = 10 * MINUTE_MS;

/** Keys that are remembered. The oldest makes room. */
const CAPACITY = 500;

export interface AlarmsOptions {
  readonly channels: readonly Channel[];
  readonly logger: Logger;
  readonly now: Clock;
}

/**
 * Tells people what is wrong: once over every channel, and once when it is over, never in a flood. Fails towards
 * telling: what could not be told one by one is told together, and all of it is in the log. Never throws.
 */
export interface Alarms {
  /** The same key is the same thing: it is told once, until it is cleared or an hour has passed. */
  raise(key: string, text: string): void;
  /** Tells that it is over, if it was told that it had begun. */
  clear(key: string, text: string): void;
  /** An order's way. Without a text of its own it gets a plain sentence. */
  tell(notice: Omit<Notice, 'text'> & { readonly text?: string }): void;
  /** Within about a second. */
  close(): Promise<void>;
}

export function createAlarms({ channels, logger, now }: AlarmsOptions): Alarms {
  const couriers = channels.map((channel) => new Courier({ channel, logger, now }));
  /** When it was told; undefined while it is held back. */
  const standing = new Map<string, { text: string; toldAt: number | undefined }>();
  let window = { since: Number.NEGATIVE_INFINITY, told: 0 };
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  const send = (notice: Notice): void => couriers.forEach((courier) => courier.bring(notice));

  /** Whether one more may be told by itself now. */
  const mayTell = (): boolean => {
    const age = now() - window.since;
    if (age >= WINDOW_MS || age < 0) window = { since: now(), told: 0 };
    window.told += 1;
    return window.told <= BURST;
  };

  const tellHeld = (): void => {
    timer = undefined;
    const held = [...standing.values()].filter(({ toldAt }) => toldAt === undefined);
    for (const alarm of held) alarm.toldAt = now();
    const [first] = held;
    if (first) send({ kind: 'alarm', text: `${held.length} more, see the log. The first: ${first.text}`, at: now() });
  };

  const remember = (key: string, text: string, toldAt: number | undefined): void => {
    // Deleted first, so that the oldest stands in front.
    standing.delete(key);
    const [oldest] = standing.keys();
    if (oldest !== undefined && standing.size >= CAPACITY) standing.delete(oldest);
    standing.set(key, { text, toldAt });
  };

  return {
    raise(key, text) {
      if (closed) return;
      const known = standing.get(key);
      if (known && (known.toldAt === undefined || now() - known.toldAt < AGAIN_MS)) {
        known.text = text;
        return;
      }
      logger.error({ alarm: key }, text);
      const alone = mayTell();
      remember(key, text, alone ? now() : undefined);
      if (alone) send({ kind: 'alarm', text, at: now() });
      else timer ??= setTimeout(tellHeld, WINDOW_MS).unref();
    },
    clear(key, text) {
      const known = standing.get(key);
      if (closed || !known) return;
      standing.delete(key);
      logger.info({ alarm: key }, text);
      if (known.toldAt !== undefined) send({ kind: 'cleared', text, at: now() });
    },
    tell(notice) {
      if (!closed) send({ ...notice, text: notice.text ?? sentence(notice) });
    },
    async close() {
      closed = true;
      clearTimeout(timer);
      await Promise.all(couriers.map((courier) => courier.close()));
    },
  };
}
