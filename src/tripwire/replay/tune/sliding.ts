/** What was spent in a window that slides along, by slots of a sixth of a window or less. Constant memory. */
export class Sliding {
  private readonly slots: Float64Array;
  private newest = Number.NEGATIVE_INFINITY;
  private sum = 0;

  /** @param windowMs @param count slots of a window. */
  constructor(
    windowMs: number,
    count: number,
    private readonly slotMs = windowMs / count,
  ) {
    this.slots = new Float64Array(count);
  }

  /**
   * Adds an amount that came between two times, evenly. What lies before the window is too late to count.
   * @returns the most that the window held meanwhile.
   */
  add(from: number, to: number, amount: number): number {
    const last = Math.floor(Math.max(from, to - 1) / this.slotMs);
    // Of a long gap only what ends in the window can make it fuller than it was.
    const first = Math.max(Math.floor(from / this.slotMs), last - 2 * this.slots.length);
    let most = 0;
    for (let slot = first; slot <= last; slot += 1) {
      const inside = Math.min((slot + 1) * this.slotMs, to) - Math.max(slot * this.slotMs, from);
      this.put(slot, to > from ? (amount * inside) / (to - from) : amount);
      most = Math.max(most, this.sum);
    }
    return most;
  }

  private put(slot: number, amount: number): void {
    const { length } = this.slots;
    if (slot <= this.newest - length) return;
    if (slot > this.newest) {
      const from = Math.max(this.newest + 1, slot - length + 1);
      for (let gone = from; gone <= slot; gone += 1) this.slots[gone % length] = 0;
      this.newest = slot;
    }
    this.slots[slot % length] = (this.slots[slot % length] as number) + amount;
    // Added up anew: a sum that is carried along drifts.
    this.sum = this.slots.reduce((sum, one) => sum + one, 0);
  }
}
