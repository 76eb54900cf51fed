/** Remembers the newest few, so that a flood makes it forget and never makes it grow. */
export class Recent<T> {
  private readonly kept = new Map<string, T>();

  constructor(private readonly most: number) {}

  /** The value that is kept under the key; made when there is none. */
  take(key: string, make: () => T): T {
    const known = this.kept.get(key);
    if (known !== undefined) return known;
    const made = make();
    this.kept.set(key, made);
    const [oldest] = this.kept.keys();
    if (this.kept.size > this.most && oldest !== undefined) this.kept.delete(oldest);
    return made;
  }

  forget(key: string): void {
    this.kept.delete(key);
  }
}
