import type { SubjectSettings } from '../settings';
import type { Unit } from '../signal';
import { gaugeAt } from './gauges';
import { profiles } from './profile';
import type { SubjectState } from './state';
import { type Span, type Totals, totalsAt } from './totals';
import { usualAt } from './usual';

/** How a subject stands: for the API, for a plot. */
export interface Outlook {
  /** Spent in the last minute, hour and day. US dollars and tokens. */
  readonly spent: Readonly<Record<Span, Readonly<Record<Unit, number>>>>;
  /** US dollars a minute that are usual at this hour; undefined while nothing is known of it. */
  readonly usualUsd?: number;
  /** US dollars in one minute that would trip now, whatever they look like; undefined where only ceilings hold. */
  readonly tripUsd?: number;
}

const ALL_MINUTE = gaugeAt('all', 60);
const HOUR_SECONDS = 3_600;

/** @param state money; undefined when no money was spent yet. @param at seconds since the epoch. */
export function outlookOf(
  state: SubjectState | undefined,
  totals: Totals,
  settings: SubjectSettings,
  at: number,
): Outlook {
  const usualUsd = state && usualAt(state.usual, Math.floor(at / HOUR_SECONDS));
  const tripUsd = state && settings.anomaly ? tripLevel(state, settings) : undefined;
  return {
    spent: totalsAt(totals, at),
    ...(usualUsd === undefined ? {} : { usualUsd }),
    ...(tripUsd === undefined ? {} : { tripUsd }),
  };
}

function tripLevel(state: SubjectState, { profile: name, dailyBudgetUsd }: SubjectSettings): number {
  const profile = profiles[name];
  const cold = state.hour - state.firstHour < profile.cold.hours;
  const learnt = cold ? profile.cold.all : (state.limits[ALL_MINUTE] as number);
  const share = profile.budgetShares.find(([seconds]) => seconds === 60)?.[1];
  return dailyBudgetUsd === undefined || share === undefined ? learnt : Math.min(learnt, share * dailyBudgetUsd);
}
