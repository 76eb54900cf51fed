import type { Learnt, Memory } from './memory';

export interface KeeperOptions {
  readonly memory: Memory;
  readonly learnt: () => Omit<Learnt, 'savedAt'>;
  readonly onTrouble: (error: unknown) => void;
  readonly onSaved: () => void;
  /** Epoch, in milliseconds. */
  readonly now: () => number;
  readonly monotonic: () => number;
}

const EVERY_MS = 60_000;
/** What is saved takes at most one part in so many of the time. */
const SPARING = 100;

/** Saves what was learnt now and then, one save at a time. Never throws: what isn't saved is learnt again. */
export class Keeper {
  private dueAt: number;
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

  /** Once more, with all that came meanwhile. */
  async close(): Promise<void> {
    await this.saving;
    await this.save();
  }

  private async write(): Promise<void> {
    const { memory, learnt, onTrouble, onSaved, now, monotonic } = this.options;
    const began = monotonic();
    try {
      await memory.write({ savedAt: now(), ...learnt() });
      onSaved();
    } catch (error) {
      onTrouble(error);
    }
    this.dueAt = monotonic() + Math.max(EVERY_MS, SPARING * (monotonic() - began));
  }
}
