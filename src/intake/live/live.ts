import type { ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { jsonLine } from '../../printable';
import type { SpendSummary } from '../../tripwire/pulse';
import type { LiveBye, LiveIncident, LiveSpend } from '../http/live-schema';
import type { StatusAnswer } from '../http/schemas';
import { incidentsOf } from './incidents';
import { Stream } from './stream';

export interface LiveOptions {
  /** How everything stands. From memory. */
  readonly status: () => Promise<StatusAnswer>;
  /** What is spent; undefined where nobody watches it. */
  readonly spend: { now(): SpendSummary; onLook(listener: (summary: SpendSummary) => void): () => void } | undefined;
  readonly closing: AbortSignal;
  readonly log: Logger;
  /** Milliseconds, on a clock that nobody sets. */
  readonly monotonic?: () => number;
  /** For tests. Milliseconds. */
  readonly keepAliveMs?: number;
}

/** So many look on at most: each costs a connection, and memory while it is slow. */
export const LISTENERS = 64;
const LOOK_MS = 250;
const SPEND_MS = 2_000;
const KEEP_ALIVE_MS = 15_000;

interface Listener {
  readonly stream: Stream;
  /** Whether it may still be told. */
  readonly still: () => boolean;
}

/**
 * How things stand, told as it changes. One observer for all who look on, from memory, whatever door a change came
 * through; nothing runs while nobody looks on. Fails towards "told": what can't be compared is sent.
 */
export class Live {
  private readonly listeners = new Set<Listener>();
  private timer: NodeJS.Timeout | undefined;
  private leaveSpend: () => void = () => undefined;
  private looking: Promise<void> | undefined;
  /** As it was told last. */
  private told: { readonly status: StatusAnswer; readonly line: string; readonly mark: string } | undefined;
  private spent: SpendSummary | undefined;
  private spentToldAt = Number.NEGATIVE_INFINITY;
  private heardAt = 0;

  constructor(private readonly options: LiveOptions) {
    options.closing.addEventListener('abort', () => this.close(), { once: true });
  }

  get full(): boolean {
    return this.listeners.size >= LISTENERS;
  }

  /** @param still asked again and again; once it says no, the stream ends. */
  add(res: ServerResponse, still: () => boolean): void {
    const listener = { stream: new Stream(res), still };
    res.once('close', () => this.remove(listener));
    if (this.options.closing.aborted) {
      bye(listener, 'closing');
      return;
    }
    this.listeners.add(listener);
    if (this.listeners.size === 1) this.begin();
    void this.look().then(() => {
      if (this.told) listener.stream.send('status', this.told.line);
      if (this.options.spend) listener.stream.send('spend', spendLine(this.options.spend.now()));
    });
  }

  private begin(): void {
    this.heardAt = this.monotonic();
    this.timer = setInterval(() => this.tick(), LOOK_MS);
    this.leaveSpend =
      this.options.spend?.onLook((summary) => {
        this.spent = summary;
      }) ?? (() => undefined);
  }

  private remove(listener: Listener): void {
    this.listeners.delete(listener);
    if (this.listeners.size > 0) return;
    clearInterval(this.timer);
    this.leaveSpend();
    this.told = undefined;
    this.spent = undefined;
  }

  private close(): void {
    for (const listener of this.listeners) bye(listener, 'closing');
  }

  private tick(): void {
    for (const listener of this.listeners) if (!listener.still()) bye(listener, 'session-ended');
    const now = this.monotonic();
    if (this.spent && now - this.spentToldAt >= SPEND_MS) {
      this.spentToldAt = now;
      this.tell('spend', spendLine(this.spent));
      this.spent = undefined;
    }
    if (now - this.heardAt >= (this.options.keepAliveMs ?? KEEP_ALIVE_MS)) {
      this.heardAt = now;
      for (const { stream } of this.listeners) stream.comment();
    }
    void this.look();
  }

  /** One at a time, for all. Never throws. */
  private look(): Promise<void> {
    this.looking ??= this.compare()
      .catch((error) => this.options.log.error({ err: error }, 'how things stand could not be told live'))
      .finally(() => {
        this.looking = undefined;
      });
    return this.looking;
  }

  private async compare(): Promise<void> {
    const status = await this.options.status();
    const before = this.told;
    const mark = markOf(status);
    if (before?.mark === mark || this.listeners.size === 0) return;
    this.told = { status, mark, line: jsonLine(status) };
    // Who has just come is told by whoever let them in.
    if (!before) return;
    this.tell('status', this.told.line);
    for (const number of incidentsOf(before.status.scopes, status.scopes))
      this.tell('incident', jsonLine({ number } satisfies LiveIncident));
  }

  private tell(event: string, line: string): void {
    for (const { stream } of this.listeners) stream.send(event, line);
  }

  private monotonic(): number {
    return (this.options.monotonic ?? (() => performance.now()))();
  }
}

function bye({ stream }: Pick<Listener, 'stream'>, reason: LiveBye['reason']): void {
  stream.send('bye', jsonLine({ reason } satisfies LiveBye));
  stream.end();
}

/** What counts as a change: that a part works, it is seen to do again and again. */
const markOf = (status: StatusAnswer): string =>
  JSON.stringify(status, (key, value) => (key === 'lastWell' ? undefined : value));

const spendLine = ({ at, ...rest }: SpendSummary): string =>
  jsonLine({ at: new Date(at).toISOString(), ...rest } satisfies LiveSpend);
