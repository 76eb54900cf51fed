import type { WindowSpend } from './ceilings';
import { gauges } from './gauges';
import type { Hours } from './levels';
import type { Calls } from './likeness';
import { noSpending, type Spending } from './spending';
import { nothingUsual, type Usual } from './usual';

/** A trip or warning that goes on: it is told once. */
export interface Standing {
  /** When it was told first, when it was last exceeded. Seconds since the epoch. */
  readonly since: number;
  readonly over: number;
  /** By how much the limit was exceeded when it was last told. */
  readonly ratio: number;
  /** Whether a ceiling was told. */
  readonly hard: boolean;
}

/** What goes on for so long although it was told is the new usual. */
export const ACCEPTED_SECONDS = 21_600;

/**
 * All that is known of one subject in one unit: some ten kilobytes, and a hundred bytes and more for each active
 * hour, up to two weeks of them. Times are in seconds since the epoch.
 */
export interface SubjectState {
  /** The newest increment. */
  at: number;
  /** The first hour in which anything was spent. */
  firstHour: number;
  hour: number;
  minute: number;
  hours: Hours;
  /** For the present hour, learnt from the hours before. */
  levels: Float64Array;
  /** What an active minute usually costs, and what each gauge has to exceed: as of this minute. */
  typical: number;
  readonly limits: Float64Array;
  /** The highest of the present hour. */
  peaks: Float32Array;
  readonly spending: Spending;
  readonly usual: Usual;
  readonly calls: Calls;
  /** One for each ceiling, in their order. */
  ceilings: WindowSpend[];
  tripped: Standing | undefined;
  warned: Standing | undefined;
  /** By hour of the day, the newest hour in which it tripped; then the one before that. */
  readonly tripHours: Float64Array;
  /** Until then nothing is learnt. */
  learnsFrom: number;
}

export const freshState = (): SubjectState => ({
  ...{ at: 0, firstHour: 0, hour: 0, minute: 0, hours: [], learnsFrom: 0, typical: 0 },
  levels: new Float64Array(gauges.length),
  limits: new Float64Array(gauges.length),
  peaks: new Float32Array(gauges.length),
  spending: noSpending(),
  usual: nothingUsual(),
  calls: new Map(),
  ceilings: [],
  tripHours: new Float64Array(48),
  ...{ tripped: undefined, warned: undefined },
});

/** A copy that can be changed without changing this one; what never changes is shared. */
export const copyOf = (state: SubjectState): SubjectState => ({
  ...state,
  limits: state.limits.slice(),
  tripHours: state.tripHours.slice(),
  peaks: state.peaks.slice(),
  spending: { ...state.spending, fine: state.spending.fine.slice(), minutes: state.spending.minutes.slice() },
  usual: {
    ...state.usual,
    minuteSpend: state.usual.minuteSpend.slice(),
    minuteCount: state.usual.minuteCount.slice(),
    hours: state.usual.hours.slice(),
    prices: { ...state.usual.prices, bins: state.usual.prices.bins.slice() },
  },
  calls: new Map(state.calls),
  ceilings: state.ceilings.map((window) => ({ ...window, parts: window.parts.slice() })),
});

/**
 * The clock was set back to this time: windows begin anew, what was learnt of hours that are yet to come is forgotten,
 * and a trip that goes on is told again. @param at seconds since the epoch.
 */
export function setBack(state: SubjectState, at: number): void {
  const hour = Math.floor(at / 3_600);
  rearm(state, Math.min(state.learnsFrom, at));
  state.hours = state.hours.filter((one) => one.hour < hour);
  // Where nothing is left, it is a stranger.
  state.firstHour = state.hours.length > 0 ? Math.min(state.firstHour, hour) : hour;
  state.at = at;
  state.minute = 0;
  state.hour = 0;
  state.spending.fineAt = 0;
  state.spending.minuteAt = 0;
  state.usual.hour = 0;
  state.usual.hourSpend = 0;
}

/**
 * After a restart, a trip that was going on is told again: it may be that the program only observed before, or that it
 * ended before the order was given.
 */
export function tellAgain(state: SubjectState): void {
  const { tripped, at } = state;
  const goesOn = tripped && at - tripped.over < GOES_ON_SECONDS && at - tripped.since < ACCEPTED_SECONDS;
  if (goesOn) state.tripped = undefined;
}

const GOES_ON_SECONDS = 300;

/** Armed at once, with empty windows; the incident teaches nothing. @param at seconds since the epoch. */
export function rearm(state: SubjectState, at: number): void {
  state.tripped = undefined;
  state.warned = undefined;
  state.peaks.fill(0);
  state.spending.fine.fill(0);
  state.spending.minutes.fill(0);
  state.calls.clear();
  state.ceilings = [];
  state.tripHours.fill(0);
  state.learnsFrom = at;
}
