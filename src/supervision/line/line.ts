import type { Logger } from 'pino';
import type { Clock } from '../../clock';
import { settled } from '../../queue/wait';
import type { Condition, LinePart } from './part';
import { type WatchedPart, type Watcher, watching } from './watching';

export type { WatchedPart, Watcher } from './watching';

/** What a part is told to be, by whoever watches it. */
export interface PartReport extends Condition {
  readonly name: string;
  /** For how long this is news: who is silent for longer is in trouble. Milliseconds; left out: for ever. */
  readonly goodForMs?: number;
  /** Told instead of a sentence of our own. */
  readonly text?: string;
}

/** A part that is known at any moment without asking anybody. */
export interface Sense extends WatchedPart {
  sense(): Condition;
}

export interface LineOptions {
  /** Told of each part again and again. Must not throw. */
  readonly tell: {
    trouble(key: string, text: string, signal: 'trouble' | 'supervisory'): void;
    cleared(key: string, text: string): void;
    /** Something else explains it: what was not told yet is not told. */
    hush(key: string): void;
  };
  readonly logger: Logger;
  readonly now: Clock;
  /** Milliseconds, on a clock that nobody sets. */
  readonly monotonic: () => number;
  /** How often what is overdue is looked for. Milliseconds. */
  readonly sweepMs?: number;
  /** In place of each watcher's own period: for tests. Milliseconds. */
  readonly everyMs?: number | undefined;
}

interface Entry {
  readonly part: WatchedPart;
  condition: Condition;
  since: number;
  lastWell: number | undefined;
  /** When it has to have reported again, on the monotonic clock. */
  due: number;
  text?: string | undefined;
  /** Another part's trouble explained this one when it was last told of. */
  explained: boolean;
  /** Has it looked at now. */
  kick?: (() => void) | undefined;
}

/** The key of what is told of all that are late. */
const WATCHERS = 'watchers';
const LATE = 'its watcher has not reported in time';
const SWEEP_MS = 1_000;
/** Beyond its period and its bound, before a watcher that says nothing is trouble: a busy machine is late. */
const SLACK_MS = 5_000;
/** Many sweeps: a busy machine is late. */
const STUCK_MS = 30_000;
const CLOSE_MS = 1_000;

/**
 * The supervised line: how every part of the way stands, and since when. Whoever watches a part reports it here. Fails
 * towards trouble: a watcher that does not report in time makes its parts trouble, and so does one that throws.
 */
export class Line {
  private readonly entries = new Map<string, Entry>();
  private readonly senses: Sense[] = [];
  private readonly watchers: Watcher[] = [];
  private readonly closing = new AbortController();
  private running: readonly Promise<void>[] = [];
  private timer: NodeJS.Timeout | undefined;
  /** On the monotonic clock. */
  private sweptAt: number;

  constructor(private readonly options: LineOptions) {
    this.sweptAt = options.monotonic();
  }

  /** A part that others report: known, and not well, before its first report. */
  expect(part: WatchedPart, withinMs = Number.POSITIVE_INFINITY): void {
    if (!this.entries.has(part.name)) this.add(part, withinMs);
  }

  report({ name, goodForMs = Number.POSITIVE_INFINITY, text, ...condition }: PartReport): void {
    // What comes to an end is no trouble.
    if (this.closing.signal.aborted) return;
    const entry = this.entries.get(name) ?? this.add({ name }, goodForMs);
    this.set(entry, condition, this.options.monotonic() + goodForMs, text);
    this.tellAll();
  }

  sense(sense: Sense): void {
    this.senses.push(sense);
    this.add(sense, Number.POSITIVE_INFINITY);
  }

  watch(watcher: Watcher): void {
    this.watchers.push(watcher);
    for (const part of watcher.parts) this.add(part, this.goodForMs(watcher));
  }

  /** Looks at all at once now, then each in its own time. */
  start(): void {
    const { signal } = this.closing;
    this.running = this.watchers.map((watcher) => {
      const goodForMs = this.goodForMs(watcher);
      const { kick, ended } = watching({
        ...{ watcher, signal, everyMs: this.options.everyMs ?? watcher.everyMs },
        onSeen: (name, condition) => {
          const entry = this.entries.get(name);
          if (entry) this.set(entry, condition, this.options.monotonic() + goodForMs);
        },
        onLook: () => this.tellAll(),
      });
      for (const { name } of watcher.parts) Object.assign(this.entries.get(name) ?? {}, { kick });
      return ended;
    });
    const sweep = (): void => {
      this.sweptAt = this.options.monotonic();
      this.take();
      this.tellAll();
      this.timer = setTimeout(sweep, this.options.sweepMs ?? SWEEP_MS).unref();
    };
    sweep();
  }

  /** How all parts stand now, in the order in which they were made known. Nothing is asked of anybody. */
  parts(): readonly LinePart[] {
    this.take();
    return [...this.entries.values()].map(({ part: { name }, condition, since, lastWell }) => {
      return { name, ...condition, since, lastWell };
    });
  }

  /** Why this line can't be trusted to turn: it was not looked over, or one of these parts is overdue. */
  stuck(isLoop: (name: string) => boolean): string | undefined {
    const at = this.options.monotonic();
    if (at - this.sweptAt > STUCK_MS) return 'the line was not looked over';
    const silent = [...this.entries.values()].find(({ part, due }) => isLoop(part.name) && at > due);
    return silent && `${silent.part.name} has not reported in time`;
  }

  async close(): Promise<void> {
    this.closing.abort();
    clearTimeout(this.timer);
    await settled(Promise.all(this.running), CLOSE_MS);
  }

  private goodForMs({ everyMs, withinMs }: Watcher): number {
    return (this.options.everyMs ?? everyMs) + withinMs + SLACK_MS;
  }

  private add(part: WatchedPart, withinMs: number): Entry {
    const { now, monotonic } = this.options;
    const entry: Entry = {
      condition: { signal: part.silence ?? 'trouble', detail: 'has not been looked at yet', quiet: true },
      ...{ part, since: now(), lastWell: undefined, due: monotonic() + withinMs, explained: false },
    };
    this.entries.set(part.name, entry);
    return entry;
  }

  /** What is sensed, and what is overdue. */
  private take(): void {
    const at = this.options.monotonic();
    for (const one of this.senses) {
      const entry = this.entries.get(one.name);
      if (entry) this.set(entry, sensed(one), Number.POSITIVE_INFINITY);
    }
    for (const entry of this.entries.values()) if (at > entry.due) this.set(entry, overdue(entry), entry.due);
  }

  private set(entry: Entry, condition: Condition, due: number, text?: string): void {
    const { now, logger } = this.options;
    const at = now();
    const { signal, detail } = condition;
    if (signal !== entry.condition.signal) {
      entry.since = at;
      logger[signal === 'normal' ? 'info' : 'warn']({ part: entry.part.name, signal }, detail);
    }
    if (signal !== 'trouble') entry.lastWell = at;
    Object.assign(entry, { condition, due, text });
  }

  /** What another part explains is not told; when that one is well again, this one is looked at afresh. */
  private tellAll(): void {
    const { tell } = this.options;
    for (const entry of this.entries.values()) {
      const { part, condition, text } = entry;
      const { name, because } = part;
      if (part.untold) continue;
      const explained = because !== undefined && this.entries.get(because)?.condition.signal === 'trouble';
      const freed = entry.explained && !explained;
      entry.explained = explained;
      if (condition.signal === 'normal') tell.cleared(name, text ?? `${name} is as it should be again.`);
      else if (explained || condition.quiet) tell.hush(name);
      else tell.trouble(name, text ?? sentence(name, condition), condition.signal);
      if (freed && condition.signal !== 'normal') entry.kick?.();
    }
    const late = [...this.entries.values()]
      .filter(({ condition: { signal, detail } }) => signal === 'trouble' && detail.startsWith(LATE))
      .map(({ part: { name } }) => name);
    if (late.length === 0) tell.cleared(WATCHERS, 'All watchers report in time again.');
    else
      tell.trouble(
        WATCHERS,
        `Not reported in time, so nothing is known of: ${late.join(', ')}. See the log.`,
        'trouble',
      );
  }
}

function sensed({ sense }: Sense): Condition {
  try {
    return sense();
  } catch (error) {
    return { signal: 'trouble', detail: `could not be told: ${error instanceof Error ? error.message : 'why not'}` };
  }
}

function overdue({ part: { silence = 'trouble' }, lastWell }: Entry): Condition {
  const last = lastWell === undefined ? '' : `, last well at ${new Date(lastWell).toISOString()}`;
  const todo = 'Nothing is known of it now: see the log; restart Pullcord if it stays so.';
  // All of them may be late at once, on a machine that was frozen: that is told as one thing.
  return { signal: silence, detail: `${LATE}${last}`, todo, quiet: true };
}

const sentence = (name: string, { detail, todo }: Condition): string =>
  `${name}: ${detail}${/[.!?]$/.test(detail) ? '' : '.'}${todo === undefined ? '' : ` ${todo}`}`;
