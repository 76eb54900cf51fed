import type { Signal } from '../signal';
import { type Over, sumOf } from './exceeded';
import { excessOf } from './excess';
import type { How, Observed } from './how';
import { DAYS_KEPT, hourOfDay } from './levels';
import { type Profile, TOKENS_A_DOLLAR } from './profile';
import { ACCEPTED_SECONDS, type SubjectState } from './state';
import { usualAt } from './usual';

/** So long after the last excess, what comes is learnt again. */
const LEARNS_AFTER_SECONDS = 1_800;

/** Close to a limit is worth a question. */
const WARN_AT = 0.85;
const WARN_AGAIN_SECONDS = 21_600;

/**
 * What is said: once while it goes on, again when it has grown a great deal, or is over a ceiling.
 * @param ratio of the learnt limit that is nearest. @param near that limit.
 */
export function tell(
  state: SubjectState,
  how: How,
  profile: Profile,
  at: number,
  over: Over | undefined,
  ratio: number,
  near: Over | undefined = over,
): Observed {
  const { tripped } = state;
  const warned = state.warned && at - state.warned.over <= WARN_AGAIN_SECONDS ? state.warned : undefined;
  if (over) {
    const hard = over.rule === 'ceiling';
    const again = !tripped || over.ratio > profile.grown * tripped.ratio || (hard && !tripped.hard);
    const since = tripped?.since ?? at;
    state.tripped = again
      ? { since, over: at, ratio: over.ratio, hard: hard || tripped?.hard === true }
      : { ...tripped, over: at };
    // What is out of the ordinary teaches nothing, unless it lasts, or comes every day and nobody cut it.
    if (!tripped && !trippedAtThisHour(state)) {
      state.peaks.fill(0);
      rememberHour(state);
    }
    if (at - since < ACCEPTED_SECONDS) state.learnsFrom = at + LEARNS_AFTER_SECONDS;
    return { state, signals: again ? [signal(state, how, at, 'trip', over)] : [] };
  }
  if (!near || ratio < WARN_AT || tripped || warned) return { state, signals: [] };
  state.warned = { since: at, over: at, ratio, hard: false };
  return { state, signals: [signal(state, how, at, 'warn', near)] };
}

/** It is over, and what it spent was told: no window tells it again. */
export function endTrip(state: SubjectState): void {
  state.tripped = undefined;
  state.spending.fine.fill(0);
  state.spending.minutes.fill(0);
}

function signal(
  state: SubjectState,
  { unit }: How,
  at: number,
  level: Signal['level'],
  over: Over,
): Omit<Signal, 'subject'> {
  const { rule, windowSeconds } = over;
  const scale = unit === 'usd' ? 1 : TOKENS_A_DOLLAR;
  const byCeiling = over.observed !== undefined;
  const usualMinute = usualAt(state.usual, state.hour) ?? 0;
  const { since, beyondUsual } = excessOf(state.spending, at, usualMinute);
  return {
    ...{ level, at: at * 1000, rule, unit, windowSeconds },
    observed: over.observed ?? sumOf(state.spending, windowSeconds) * scale,
    usual: ((usualMinute * windowSeconds) / 60) * scale,
    limit: byCeiling ? over.limit : over.limit * scale,
    since: since * 1000,
    beyondUsual: beyondUsual * scale,
  };
}

/**
 * Whether it tripped about this time of the day on two earlier days, and nobody cut it: then it's a job that nobody
 * told of.
 */
export function trippedAtThisHour({ tripHours, hour }: SubjectState): boolean {
  let [newest, oldest] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let by = -1; by <= 1; by++)
    for (const which of [0, HOURS_A_DAY]) {
      const tripped = tripHours[hourOfDay(hour + by) + which] as number;
      const ago = hour - tripped;
      if (ago <= OTHER_DAY_HOURS || ago >= DAYS_KEPT * HOURS_A_DAY) continue;
      newest = Math.max(newest, tripped);
      oldest = Math.min(oldest, tripped);
    }
  return newest - oldest > OTHER_DAY_HOURS;
}

const HOURS_A_DAY = 24;
const OTHER_DAY_HOURS = 20;

/** The newest hour in which it tripped at this hour of the day, and the one before. */
function rememberHour({ tripHours, hour }: SubjectState): void {
  const at = hourOfDay(hour);
  if (tripHours[at] === hour) return;
  tripHours[at + HOURS_A_DAY] = tripHours[at] as number;
  tripHours[at] = hour;
}
