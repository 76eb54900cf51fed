import type { Ceiling, SubjectSettings } from '../settings';
import { gauges } from './gauges';
import { floorOf } from './measure';
import { type Profile, profiles } from './profile';
import type { SubjectState } from './state';
import { usualAt } from './usual';

/** What bounds a subject's spend in a step of time, to be drawn beside it. US dollars; undefined while unknown. */
export interface Bounds {
  /** What is expected at this hour. */
  readonly usual: number | undefined;
  /** What is spent below it within the step trips nothing but ceilings and budgets; undefined where only those hold. */
  readonly floor: number | undefined;
  /** Above it one of the configured ceilings is exceeded, however it is spread within the step. */
  readonly ceiling: number | undefined;
  /** Above it the subject's own expectation is exceeded, however it is spread, but for one single large call. */
  readonly trips: number | undefined;
}

const HOUR_SECONDS = 3_600;

/**
 * @param state money; undefined when no money was spent yet. @param at seconds since the epoch.
 * @param stepSeconds how long the step is.
 */
export function boundsOf(
  state: SubjectState | undefined,
  settings: SubjectSettings,
  at: number,
  stepSeconds: number,
): Bounds {
  const usualMinute = state && usualAt(state.usual, Math.floor(at / HOUR_SECONDS));
  const dollars = settings.ceilings.filter(({ unit }) => unit === 'usd');
  return {
    usual: usualMinute === undefined ? undefined : (usualMinute * stepSeconds) / 60,
    floor: settings.anomaly ? lowestFloor(profiles[settings.profile], stepSeconds) : undefined,
    ceiling: least(dollars.map(({ windowSeconds, limit }) => limit * windowsIn(stepSeconds, windowSeconds))),
    trips: state && settings.anomaly ? expected(state, settings, stepSeconds) : undefined,
  };
}

/** Of all that is measured over no more than the step. */
const lowestFloor = (profile: Profile, stepSeconds: number): number | undefined =>
  least(
    gauges
      .filter(({ windowSeconds }) => windowSeconds <= stepSeconds)
      .map(({ stream, windowSeconds }) => floorOf(profile, stream, windowSeconds)),
  );

function expected(
  state: SubjectState,
  { profile: name, dailyBudgetUsd }: SubjectSettings,
  stepSeconds: number,
): number | undefined {
  const profile = profiles[name];
  const limits: [windowSeconds: number, limit: number][] = [];
  if (state.hour - state.firstHour < profile.cold.hours) limits.push([60, profile.cold.all]);
  else
    gauges.forEach(({ stream, windowSeconds }, i) => {
      const limit = state.limits[i] as number;
      if (stream === 'all' && limit > 0) limits.push([windowSeconds, limit]);
    });
  if (dailyBudgetUsd !== undefined)
    for (const [windowSeconds, share] of profile.budgetShares) limits.push([windowSeconds, share * dailyBudgetUsd]);
  return least(limits.map(([windowSeconds, limit]) => limit * windowsIn(stepSeconds, windowSeconds)));
}

/** Spread over so many windows as evenly as can be, each has its share at least: so many limits are surely exceeded. */
const windowsIn = (stepSeconds: number, windowSeconds: number): number =>
  Math.max(1, Math.ceil(stepSeconds / windowSeconds));

const least = (values: readonly number[]): number | undefined =>
  values.length === 0 ? undefined : Math.min(...values);

/** Only for a subject's own ceilings, and those that hold for everybody just now. */
export const withCeilings = (settings: SubjectSettings, more: readonly Ceiling[]): SubjectSettings =>
  more.length === 0 ? settings : { ...settings, ceilings: [...settings.ceilings, ...more] };
