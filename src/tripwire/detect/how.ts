import type { Increment } from '../reading';
import type { SubjectSettings } from '../settings';
import type { Signal, Unit } from '../signal';
import type { Profile } from './profile';
import type { SubjectState } from './state';

export interface Observed {
  readonly state: SubjectState;
  readonly signals: readonly Omit<Signal, 'subject'>[];
}

/** What was spent upon one subject. */
export type Spent = Pick<Increment, 'model' | 'from' | 'to' | 'spendUsd' | 'promptTokens' | 'completionTokens'>;

export interface How extends SubjectSettings {
  readonly unit: Unit;
  /** Left out: the profile's own. */
  readonly tuning?: Profile;
}
