import { type Quiet, step, WELL } from './quiet';

export interface TroublesOptions {
  readonly raise: (key: string, text: string) => void;
  readonly clear: (key: string, text: string) => void;
  /** What lasts shorter is no trouble. Milliseconds. */
  readonly graceMs: number;
  /** The same for what works and needs looking after: a week is left for that. Milliseconds. */
  readonly supervisoryGraceMs?: number;
  /** Milliseconds, on a clock that nobody sets. */
  readonly monotonic: () => number;
}

interface Standing {
  quiet: Quiet;
  wrong: boolean;
  text: string;
  graceMs: number;
  timer?: NodeJS.Timeout | undefined;
}

/** Keeps what is wrong now, and passes it on when it lasts: see `quiet.ts`. As many entries as the program has parts. */
export class Troubles {
  private readonly standing = new Map<string, Standing>();
  private closed = false;

  constructor(private readonly options: TroublesOptions) {}

  trouble(key: string, text: string, signal: 'trouble' | 'supervisory' = 'trouble'): void {
    const { graceMs, supervisoryGraceMs = graceMs } = this.options;
    const grace = signal === 'trouble' ? graceMs : supervisoryGraceMs;
    const known = this.standing.get(key) ?? { quiet: WELL, wrong: true, text, graceMs: grace };
    this.standing.set(key, Object.assign(known, { text, wrong: true, graceMs: grace }));
    this.step(key, known);
  }

  cleared(key: string, text: string): void {
    const known = this.standing.get(key);
    if (!known || (!known.wrong && known.quiet.phase === 'well')) return;
    if (known.wrong || known.quiet.phase !== 'ending') known.text = text;
    known.wrong = false;
    this.step(key, known);
  }

  /** Something else explains it: what was not told yet is not told. */
  hush(key: string): void {
    if (this.standing.get(key)?.quiet.phase === 'new') this.cleared(key, '');
  }

  close(): void {
    this.closed = true;
    for (const { timer } of this.standing.values()) clearTimeout(timer);
    this.standing.clear();
  }

  private step(key: string, one: Standing): void {
    if (this.closed) return;
    const { quiet, say, againMs } = step(one.quiet, one.wrong, this.options.monotonic(), {
      ...{ graceMs: one.graceMs, unitMs: this.options.graceMs },
    });
    one.quiet = quiet;
    clearTimeout(one.timer);
    // Timers may be some milliseconds early.
    one.timer = againMs === undefined ? undefined : setTimeout(() => this.step(key, one), Math.ceil(againMs)).unref();
    if (say === 'wrong') this.options.raise(key, one.text);
    if (say === 'over') this.options.clear(key, one.text);
  }
}
