import { type Memory, Notes } from '../memory';

/**
 * `none`: somebody else's block, if there is one. `ours`: seen open, then blocked by us. `doubtful`: we sent a block,
 * but could not see the key before it, or were restarted before we saw its effect: somebody else may have blocked it.
 */
export type Claim = 'none' | 'doubtful' | 'ours';

/** How long a block that was not answered may still take effect. Milliseconds. */
const LATE_MS = 120_000;

/**
 * Remembers which keys Pullcord itself has blocked, over restarts. Fails towards "not ours": a block that can't be
 * shown to be ours is left alone, and said to be.
 */
export class Claims {
  private readonly notes: Notes;
  /** Keys that this process saw open before it sent its block. */
  private readonly seenOpen = new Set<string>();
  /** Keys that were open when this process last could see them. */
  private readonly lastOpen = new Set<string>();
  private readonly lateUntil = new Map<string, number>();

  constructor(
    memory: Memory,
    private readonly prefix: string,
    private readonly monotonic: () => number,
  ) {
    this.notes = new Notes(memory);
  }

  /** @throws whatever the memory throws. */
  async of(hash: string): Promise<Claim> {
    const note = await this.notes.get(this.name(hash));
    if (note === 'blocked') return 'ours';
    if (note !== 'blocking') return 'none';
    return this.seenOpen.has(hash) ? 'ours' : 'doubtful';
  }

  /** A key was looked at, and seen. */
  saw(hash: string, open: boolean): void {
    if (open) this.lastOpen.add(hash);
    else this.lastOpen.delete(hash);
  }

  wasOpen(hash: string): boolean {
    return this.lastOpen.has(hash);
  }

  /** Noted before the block is sent, so that a crash between the two is noticed. */
  async intend(hash: string, { seenOpen }: { readonly seenOpen: boolean }): Promise<void> {
    if (seenOpen) this.seenOpen.add(hash);
    else this.seenOpen.delete(hash);
    await this.notes.set(this.name(hash), 'blocking');
  }

  /** A block was sent, and not answered. */
  mayComeLate(hash: string): void {
    this.lateUntil.set(hash, this.monotonic() + LATE_MS);
  }

  /** Seen blocked: if it was open before, this is our block. */
  async confirm(hash: string): Promise<void> {
    if (this.seenOpen.delete(hash)) await this.notes.set(this.name(hash), 'blocked');
  }

  /** Seen open while it is to be open: no block of ours is there, unless one is still under way. */
  async seenFree(hash: string): Promise<void> {
    this.seenOpen.delete(hash);
    const late = (this.lateUntil.get(hash) ?? 0) > this.monotonic();
    if (!late) this.lateUntil.delete(hash);
    await this.notes.set(this.name(hash), late ? 'blocking' : null);
  }

  private name(hash: string): string {
    return `${this.prefix} ${hash}`;
  }
}
