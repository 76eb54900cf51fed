import type { Unit } from '../../signal';
import { type History, type Peak, type Window, windows } from './history';

/** A ceiling, and why. */
export interface Proposal {
  readonly unit: Unit;
  readonly window: Window;
  readonly limit: number;
  /** The fullest window that was taken for usual. */
  readonly highest: Peak;
  /** How many times as much the limit is. */
  readonly times: number;
  /** The limit is not lower, however little was spent. */
  readonly isFloor: boolean;
  /** Days whose fullest window was far beyond that: they were left out, and would trip. */
  readonly outliers: readonly Peak[];
}

export interface Proposals {
  readonly profile: 'agent' | 'service';
  /** Of the hours in which something was spent, the share that had some of it every five minutes. */
  readonly fullness: number;
  readonly ceilings: readonly Proposal[];
}

/** Below these, a ceiling would trip at a single call of a large model. */
const FLOORS: Readonly<Record<Unit, Readonly<Record<Window, number>>>> = {
  usd: { perMinute: 1, perHour: 5, perDay: 10 },
  tokens: { perMinute: 500_000, perHour: 5_000_000, perDay: 20_000_000 },
};

/** A day whose fullest window is so many times the median day's is an incident, or a day like no other. */
const OUTLYING = 6;
/** Fewer days have no median worth the name. */
const MEDIAN_DAYS = 5;

/**
 * In hours that a program fills, there is spend in nearly each five minutes; a person's helper pauses. Measured on the
 * recordings of facts: steady and day-and-night services 0.75 to 1, agents 0.2 to 0.62; batch jobs look like agents.
 */
const SERVICE_FULLNESS = 0.7;

/**
 * How far a ceiling lies above the highest that was seen. After n hours a new record comes with probability 1/n an
 * hour: so the shorter the history, the wider.
 */
export const timesFor = (days: number): number => (days >= ENOUGH_DAYS ? 2 : days >= SOME_DAYS ? 3 : 4);
/** Two weeks, which may begin a little late and end a little early. */
export const [ENOUGH_DAYS, SOME_DAYS] = [13, 3];

/** What one's own history suggests. Pure. @param days that the recording covers. */
export function propose(history: History, days: number): Proposals {
  const ceilings = (['usd', 'tokens'] as const).flatMap((unit) =>
    (Object.keys(windows) as Window[]).flatMap((window) =>
      ceilingOf(history.peaksOf(unit, window), unit, window, days),
    ),
  );
  const { fullness } = history;
  return { profile: fullness >= SERVICE_FULLNESS ? 'service' : 'agent', fullness, ceilings };
}

function ceilingOf(peaks: readonly Peak[], unit: Unit, window: Window, days: number): Proposal[] {
  const sorted = [...peaks].sort((a, b) => a.amount - b.amount);
  const median = sorted[Math.floor((sorted.length - 1) / 2)];
  if (!median) return [];
  const outlies = ({ amount }: Peak): boolean => sorted.length >= MEDIAN_DAYS && amount > OUTLYING * median.amount;
  const floor = FLOORS[unit][window];
  const times = timesFor(days);
  const highest = sorted.findLast((peak) => !outlies(peak)) ?? median;
  const wanted = roundUp(highest.amount * times);
  const limit = Math.max(floor, wanted);
  const outliers = peaks.filter((peak) => outlies(peak) && peak.amount > limit);
  return [{ unit, window, limit, highest, times, isFloor: floor > wanted, outliers }];
}

/** To two digits that a person would write. */
export function roundUp(amount: number): number {
  const power = 10 ** (Math.floor(Math.log10(amount)) - 1);
  const steps = Math.ceil(amount / power - 1e-9);
  const even = steps > 20 ? Math.ceil(steps / 5) * 5 : steps;
  return Number((even * power).toPrecision(3));
}
