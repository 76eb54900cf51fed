import type { Report } from '../cutters/cutter';
import type { Aim } from './turns';

/** How long to wait before the next try while the goal has not been seen. Milliseconds; the last one repeats. */
const BACKOFF_MS = [10, 20, 50, 100, 200, 500, 1_000, 2_000] as const;

/** How one pass ended: it has seen its goal or has not, a newer goal came, or it broke. */
export type PassEnd = 'reached' | 'missed' | 'overtaken' | 'failed';

export interface DriverOptions<G extends Aim> {
  /** One pass of the cutter. */
  readonly enforce: (goal: G, overtaken: AbortSignal) => Promise<Report>;
  /** The goal as it is now. The same object as long as nothing changed. */
  readonly goal: () => G;
  /** Whether this report is all that the goal wants. */
  readonly onReport: (goal: G, report: Report) => boolean;
  /** What a pass did before it was overtaken; what it saw proves nothing any more. */
  readonly onOvertaken: (goal: G, report: Report) => void;
  readonly onError: (error: unknown) => void;
  /** @param ms from its beginning to its report. Must not throw. */
  readonly onPassed?: ((end: PassEnd, ms: number) => void) | undefined;
  /** How often to look when nothing is to do. Milliseconds. */
  readonly periodMs: number;
  /**
   * How soon it looks again after it has got there: a write of another instance, that was sent before this one's and
   * was held up on its way, may have undone it. Milliseconds.
   */
  readonly againMs?: number;
}

/**
 * Drives one cutter to the goal, again and again, for ever (law 2). One that hangs holds up nobody else; a newer goal
 * aborts a pass that works for an older one (law 1).
 */
export class Driver<G extends Aim> {
  private pass = new AbortController();
  private driven: G | undefined;
  private wake: (() => void) | undefined;
  private closed = false;
  private running: Promise<void> | undefined;

  constructor(private readonly options: DriverOptions<G>) {}

  start(): void {
    this.running ??= this.loop();
  }

  /** The goal may have changed: don't wait for the next look. */
  kick(): void {
    if (this.driven !== this.options.goal()) this.pass.abort();
    this.wake?.();
  }

  /** Don't wait for the next look; a pass that is under way goes on. */
  look(): void {
    this.wake?.();
  }

  async close(): Promise<void> {
    this.closed = true;
    this.pass.abort();
    this.wake?.();
    await this.running;
  }

  private async loop(): Promise<void> {
    const { periodMs, againMs = periodMs } = this.options;
    let misses = 0;
    let again = true;
    while (!this.closed) {
      this.pass = new AbortController();
      const goal = this.options.goal();
      if (goal !== this.driven) {
        misses = 0;
        again = true;
      }
      this.driven = goal;
      const reached = await this.enforce(goal);
      if (goal !== this.options.goal() || this.closed) continue;
      misses = reached ? 0 : misses + 1;
      const backoff = BACKOFF_MS[Math.min(misses, BACKOFF_MS.length) - 1] ?? 0;
      await this.sleep(Math.min(reached ? (again ? againMs : periodMs) : backoff, periodMs));
      again &&= !reached;
    }
  }

  private async enforce(goal: G): Promise<boolean> {
    const { signal } = this.pass;
    const began = performance.now();
    const passed = (end: PassEnd, at = performance.now()): void => this.options.onPassed?.(end, at - began);
    try {
      const report = await this.options.enforce(goal, signal);
      const reportedAt = performance.now();
      if (!signal.aborted) {
        const reached = this.options.onReport(goal, report);
        passed(reached ? 'reached' : 'missed', reportedAt);
        return reached;
      }
      passed('overtaken', reportedAt);
      this.options.onOvertaken(goal, report);
      return false;
    } catch (error) {
      passed(signal.aborted ? 'overtaken' : 'failed');
      if (!signal.aborted) this.options.onError(error);
      return false;
    }
  }

  private async sleep(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
      if (this.closed) this.wake();
    });
    this.wake = undefined;
  }
}
