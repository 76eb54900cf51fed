import type { Logger } from 'pino';
import type { Entry, Store } from '../ledger/store';

/** So many lines wait for a ledger that is away: refusals, which the meter counts, and what is noted. */
const KEPT = 1_000;

/**
 * Lines of paper that belong to no decision. They are written one batch after the other, and none while the ledger is
 * away: orders wait in the same line, and a RESTORE that is to be refused would wait for each of them.
 */
export class Notes {
  private waiting: readonly Entry[] = [];
  private writing: Promise<void> | undefined;
  private held = false;

  constructor(
    private readonly store: Pick<Store, 'commit'>,
    private readonly logger: Logger,
  ) {}

  add(entries: readonly Entry[]): void {
    this.waiting = [...this.waiting, ...entries].slice(-KEPT);
    if (this.held) this.later(entries);
    else this.write();
  }

  /** The ledger did not answer. */
  hold(): void {
    this.held = true;
  }

  /** It answers. */
  goOn(): void {
    this.held = false;
    this.write();
  }

  /** Tries once more, whatever was seen of the ledger. */
  async close(): Promise<void> {
    this.goOn();
    await this.writing;
  }

  private write(): void {
    this.writing ??= this.writeAll().finally(() => {
      this.writing = undefined;
    });
  }

  private async writeAll(): Promise<void> {
    while (this.waiting.length > 0 && !this.held) {
      const entries = this.waiting;
      try {
        await this.store.commit(() => ({ entries }));
      } catch (error) {
        this.hold();
        this.later(entries, error);
        return;
      }
      const written = new Set(entries);
      this.waiting = this.waiting.filter((entry) => !written.has(entry));
    }
  }

  /** In the log they stand in any case: the process may end before the ledger is back. */
  private later(entries: readonly Entry[], error?: unknown): void {
    this.logger.warn({ err: error, entries }, 'could not be recorded yet');
  }
}
