/**
 * How a part of the way from the phone to the cut stands, told apart as a fire-alarm panel tells it (NFPA 72, EN 54-2).
 * `alarm`: a cut was ordered. `trouble`: a part of the way is broken, or nobody knows. `supervisory`: it works, and
 * somebody has to see to it.
 */
export type Signal = 'normal' | 'alarm' | 'supervisory' | 'trouble';

/** What was last seen of a part, in words without a secret. */
export interface Condition {
  readonly signal: Exclude<Signal, 'alarm'>;
  readonly detail: string;
  /** What to do now. */
  readonly todo?: string | undefined;
  /** It may be as it should be: it is shown, and nobody is called for it. */
  readonly quiet?: boolean | undefined;
}

/** A part as it stands now. */
export interface LinePart extends Condition {
  readonly name: string;
  /** When it began to stand so. Epoch, in milliseconds. */
  readonly since: number;
  /** When it was last seen to work; undefined: never. Epoch, in milliseconds. */
  readonly lastWell: number | undefined;
}
