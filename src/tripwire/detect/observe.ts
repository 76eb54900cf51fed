import type { Increment, Usage } from '../reading';
import type { Ceiling, SubjectSettings } from '../settings';
import type { Rule, Signal, Unit } from '../signal';
import { addTo, spentIn, windowsOf } from './ceilings';
import { excessOf } from './excess';
import { gapOf, SET_BACK_SECONDS } from './gap';
import { gauges } from './gauges';
import { DAYS_KEPT, hourOfDay, levelsOf, withHour } from './levels';
import { type Likeness, likenessOf } from './likeness';
import { limits, measure } from './measure';
import { type Profile, profiles, TOKENS_A_DOLLAR } from './profile';
import {
  advance,
  fineSum,
  MINUTE_SECONDS,
  minuteSpend,
  minutesSum,
  REACH_SECONDS,
  type Spending,
  spend,
} from './spending';
import { copyOf, type SubjectState, setBack } from './state';
import { activeMinute, learnHours, learnMinute, learnPrice, usualAt } from './usual';

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

const HOUR_SECONDS = 3_600;
const FIVE_MINUTES_SECONDS = 300;

/** What goes on for so long although it was told is the new usual. */
const ACCEPTED_SECONDS = 21_600;
/** So long after the last excess, what comes is learnt again. */
const LEARNS_AFTER_SECONDS = 1_800;

/** Close to a limit is worth a question. */
const WARN_AT = 0.85;
const WARN_AGAIN_SECONDS = 21_600;

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
  const stranger = cold && how.anomaly ? tooMuchForAStranger(profile, likeness) : undefined;
  const found = overCeiling ?? overBudget(state, how, profile) ?? stranger;
  if (found) return tell(state, how, profile, at, found, 0);
  if (!how.anomaly || cold || highest < 0) return tell(state, how, profile, at, undefined, 0);
  const gauge = gauges[highest] as (typeof gauges)[number];
  const over = { rule: gauge.rule, windowSeconds: gauge.windowSeconds, limit: state.limits[highest] as number, ratio };
  return tell(state, how, profile, at, ratio > 1 ? over : undefined, ratio, over);
}

/** What every gauge shows: for one call alone, kept so that none allocates. */
const shown = new Float64Array(gauges.length);
const COLD_GAUGES = {
  all: gauges.findIndex(({ stream, windowSeconds }) => stream === 'all' && windowSeconds === 60),
  alike: gauges.findIndex(({ stream, windowSeconds }) => stream === 'alike' && windowSeconds === 60),
};

/** Whether its tokens cost nothing, or as good as nothing: then they are watched, and not the money. */
export const isFree = ({ spendUsd, promptTokens, completionTokens }: Usage): boolean =>
  spendUsd <= (promptTokens + completionTokens) * FREE;

/** In dollars, or in what as many tokens are watched like. Undefined for what this unit doesn't watch. */
function watched(spent: Spent, unit: Unit): number | undefined {
  const tokens = spent.promptTokens + spent.completionTokens;
  if (unit === 'usd') return isFree(spent) && tokens > 0 ? undefined : spent.spendUsd;
  return isFree(spent) ? tokens / TOKENS_A_DOLLAR : undefined;
}

/** Whether it tripped about this time of the day on an earlier day: then it's a job that nobody told of. */
function trippedAtThisHour({ tripHours, hour }: SubjectState): boolean {
  for (let by = -1; by <= 1; by++) {
    const ago = hour - (tripHours[hourOfDay(hour + by)] as number);
    if (ago > OTHER_DAY_HOURS && ago < DAYS_KEPT * 24) return true;
  }
  return false;
}

const OTHER_DAY_HOURS = 20;

function turnHour(state: SubjectState, profile: Profile, at: number): void {
  const hour = Math.floor(at / HOUR_SECONDS);
  if (hour <= state.hour) return;
  if (state.firstHour === 0) state.firstHour = hour;
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

interface Over {
  readonly rule: Rule;
  readonly windowSeconds: number;
  readonly limit: number;
  readonly ratio: number;
  /** Where it isn't in the six hours that are kept. */
  readonly observed?: number;
}

function ceilingsOver(state: SubjectState, how: How, spent: Spent, at: number, amount: number): Over | undefined {
  const own = how.ceilings.filter(({ unit }) => unit === how.unit);
  const fits = own.every(({ windowSeconds }, i) => state.ceilings[i]?.windowSeconds === windowSeconds);
  if (!fits || state.ceilings.length !== own.length)
    state.ceilings = windowsOf(
      state.ceilings,
      own.map(({ windowSeconds }) => windowSeconds),
    );
  let found: Over | undefined;
  state.ceilings.forEach((window, i) => {
    addTo(window, at, amount, gapOf(spent));
    const { windowSeconds, limit } = own[i] as Ceiling;
    const observed = spentIn(window, at);
    const ratio = observed / limit;
    if (ratio > 1 && !(found && found.ratio >= ratio))
      found = { rule: 'ceiling', windowSeconds, limit, ratio, observed };
  });
  return found;
}

/** A share of the daily budget in a short time; a single call is no reason, whatever it costs. */
function overBudget(state: SubjectState, how: How, { budgetShares }: Profile): Over | undefined {
  if (how.unit !== 'usd' || how.dailyBudgetUsd === undefined) return undefined;
  for (const [windowSeconds, share] of budgetShares) {
    const allowed = share * how.dailyBudgetUsd;
    const without = shown[allGauge.get(windowSeconds) as number] as number;
    if (without <= SEVERAL_CALLS * allowed) continue;
    const observed = sumOf(state.spending, windowSeconds);
    if (observed > allowed) return { rule: 'budget', windowSeconds, limit: allowed, ratio: observed / allowed };
  }
  return undefined;
}

const SEVERAL_CALLS = 0.2;
const allGauge = new Map(
  gauges.flatMap(({ stream, windowSeconds }, i) => (stream === 'all' ? [[windowSeconds, i]] : [])),
);

const sumOf = (spending: Spending, seconds: number): number =>
  seconds <= 600 ? fineSum(spending, seconds, 0) : minutesSum(spending, seconds / MINUTE_SECONDS);

function tooMuchForAStranger({ cold }: Profile, likeness: Likeness): Over | undefined {
  for (const stream of ['alike', 'all'] as const) {
    const limit = stream === 'alike' && likeness === 'same' ? cold.same : cold[stream];
    const ratio = (shown[COLD_GAUGES[stream]] as number) / limit;
    if (ratio > 1) return { rule: 'cold-start', windowSeconds: 60, limit, ratio };
  }
  return undefined;
}

/** What is said: once while it goes on, again when it has grown a great deal. */
function tell(
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
    const again = !tripped || over.ratio > profile.grown * tripped.ratio;
    const since = tripped?.since ?? at;
    state.tripped = { since, over: at, ratio: again ? over.ratio : (tripped?.ratio ?? over.ratio) };
    // What is out of the ordinary teaches nothing, unless it lasts, or comes every day.
    if (!tripped) {
      state.peaks.fill(0);
      state.tripHours[hourOfDay(state.hour)] = state.hour;
    }
    if (at - since < ACCEPTED_SECONDS) state.learnsFrom = at + LEARNS_AFTER_SECONDS;
    return { state, signals: again ? [signal(state, how, at, 'trip', over)] : [] };
  }
  if (!near || ratio < WARN_AT || tripped || warned) return { state, signals: [] };
  state.warned = { since: at, over: at, ratio };
  return { state, signals: [signal(state, how, at, 'warn', near)] };
}

/** It is over, and what it spent was told: no window tells it again. */
function endTrip(state: SubjectState): void {
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
