export interface KeeperOptions {
  /** @returns how many bytes were written. */
  readonly write: () => Promise<number>;
  readonly onTrouble: (error: unknown) => void;
  readonly onSaved: () => void;
  readonly monotonic: () => number;
}

const EVERY_MS = 60_000;
/** What is saved takes at most one part in so many of the time. */
const SPARING = 100;
/** And wears out the disk by no more than this, in the long run: 4 GB a day. */
const BYTES_A_SECOND = 50_000;
/** The program's end doesn't wait for more, a second's work: what was saved last has to do. */
const MOST_AT_THE_END = 64_000_000;

/** Saves what was learnt now and then, one save at a time. Never throws: what isn't saved is learnt again. */
export class Keeper {
  private dueAt: number;
  private bytes = 0;
  private saving: Promise<void> | undefined;

  constructor(private readonly options: KeeperOptions) {
    this.dueAt = options.monotonic() + EVERY_MS;
  }

  saveIfDue(): void {
    if (this.options.monotonic() >= this.dueAt) void this.save();
  }

  save(): Promise<void> {
    this.saving ??= this.write().finally(() => {
      this.saving = undefined;
    });
    return this.saving;
  }

  /** Once more, with all that came meanwhile, unless there is too much of it. */
  async close(): Promise<void> {
    if (this.bytes > MOST_AT_THE_END) return;
    await this.saving;
    await this.save();
  }

  private async write(): Promise<void> {
    const { write, onTrouble, onSaved, monotonic } = this.options;
    const began = monotonic();
    try {
      this.bytes = await write();
      onSaved();
    } catch (error) {
      onTrouble(error);
    }
    const tookMs = monotonic() - began;
    this.dueAt = monotonic() + Math.max(EVERY_MS, SPARING * tookMs, (this.bytes / BYTES_A_SECOND) * 1000);
  }
}
