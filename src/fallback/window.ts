/** What was seen of the primary at one look, or counted since the one before. */
export interface Sample {
  /** Milliseconds, on a clock that only grows. */
  readonly at: number;
  readonly failures: number;
  readonly successes: number;
}

export interface WindowRule {
  /** So many failures ... */
  readonly failures: number;
  /** ... within so long: down. Milliseconds. */
  readonly withinMs: number;
  /** So long without one, and with a success: well. Milliseconds. */
  readonly wellForMs: number;
}

/** `unsure`: some failures, but too few; or nothing was seen within the period. */
export type Health = 'well' | 'down' | 'unsure';

/** The finest step that is told apart: what happens within it is one sample. Bounds what is kept. */
const PARTS = 60;

/**
 * Counts failures over a period, consecutive or not: a gateway's own checks count consecutive ones alone, and start
 * again at each success. Between `down` and `well` lies a stretch in which the last verdict stands (hysteresis), so that
 * one that flaps stays down.
 */
export class FailureWindow {
  private samples: Sample[] = [];
  private failedBefore = false;
  /** Since when nothing but successes was seen. */
  private wellSince: number | undefined;
  private verdict: Health = 'unsure';

  constructor(private readonly rule: WindowRule) {}

  /** @returns what is to be thought of the primary from now on. A look that saw nothing hands in neither. */
  take({ at, failures, successes }: Sample): Health {
    // Before it is counted: what was seen before a gap says nothing about it.
    this.now(at);
    if (failures > 0) {
      this.failedBefore = true;
      this.wellSince = undefined;
    } else if (successes > 0) this.wellSince ??= at;
    if (failures > 0 || successes > 0) this.keep({ at, failures, successes });
    return this.now(at);
  }

  now(at: number): Health {
    const { failures, wellForMs } = this.rule;
    this.samples = this.samples.filter((sample) => at - sample.at < this.rule.withinMs);
    if (this.samples.length === 0) {
      this.wellSince = undefined;
      this.verdict = 'unsure';
    } else if (this.wellSince !== undefined && (!this.failedBefore || at - this.wellSince >= wellForMs)) {
      this.verdict = 'well';
      // What failed before that is over.
      this.samples = this.samples.map((sample) => ({ ...sample, failures: 0 }));
      this.failedBefore = false;
    } else if (this.failed(at) >= failures) this.verdict = 'down';
    else if (this.verdict === 'well') this.verdict = 'unsure';
    return this.verdict;
  }

  /** Failures within the period. */
  failed(at: number): number {
    return this.samples.reduce((sum, one) => (at - one.at < this.rule.withinMs ? sum + one.failures : sum), 0);
  }

  private keep(sample: Sample): void {
    const last = this.samples.at(-1);
    if (!last || sample.at - last.at >= this.rule.withinMs / PARTS) {
      this.samples.push(sample);
      return;
    }
    const [failures, successes] = [last.failures + sample.failures, last.successes + sample.successes];
    this.samples[this.samples.length - 1] = { at: last.at, failures, successes };
  }
}
