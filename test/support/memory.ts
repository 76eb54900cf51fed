import type { Memory } from '../../src/cutters/memory';

/** A memory that outlives a cutter, and that can be away. */
export class ToyMemory implements Memory {
  readonly kept = new Map<string, unknown>();
  away = false;

  async get(name: string): Promise<unknown> {
    this.check();
    return this.kept.get(name);
  }

  async set(name: string, value: unknown): Promise<void> {
    this.check();
    this.kept.set(name, structuredClone(value));
  }

  private check(): void {
    if (this.away) throw new Error('the memory is away');
  }
}
