export interface TroublesOptions {
  readonly raise: (key: string, text: string) => void;
  readonly clear: (key: string, text: string) => void;
  /** What lasts shorter is no trouble: a cut that is being made looks like one for a moment. Milliseconds. */
  readonly graceMs: number;
}

interface Standing {
  text: string;
  raised: boolean;
  readonly timer: NodeJS.Timeout;
}

/** Keeps what is wrong now, and passes it on when it lasts. As many entries as the program has parts. */
export class Troubles {
  private readonly standing = new Map<string, Standing>();

  constructor(private readonly options: TroublesOptions) {}

  trouble(key: string, text: string): void {
    const known = this.standing.get(key);
    if (known) {
      known.text = text;
      return;
    }
    const timer = setTimeout(() => {
      const lasting = this.standing.get(key);
      if (!lasting) return;
      lasting.raised = true;
      this.options.raise(key, lasting.text);
    }, this.options.graceMs).unref();
    this.standing.set(key, { text, raised: false, timer });
  }

  cleared(key: string, text: string): void {
    const known = this.standing.get(key);
    if (!known) return;
    clearTimeout(known.timer);
    this.standing.delete(key);
    if (known.raised) this.options.clear(key, text);
  }

  /** What is wrong with this part, if anything; whether or not it has lasted. */
  of(key: string): string | undefined {
    return this.standing.get(key)?.text;
  }

  close(): void {
    for (const { timer } of this.standing.values()) clearTimeout(timer);
    this.standing.clear();
  }
}
