/** Of two looks, whoever is looked at. Milliseconds. */
const OVER_AFTER_MS = 180_000;

/**
 * Whether readings are refused because there are more keys and models than are remembered: as long as it goes on, somebody
 * is not watched. Sources come by turns, and one that has room says nothing of the others.
 */
export class Room {
  private refused = 0;
  private fullAt: number | undefined;

  /** @param refused readings so far. @param monotonicMs on a clock that nobody sets. */
  take(refused: number, monotonicMs: number): 'full' | 'enough' {
    if (refused > this.refused) this.fullAt = monotonicMs;
    else if (this.fullAt !== undefined && monotonicMs - this.fullAt >= OVER_AFTER_MS) this.fullAt = undefined;
    this.refused = refused;
    return this.fullAt === undefined ? 'enough' : 'full';
  }

  get isFull(): boolean {
    return this.fullAt !== undefined;
  }
}
