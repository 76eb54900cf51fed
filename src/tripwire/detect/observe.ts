import type { Usage } from '../reading';
import type { Unit } from '../signal';
import { ceilingsOver, overBudget, tooMuchForAStranger } from './exceeded';
import { gapOf, SET_BACK_SECONDS } from './gap';
import { gauges } from './gauges';
import type { How, Observed, Spent } from './how';
import { DAYS_KEPT, levelsOf, withHour } from './levels';
import { likenessOf } from './likeness';
import { limits, measure } from './measure';
import { type Profile, profiles, TOKENS_A_DOLLAR } from './profile';
import { advance, MINUTE_SECONDS, minuteSpend, REACH_SECONDS, spend } from './spending';
import { copyOf, type SubjectState, setBack } from './state';
import { endTrip, tell, trippedAtThisHour } from './tell';
import { activeMinute, learnHours, learnMinute, learnPrice } from './usual';

export type { How, Observed, Spent } from './how';

const HOUR_SECONDS = 3_600;
const FIVE_MINUTES_SECONDS = 300;

/** What is left of a model's price, in US dollars a token, when it costs nothing. */
const FREE = 1e-9;

/**
 * What a subject's detectors say of what it has spent. Pure: the state handed in stays what it was. The same as
 * `observeInPlace`, which saves the copy.
 */
export function observe(state: SubjectState, spent: Spent, how: How): Observed {
  return observeInPlace(copyOf(state), spent, how);
}

/**
 * The same upon a state that is the caller's to give away: it is changed, and handed back. No clock, no chance, no
 * I/O. A state is for one unit: money, or the tokens of models that cost nothing.
 */
export function observeInPlace(state: SubjectState, spent: Spent, how: How): Observed {
  const profile = how.tuning ?? profiles[how.profile];
  if (spent.to / 1000 < state.at - SET_BACK_SECONDS) setBack(state, spent.to / 1000);
  const at = Math.max(state.at, spent.to / 1000);
  const tokens = spent.promptTokens + spent.completionTokens;
  if (state.tripped && at - state.tripped.over > profile.calmSeconds) endTrip(state);
  const overCeiling = ceilingsOver(state, how, spent, at, how.unit === 'usd' ? spent.spendUsd : tokens);
  const amount = watched(spent, how.unit);
  if (amount === undefined) return tell(state, how, profile, at, overCeiling, 0);

  turnHour(state, profile, at);
  const learns = at >= state.learnsFrom;
  const minute = Math.floor(at / MINUTE_SECONDS);
  if (minute > state.minute) {
    const before = minuteSpend(state.spending, 0);
    if (before > 0 && learns) learnMinute(state.usual, at, before);
  }
  const minuteOver = minute > state.minute;
  const fiveMinutesOver = Math.floor(at / FIVE_MINUTES_SECONDS) > Math.floor(state.at / FIVE_MINUTES_SECONDS);
  const { prices } = state.usual;
  const likeness = likenessOf(state.calls, { ...spent, at, spend: amount }, profile.likeness);
  const dear = how.unit === 'usd' && prices.usual > 0 ? Math.max(0, amount - prices.usual * tokens) : 0;
  if (learns && how.unit === 'usd') learnPrice(prices, amount, tokens);

  advance(state.spending, at);
  put(state, spent, at, amount, likeness === 'none' ? 0 : amount, dear);
  state.usual.hourSpend += learns ? amount : 0;
  state.at = at;
  state.minute = minute;

  if (minuteOver) {
    state.typical = Math.max(profile.leastActiveMinute, activeMinute(state.usual));
    limits(state.levels, profile, state.typical, state.limits);
  }
  measure(state.spending, profile, state.typical, minuteOver, fiveMinutesOver, shown);
  const known = state.hour - state.firstHour;
  const recurs = trippedAtThisHour(state);
  const cold = known < profile.cold.hours;
  let highest = -1;
  let ratio = 0;
  for (let i = 0; i < gauges.length; i++) {
    const value = shown[i] as number;
    if (value <= 0) continue;
    const allowed = state.limits[i] as number;
    if (value > ratio * allowed) {
      ratio = value / allowed;
      highest = i;
    }
    const peak = cold || recurs ? value : Math.min(value, profile.teaches * allowed);
    if ((learns || recurs) && peak > (state.peaks[i] as number)) state.peaks[i] = peak;
  }
  const stranger = cold && how.anomaly ? tooMuchForAStranger(profile, likeness, shown) : undefined;
  const found = overCeiling ?? overBudget(state, how, profile, shown) ?? stranger;
  if (found) return tell(state, how, profile, at, found, 0);
  if (!how.anomaly || cold || highest < 0) return tell(state, how, profile, at, undefined, 0);
  const gauge = gauges[highest] as (typeof gauges)[number];
  const over = { rule: gauge.rule, windowSeconds: gauge.windowSeconds, limit: state.limits[highest] as number, ratio };
  return tell(state, how, profile, at, ratio > 1 ? over : undefined, ratio, over);
}

/** What every gauge shows: for one call alone, kept so that none allocates. */
const shown = new Float64Array(gauges.length);
/** Whether its tokens cost nothing, or as good as nothing: then they are watched, and not the money. */
export const isFree = ({ spendUsd, promptTokens, completionTokens }: Usage): boolean =>
  spendUsd <= (promptTokens + completionTokens) * FREE;

/** In dollars, or in what as many tokens are watched like. Undefined for what this unit doesn't watch. */
function watched(spent: Spent, unit: Unit): number | undefined {
  const tokens = spent.promptTokens + spent.completionTokens;
  if (unit === 'usd') return isFree(spent) && tokens > 0 ? undefined : spent.spendUsd;
  return isFree(spent) ? tokens / TOKENS_A_DOLLAR : undefined;
}

function turnHour(state: SubjectState, profile: Profile, at: number): void {
  const hour = Math.floor(at / HOUR_SECONDS);
  if (hour <= state.hour) return;
  // Whoever comes back when nothing of it is remembered any more is a stranger again.
  if (state.firstHour === 0 || hour - state.hour > DAYS_KEPT * 24) state.firstHour = hour;
  if (state.peaks.some((peak) => peak > 0)) {
    state.hours = withHour(state.hours, { hour: state.hour, peaks: state.peaks });
    state.peaks = new Float32Array(gauges.length);
  }
  learnHours(state.usual, hour);
  state.hour = hour;
  state.levels = levelsOf(state.hours, state.firstHour, hour, profile.levels);
}

/** Where a look was missed, what came is spread evenly over the time since the one before. */
function put(state: SubjectState, spent: Spent, at: number, amount: number, alike: number, dear: number): void {
  const gap = gapOf(spent);
  const pieces = Math.max(1, Math.ceil(gap / 10));
  const amounts = { all: amount / pieces, alike: alike / pieces, dear: dear / pieces };
  const kept = Math.min(pieces, REACH_SECONDS / 10);
  for (let i = 0; i < kept; i++) spend(state.spending, at - (i * gap) / pieces, amounts);
}
