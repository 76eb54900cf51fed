/** One text that arrived on a phone, or didn't. */
export interface Arrived {
  readonly body: string;
  /** `twiml`: the answer to a webhook; `rest`: sent by the API; `keyword`: Twilio's own answer to a reserved word. */
  readonly via: 'twiml' | 'rest' | 'keyword';
}

/** The texts on one phone, in order, each read once. */
export class Inbox {
  readonly all: Arrived[] = [];
  private read = 0;
  private waiting: (() => void)[] = [];

  put(text: Arrived): void {
    this.all.push(text);
    for (const wake of this.waiting.splice(0)) wake();
  }

  /**
   * Waits for the next text that matches. Those before it count as read.
   * @throws Error when none comes within `ms` milliseconds; it names what came instead.
   */
  async next(pattern: RegExp, ms = 5_000): Promise<Arrived> {
    const end = Date.now() + ms;
    const from = this.read;
    for (;;) {
      for (; this.read < this.all.length; this.read += 1) {
        const text = this.all[this.read];
        if (text && pattern.test(text.body)) {
          this.read += 1;
          return text;
        }
      }
      const left = end - Date.now();
      if (left <= 0) {
        const came = this.all.slice(from).map(({ body }) => `"${body}"`);
        throw new Error(`No text like ${pattern} within ${ms} ms. Came instead: ${came.join(', ') || 'nothing'}.`);
      }
      await this.change(left);
    }
  }

  private change(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.waiting.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}
