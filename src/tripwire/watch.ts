import type { Logger } from 'pino';
import type { Tripwire } from '../config/tripwire';
import type { Latch } from '../latch/latch';
import { type BlindState, type BlindTrouble, judge, type PassedToAll, resort, SEEING } from './blind';
import { WHOLE } from './detection';
import type { Gateways } from './gateway';
import type { Keeper } from './keeper';
import type { LookSignals } from './look-signals';
import type { Restores } from './restores';
import type { Look, Moment } from './scrape/look';
import type { Source } from './scrape/source';
import type { Signal } from './signal';
import type { Trips } from './trips';

export interface WatchOptions {
  readonly config: Pick<Tripwire, 'everySeconds' | 'blind'>;
  readonly sources: readonly Source[];
  readonly signals: Pick<LookSignals, 'of' | 'trouble'>;
  readonly trips: Trips;
  /** Undefined where nobody counts what passes the gateways. */
  readonly gateways?: Pick<Gateways, 'pollIfDue' | 'passed' | 'close'> | undefined;
  readonly restores: Restores;
  readonly keeper: Keeper;
  readonly latches: () => readonly Latch[];
  /** A look was taken, and what it showed was judged. Must not throw. */
  readonly onLook?: ((look: Look, state: SourceState) => void) | undefined;
  /** Something lasts that has to be mended, and is over. Must not throw. */
  readonly trouble: (key: string, text: string) => void;
  readonly cleared: (key: string, text: string) => void;
  readonly alarm: (key: string, text: string) => void;
  readonly logger: Logger;
  /** Milliseconds, on a clock that nobody sets. */
  readonly monotonic: () => number;
  /** At least 0, less than 1. */
  readonly random: () => number;
}

/** How one proxy is seen. */
export interface SourceState {
  readonly name: string;
  /** Undefined before the first look. */
  readonly look?: Look;
  readonly troubles: readonly BlindTrouble[];
  readonly blindSince?: Moment | undefined;
}

interface Watched {
  readonly source: Source;
  state: SourceState;
  blindness: BlindState;
  /** What was done of the blindness that lasts. */
  resorted: boolean;
}

/** Of the time between two looks: several instances must not look in step. */
const JITTER = 0.1;

/**
 * The loop: looks at every proxy by itself, again and again, and gives what it sees to the detectors. What trips is
 * ordered in the same turn. Fails towards trouble: a look that shows nothing is told, never taken for nothing spent.
 */
export class Watch {
  private readonly watched: readonly Watched[];
  private readonly closing = new AbortController();
  private running: Promise<unknown> = Promise.resolve();

  constructor(private readonly options: WatchOptions) {
    this.watched = options.sources.map((source) => ({
      ...{ source, blindness: SEEING, resorted: false },
      state: { name: source.name, troubles: [] },
    }));
  }

  start(): void {
    this.running = Promise.all(this.watched.map((one) => this.run(one)));
  }

  states(): readonly SourceState[] {
    return this.watched.map(({ state }) => state);
  }

  /** What is wrong with all of it, and not with how one proxy is seen. */
  trouble(): string | undefined {
    return this.options.signals.trouble();
  }

  async close(): Promise<void> {
    this.closing.abort();
    await this.running;
    await Promise.all([...this.options.sources, this.options.gateways].map((one) => one?.close()));
  }

  private async run(one: Watched): Promise<void> {
    const { config, monotonic, random, logger } = this.options;
    const { signal } = this.closing;
    while (!signal.aborted) {
      const began = monotonic();
      this.options.gateways?.pollIfDue();
      const everyMs = config.everySeconds * 1000 * (1 + JITTER * (2 * random() - 1));
      const look = await one.source.look(signal);
      if (signal.aborted) return;
      try {
        this.take(one, look);
        this.options.cleared(BROKEN, 'The tripwire works again.');
      } catch (error) {
        logger.error({ err: error, source: one.source.name }, 'a look could not be taken');
        this.options.trouble(BROKEN, 'The tripwire failed inside: what it saw was not judged. The log says why.');
      }
      await sleep(Math.max(0, everyMs - (monotonic() - began)), signal);
    }
  }

  private take(one: Watched, look: Look): void {
    const { restores, signals, trips, keeper, latches } = this.options;
    restores.notice(latches(), look.at);
    this.judge(one, look);
    if (look.ok) trips.take(signals.of(look.source, look.scrape, look.at));
    trips.retry();
    this.options.onLook?.(look, one.state);
    keeper.saveIfDue();
  }

  private judge(one: Watched, look: Look): void {
    const { config, trouble, cleared, alarm, trips, monotonic } = this.options;
    const { name } = one.source;
    const before = one.state.troubles;
    const { state, troubles, blindSince } = judge(one.blindness, look, this.passedTo(one));
    one.blindness = state;
    one.state = { name, look, troubles, blindSince };
    for (const { reason, text } of troubles) trouble(keyOf(name, reason), text);
    for (const { reason } of before)
      if (!troubles.some((now) => now.reason === reason))
        cleared(keyOf(name, reason), `The tripwire sees ${name} again (${reason}).`);

    if (blindSince === undefined) one.resorted = false;
    const action = resort(blindSince, config.blind, monotonic());
    if (one.resorted || action === undefined || blindSince === undefined) return;
    one.resorted = true;
    const { afterSeconds } = config.blind;
    // Each time is told: the same key would be the same thing for an hour.
    alarm(
      `${keyOf(name, 'blind')} ${blindSince.at}`,
      `The tripwire has been blind for ${afterSeconds} s: ${troubles[0]?.text ?? name}`,
    );
    if (action === 'sever') trips.blind(blindSignal(blindSince, look));
  }

  /**
   * What passed goes to any of the LiteLLMs: only when none of them counts it, is it missed. One that is not seen may
   * have counted it.
   */
  private passedTo(one: Watched): PassedToAll | undefined {
    const passed = this.options.gateways?.passed();
    const others = this.watched.filter((other) => other !== one);
    if (!passed || others.some(({ state: { look } }) => !look?.ok && look?.why !== 'nothing-shown')) return undefined;
    const elsewhere = others.reduce((sum, { blindness }) => sum + blindness.movement.moves, 0);
    return { ...passed, elsewhere };
  }
}

/** Until then, or until the signal comes. */
function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const wake = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', wake);
      resolve();
    };
    const timer = setTimeout(wake, ms);
    signal.addEventListener('abort', wake);
    if (signal.aborted) wake();
  });
}

const BROKEN = 'tripwire itself';
const keyOf = (source: string, reason: string): string => `tripwire ${source} ${reason}`;

function blindSignal(since: Moment, { at, monotonicMs }: Moment): Signal {
  return {
    ...{ level: 'trip', subject: WHOLE, at, rule: 'blind', unit: 'usd', observed: 0, usual: 0, limit: 0 },
    ...{ windowSeconds: Math.round((monotonicMs - since.monotonicMs) / 1000), since: since.at, beyondUsual: 0 },
  };
}
