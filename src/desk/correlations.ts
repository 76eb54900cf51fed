/** More are never under way at once. */
const REMEMBERED = 100;

/** Which message or request an order came by, for the newest orders. */
export class Correlations {
  private readonly known = new Map<number, string>();

  put(order: number, correlation: string): void {
    this.known.set(order, correlation);
    const [oldest] = this.known.keys();
    if (this.known.size > REMEMBERED && oldest !== undefined) this.known.delete(oldest);
  }

  get(order: number): string | undefined {
    return this.known.get(order);
  }
}
