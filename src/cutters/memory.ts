/** What a cutter remembers over a restart. Every call is bounded in time by whoever hands the memory in. */
export interface Memory {
  /** Null or undefined when nothing was ever kept under this name. */
  get(name: string): Promise<unknown>;
  /** Null forgets. */
  set(name: string, value: unknown): Promise<void>;
}

/**
 * A memory that a STOP never has to wait for twice: what could not be kept stays in this process, counts as the truth,
 * and is kept at the next occasion.
 */
export class Notes {
  private readonly unsaved = new Map<string, unknown>();

  constructor(private readonly memory: Memory) {}

  /** @throws whatever the memory throws, unless a newer value is waiting to be kept. */
  async get(name: string): Promise<unknown> {
    if (!this.unsaved.has(name)) return this.memory.get(name);
    const value = this.unsaved.get(name);
    await this.set(name, value);
    return value;
  }

  /** Never throws. @returns whether a restart will find it. */
  async set(name: string, value: unknown): Promise<boolean> {
    this.unsaved.set(name, value);
    try {
      await this.memory.set(name, value);
    } catch {
      return false;
    }
    if (this.unsaved.get(name) === value) this.unsaved.delete(name);
    return true;
  }
}
