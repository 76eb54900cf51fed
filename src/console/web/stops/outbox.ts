import { type Answer, answered, due, isOver, newStop, released, revived, type Stop } from './stop';

/** The part of `localStorage` that is used. */
export interface Shelf {
  readonly length: number;
  key(index: number): string | null;
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

export interface OutboxOptions {
  readonly shelf: Shelf;
  /** Both come to an end within a bound of their own, and never throw. */
  readonly send: (stop: Stop) => Promise<Answer>;
  readonly follow: (order: number) => Promise<Answer>;
  readonly newKey: () => string;
  readonly now: () => number;
  /** Once after so many milliseconds. @returns ends it. */
  readonly later: (ms: number, run: () => void) => () => void;
}

/** The stops of this browser that are not over, and those that came to an end since the page was opened. */
export interface Outbox {
  all(): readonly Stop[];
  /** Keeps it, then sends it. */
  order(scope: string): Stop;
  /** A session began, or the network came back. */
  wake(by: 'session' | 'network'): void;
  /** The person wants an old one sent. */
  confirm(key: string): void;
  /** The person has read how it ended, or does not want it sent any more. */
  dismiss(key: string): void;
  subscribe(told: () => void): () => void;
}

const PREFIX = 'pullcord.stop.';
/** How often it is asked how an accepted one stands, and how often where that could not be found out. Milliseconds. */
const FOLLOW_MS = 1_000;
const UNKNOWN_MS = 5_000;

/**
 * Sends stops until they are answered: over a lost network, over reloads. Each has a place of its own on the shelf, so
 * that two windows overwrite nothing of each other; both may send one, which its key makes one order.
 */
export function createOutbox({ shelf, send, follow, newKey, now, later }: OutboxOptions): Outbox {
  const stops = new Map<string, Stop>();
  const listeners = new Set<() => void>();
  let cancel: (() => void) | undefined;

  for (const stop of kept(shelf)) stops.set(stop.key, revived(stop, now()));

  function put(stop: Stop): void {
    stops.set(stop.key, stop);
    // A shelf that is full or forbidden must not keep a stop from being sent.
    try {
      if (isOver(stop)) shelf.removeItem(PREFIX + stop.key);
      else shelf.setItem(PREFIX + stop.key, JSON.stringify(stop));
    } catch {}
    for (const told of listeners) told();
  }

  function turn(): void {
    cancel?.();
    cancel = undefined;
    for (const stop of [...stops.values()]) {
      const next = due(stop, now());
      if (next === stop) continue;
      put(next);
      if (next.phase === 'sending') void carry(next);
    }
    const times = [...stops.values()].filter(({ phase }) => phase === 'queued').map(({ nextAt }) => nextAt);
    if (times.length > 0) cancel = later(Math.max(0, Math.min(...times) - now()), turn);
  }

  async function carry(stop: Stop): Promise<void> {
    settle(stop.key, await send(stop));
    turn();
  }

  function settle(key: string, answer: Answer): void {
    const stop = stops.get(key);
    if (!stop) return;
    const next = answered(stop, answer, now());
    put(next);
    if (next.phase === 'accepted') watch(next, answer.kind === 'stands' ? FOLLOW_MS : UNKNOWN_MS);
  }

  /** An order without a number cannot be asked after: sent again under its key, it tells how it stands. */
  function watch(stop: Stop, ms: number): void {
    later(ms, () => {
      if (stops.get(stop.key)?.phase !== 'accepted') return;
      const asked = stop.order ? follow(stop.order) : send(stop);
      void asked.then((answer) => settle(stop.key, answer));
    });
  }

  const change = (key: string, by: (stop: Stop) => Stop): void => {
    const stop = stops.get(key);
    if (stop) put(by(stop));
    turn();
  };

  for (const stop of stops.values()) if (stop.phase === 'accepted') watch(stop, FOLLOW_MS);
  turn();

  return {
    all: () => [...stops.values()],
    order: (scope) => {
      const stop = newStop(scope, newKey(), now());
      put(stop);
      turn();
      return stop;
    },
    wake: (by) => {
      for (const { key } of [...stops.values()]) change(key, (stop) => released(stop, by, now()));
    },
    confirm: (key) => change(key, (stop) => released(stop, 'person', now())),
    dismiss: (key) => {
      const stop = stops.get(key);
      // What is on its way cannot be taken back.
      if (!stop || stop.phase === 'sending') return;
      stops.delete(key);
      try {
        shelf.removeItem(PREFIX + key);
      } catch {}
      for (const told of listeners) told();
    },
    subscribe: (told) => {
      listeners.add(told);
      return () => listeners.delete(told);
    },
  };
}

/** What does not read as a stop is left alone. */
function kept(shelf: Shelf): readonly Stop[] {
  try {
    const keys = Array.from({ length: shelf.length }, (_, index) => shelf.key(index) ?? '');
    return keys
      .filter((key) => key.startsWith(PREFIX))
      .flatMap((key) => {
        const stop = read(shelf.getItem(key));
        return stop && PREFIX + stop.key === key ? [stop] : [];
      })
      .sort((a, b) => a.at - b.at);
  } catch {
    return [];
  }
}

function read(text: string | null): Stop | undefined {
  try {
    const value = JSON.parse(text ?? '') as Partial<Stop>;
    const { key, scope, at, phase, tries, nextAt } = value;
    const whole = [key, scope, phase].every((one) => typeof one === 'string');
    return whole && [at, tries, nextAt].every((one) => typeof one === 'number') ? (value as Stop) : undefined;
  } catch {
    return undefined;
  }
}
