import type { Logger } from 'pino';
import { type Detection, WHOLE } from './detection';
import type { Episodes } from './episodes';
import type { Signal } from './signal';

/** What is spent just now, by all keys together. */
export interface SpendSummary {
  /** Epoch, in milliseconds. */
  readonly at: number;
  /** False: what is spent may go unseen. That is not nothing. */
  readonly sees: boolean;
  /** In the last minute. */
  readonly usdPerMinute: number;
  readonly tokensPerMinute: number;
  /** The worst of any key, in the last ten minutes; undefined: nothing. */
  readonly standing?: Signal['level'];
}

export interface PulseOptions {
  readonly detection: Pick<Detection, 'outlook'>;
  readonly episodes: Pick<Episodes, 'worst'>;
  readonly sees: () => boolean;
  readonly logger: Logger;
}

/** Tells whoever listens how it stands, after each look. While nobody does, nothing is reckoned. */
export class Pulse {
  private readonly listeners = new Set<(summary: SpendSummary) => void>();

  constructor(private readonly options: PulseOptions) {}

  /** From memory. @param at epoch, in milliseconds. */
  summary(at: number): SpendSummary {
    const { detection, episodes, sees } = this.options;
    const minute = detection.outlook(WHOLE, at)?.spent.minute;
    const standing = episodes.worst(at);
    return {
      ...{ at, sees: sees(), usdPerMinute: minute?.usd ?? 0, tokensPerMinute: minute?.tokens ?? 0 },
      ...(standing === undefined ? {} : { standing }),
    };
  }

  /** @returns what ends it. One that throws is heard of in the log, and keeps nobody else from being told. */
  onLook(listener: (summary: SpendSummary) => void): () => void {
    const own = (summary: SpendSummary): void => listener(summary);
    this.listeners.add(own);
    return () => void this.listeners.delete(own);
  }

  /** A look was taken. Never throws. @param at epoch, in milliseconds. */
  looked(at: number): void {
    if (this.listeners.size === 0) return;
    const summary = this.summary(at);
    for (const listener of [...this.listeners]) {
      try {
        listener(summary);
      } catch (error) {
        this.options.logger.error({ err: error }, 'one who is told of every look of the tripwire failed');
      }
    }
  }
}
