import type { Logger } from 'pino';
import type { FallbackConfig } from '../config/fallback';
import { type Act, decide } from './decide';
import type { Fallbacks } from './fallbacks';
import type { Glimpse } from './look';
import { span } from './texts';
import { FailureWindow, type Health } from './window';

export interface WatcherOptions {
  readonly name: string;
  readonly config: FallbackConfig;
  readonly fallbacks: Pick<Fallbacks, 'act' | 'standing'>;
  /** Looks at the primary once. Bounded in time; never throws. */
  readonly look: (closing: AbortSignal) => Promise<Glimpse>;
  /** Spent since this decision; undefined when it can't be seen. US dollars. */
  readonly spentUsd: (order: number) => number | undefined;
  /** Keeps what was counted. Never throws. */
  readonly keepSpent: () => Promise<void>;
  /** The time or the money is up, and `whenOver` is `refuse`. */
  readonly refuse: (name: string, order: number, why: string) => Promise<void>;
  readonly now: () => number;
  readonly monotonic: () => number;
  readonly logger: Logger;
}

const SECOND_MS = 1_000;
/** Spend is looked at every so often: a moment without is no blindness. Milliseconds. */
const BLIND_MS = 120 * SECOND_MS;

/** Watches one primary, and does what the configuration says beforehand. */
export class Watcher {
  private readonly window: FailureWindow;
  private readonly closing = new AbortController();
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;
  private sawAt: number;
  private spendSeenAt: number | undefined;
  private lastWhy = 'it fails';

  constructor(private readonly options: WatcherOptions) {
    const { failures, withinSeconds, wellForSeconds } = options.config;
    this.window = new FailureWindow({
      ...{ failures, withinMs: withinSeconds * SECOND_MS, wellForMs: wellForSeconds * SECOND_MS },
    });
    this.sawAt = options.monotonic();
  }

  start(): void {
    this.running = this.turn()
      .catch((error) => this.options.logger.error({ err: error, fallback: this.options.name }, 'a look failed'))
      .finally(() => {
        this.running = undefined;
        const { periodSeconds = 5 } = this.options.config.probe ?? {};
        if (!this.closing.signal.aborted) this.timer = setTimeout(() => this.start(), periodSeconds * SECOND_MS);
      });
  }

  /** Of the primary, as it is seen now. */
  health(): Health {
    return this.window.now(this.options.monotonic());
  }

  /** Whether nothing was seen of the primary for the whole period in which failures are counted. */
  isBlind(): boolean {
    return this.options.monotonic() - this.sawAt >= this.options.config.withinSeconds * SECOND_MS;
  }

  async close(): Promise<void> {
    this.closing.abort();
    clearTimeout(this.timer);
    await this.running;
  }

  private async turn(): Promise<void> {
    const { look, monotonic, config } = this.options;
    const glimpse = await look(this.closing.signal);
    if (this.closing.signal.aborted) return;
    const at = monotonic();
    if (glimpse.why !== undefined) this.lastWhy = glimpse.why;
    const health = this.window.take({ at, ...glimpse });
    if (glimpse.failures + glimpse.successes > 0) this.sawAt = at;
    if (config.maxUsd !== undefined) await this.options.keepSpent();
    await this.follow(health, at);
  }

  private async follow(health: Health, at: number): Promise<void> {
    const { name, config, fallbacks, now, refuse, logger } = this.options;
    const next = (standing: ReturnType<Fallbacks['standing']>): Act | undefined =>
      decide({ config, standing, health, spentUsd: this.spent(standing.permit?.order, at), now: now() });
    const before = fallbacks.standing(name);
    const act = next(before);
    if (!act) return;
    const why = this.whyOf(act);
    try {
      // First: a process that is killed in between has refused at least, and does the rest at its next start.
      if (act.kind === 'go-back' && act.refuse) await refuse(name, before.order, why);
      await fallbacks.act(name, why, next);
    } catch (error) {
      logger.warn({ err: error, fallback: name }, 'what is to be done about a fallback could not be decided');
    }
  }

  private spent(order: number | undefined, at: number): number | undefined {
    if (order === undefined || this.options.config.maxUsd === undefined) return undefined;
    const usd = this.options.spentUsd(order);
    this.spendSeenAt ??= at;
    if (usd !== undefined) this.spendSeenAt = at;
    return usd ?? (at - this.spendSeenAt < BLIND_MS ? 0 : undefined);
  }

  private whyOf(act: Act): string {
    const { config, monotonic } = this.options;
    if (act.kind !== 'go-back')
      return `${this.window.failed(monotonic())} failures within ${config.withinSeconds} s: ${this.lastWhy}`;
    switch (act.why) {
      case 'well':
        return `the primary was well for ${config.wellForSeconds} s`;
      case 'time':
        return `its ${span(config.forSeconds)} are up`;
      case 'money':
        return `its ${config.maxUsd} USD are spent`;
      case 'blind':
        return 'its spend cannot be seen';
    }
  }
}
