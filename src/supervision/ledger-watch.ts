import type { Logger } from 'pino';

export interface LedgerWatchOptions {
  /** Reads the state afresh. */
  readonly refresh: () => Promise<unknown>;
  /** Called after each answer: what other instances ordered, and what waits to be recorded. */
  readonly onAnswer: () => Promise<void>;
  readonly trouble: (key: string, text: string) => void;
  readonly cleared: (key: string, text: string) => void;
  readonly logger: Logger;
  readonly periodMs: number;
}

const KEY = 'ledger';

/**
 * Asks the ledger every few seconds. It is how orders of other instances are heard of when the queue is silent, and
 * how stops that were carried out without the ledger get into it. No answer is trouble.
 */
export class LedgerWatch {
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;
  private closed = false;
  private answering = false;

  constructor(private readonly options: LedgerWatchOptions) {}

  get ok(): boolean {
    return this.answering;
  }

  /** Looks once now, then again and again. */
  async start(): Promise<void> {
    await this.look();
    if (!this.closed) this.timer = setTimeout(() => void this.start(), this.options.periodMs);
  }

  look(): Promise<void> {
    this.running ??= this.ask().finally(() => {
      this.running = undefined;
    });
    return this.running;
  }

  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    await this.running;
  }

  private async ask(): Promise<void> {
    const { refresh, onAnswer, trouble, cleared, logger } = this.options;
    try {
      await refresh();
      await onAnswer();
      this.answering = true;
      cleared(KEY, 'The ledger answers again.');
    } catch (error) {
      this.answering = false;
      logger.warn({ err: error }, 'the ledger does not answer');
      trouble(KEY, 'The ledger does not answer: STOP works, RESTORE refuses. Check the database.');
    }
  }
}
