import type { Cutter, Goal, Report } from '../cutters/cutter';

/** How long to wait before the next try while the goal has not been seen. Milliseconds; the last one repeats. */
const BACKOFF_MS = [10, 20, 50, 100, 200, 500, 1_000, 2_000] as const;

export interface DriverOptions {
  readonly cutter: Cutter;
  /** The goal as it is now. The same object as long as nothing changed. */
  readonly goal: () => Goal;
  /** Whether this report is all that the goal wants. */
  readonly onReport: (goal: Goal, report: Report) => boolean;
  /** What a pass did before it was overtaken; what it saw proves nothing any more. */
  readonly onOvertaken: (goal: Goal, report: Report) => void;
  readonly onError: (error: unknown) => void;
  /** How often to look when nothing is to do. Milliseconds. */
  readonly periodMs: number;
}

/**
 * Drives one cutter to the goal, again and again, for ever (law 2). One that hangs holds up nobody else; a newer goal
 * aborts a pass that works for an older one (law 1).
 */
export class Driver {
  private pass = new AbortController();
  private driven: Goal | undefined;
  private wake: (() => void) | undefined;
  private closed = false;
  private running: Promise<void> | undefined;

  constructor(private readonly options: DriverOptions) {}

  start(): void {
    this.running ??= this.loop();
  }

  /** The goal may have changed: don't wait for the next look. */
  kick(): void {
    if (this.driven !== this.options.goal()) this.pass.abort();
    this.wake?.();
  }

  async close(): Promise<void> {
    this.closed = true;
    this.pass.abort();
    this.wake?.();
    await this.running;
    await this.options.cutter.close();
  }

  private async loop(): Promise<void> {
    let misses = 0;
    while (!this.closed) {
      this.pass = new AbortController();
      const goal = this.options.goal();
      if (goal !== this.driven) misses = 0;
      this.driven = goal;
      const reached = await this.enforce(goal);
      if (goal !== this.options.goal() || this.closed) continue;
      misses = reached ? 0 : misses + 1;
      const backoff = BACKOFF_MS[Math.min(misses, BACKOFF_MS.length) - 1] ?? 0;
      await this.sleep(reached ? this.options.periodMs : Math.min(backoff, this.options.periodMs));
    }
  }

  private async enforce(goal: Goal): Promise<boolean> {
    const { signal } = this.pass;
    try {
      const report = await this.options.cutter.enforce(goal, signal);
      if (!signal.aborted) return this.options.onReport(goal, report);
      this.options.onOvertaken(goal, report);
      return false;
    } catch (error) {
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
