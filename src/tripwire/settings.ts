import type { Unit } from './signal';

/** A hard limit: always on, from the first sample, without learning. */
export interface Ceiling {
  readonly unit: Unit;
  readonly windowSeconds: number;
  readonly limit: number;
}

/** How one subject is watched. */
export interface SubjectSettings {
  /**
   * `agent`: a person's helper, whose spend comes in bouts. `service`: a program's own traffic, whose batches look
   * exactly like a loop at their beginning, so that it is watched with wider margins.
   */
  readonly profile: 'agent' | 'service';
  readonly ceilings: readonly Ceiling[];
  /** US dollars. */
  readonly dailyBudgetUsd?: number;
  /** False: ceilings alone. */
  readonly anomaly: boolean;
}
