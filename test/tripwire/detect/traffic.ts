import type { How, Spent } from '../../../src/tripwire/detect/observe';
import { observeInPlace } from '../../../src/tripwire/detect/observe';
import { type Profile, profiles } from '../../../src/tripwire/detect/profile';
import { copyOf, freshState, type SubjectState } from '../../../src/tripwire/detect/state';
import type { Signal } from '../../../src/tripwire/signal';

/** A Monday, midnight. Seconds since the epoch. */
export const START = 1_767_571_200;
export const MINUTE = 60;
export const HOUR = 3_600;
export const DAY = 86_400;

/** Numbers of these tests' own: what is tuned elsewhere changes nothing here. */
export const tuning: Profile = {
  ...profiles.agent,
  floors: { all: 0.6, alike: 0.2, dear: 0.4, doubling: 0.15, sustained: 0.35, 'sustained-dear': 0.3 },
  floorGrowth: 0.75,
  margins: { all: 1.4, alike: 1.3, dear: 1.2, doubling: 1.8, sustained: 1.6, 'sustained-dear': 1.6 },
  bursts: { 20: 6, 30: 8, 60: 13, 180: 26, 600: 46, 1800: 75, 7200: 150, 21600: 300 },
  ...{ dearBurst: 0.7, sustainedBurst: 0.8, sustainedDearBurst: 0.5, doublingBurst: 5.5, leastActiveMinute: 0.02 },
  likeness: { price: 0.008, ratio: 0.12, least: 2, withinSeconds: 150 },
  levels: {
    ...{ shortReturnDays: 40, longReturnDays: 400, tail: 0.15, priorTail: 0.3, priorWeight: 10, mostTail: 0.7 },
    ...{ jobFactor: 2.5, jobDays: 0.2, jobMargin: 1.8 },
  },
  doubling: { factor: 1.4, halves: 2.5, before: 2 },
  pauses: 0.2,
  cold: { hours: 48, all: 4, alike: 2, same: 0.3 },
  budgetShares: [
    [60, 0.3],
    [600, 0.45],
    [21_600, 1.6],
  ],
  ...{ calmSeconds: 1_800, grown: 3, teaches: 1.2 },
};

export const how = (more: Partial<How> = {}): How => ({
  ...{ profile: 'agent', ceilings: [], anomaly: true, unit: 'usd', tuning },
  ...more,
});

/** What one look showed. */
export interface Call {
  /** Seconds since the epoch; `from` is ten seconds before, where nothing else is said. */
  readonly at: number;
  readonly from?: number;
  readonly usd: number;
  readonly prompt: number;
  readonly completion: number;
  readonly model?: string;
}

export const spentOf = ({ at, from = at - 10, usd, prompt, completion, model = 'sonnet' }: Call): Spent => ({
  ...{ model, from: from * 1000, to: at * 1000 },
  ...{ spendUsd: usd, promptTokens: prompt, completionTokens: completion },
});

const PROMPT_PRICE = 3e-6;
const COMPLETION_PRICE = 15e-6;

/** `times` calls of this size between two looks. @param dearer by what factor the model costs more. */
export const call = (at: number, prompt: number, completion: number, times = 1, dearer = 1): Call => ({
  at,
  usd: times * dearer * (prompt * PROMPT_PRICE + completion * COMPLETION_PRICE),
  prompt: prompt * times,
  completion: completion * times,
});

export interface Ran {
  readonly state: SubjectState;
  readonly signals: readonly Omit<Signal, 'subject'>[];
}

/** Leaves the state that is handed in as it is. */
export function run(state: SubjectState, calls: Iterable<Call>, watched: How = how()): Ran {
  const own = copyOf(state);
  const signals = [...calls].flatMap((one) => observeInPlace(own, spentOf(one), watched).signals);
  return { state: own, signals };
}

export const trips = ({ signals }: Ran) => signals.filter(({ level }) => level === 'trip');

/** Seconds after `from` of the first trip, and its rule; undefined where there was none. */
export function firstTrip(ran: Ran, from: number): readonly [seconds: number, rule: string] | undefined {
  const [first] = trips(ran);
  return first && [first.at / 1000 - from, first.rule];
}

/** Tommy Ettinger's generator of 32 bits: the same numbers on every machine. @returns at least 0, less than 1. */
export function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** A person's helper: some bouts on each working hour's day, calls of very different size, long pauses. */
export function* helper(days: number, seed = 1, from = START): Generator<Call> {
  const next = mulberry32(seed);
  for (let day = 0; day < days; day++) {
    const begins = Array.from({ length: 4 + Math.floor(4 * next()) }, () => (8 + 10 * next()) * HOUR);
    let at = from + day * DAY;
    for (const begin of begins.sort((a, b) => a - b)) {
      at = Math.max(at, from + day * DAY + begin);
      const end = at + (10 + 40 * next()) * MINUTE;
      while (at < end) {
        yield bit(at, next);
        at += 10 * Math.ceil(1 + 6 * next());
      }
    }
  }
}

/** One call of no special size. */
const bit = (at: number, next: () => number): Call =>
  call(Math.round(at), Math.round(2_000 * Math.exp(2 * next())), Math.round(50 * Math.exp(3 * next())));

/** The same call again and again, so many between two looks. */
export const loop = (at: number, seconds: number, times: number, prompt = 6_000, completion = 400): Call[] =>
  Array.from({ length: Math.floor(seconds / 10) }, (_, i) => call(at + 10 * (i + 1), prompt, completion, times));

/** Calls of all sizes at an even pace, `times` as many as one each ten seconds. */
export function busy(at: number, seconds: number, times: number, seed = 7): Call[] {
  const next = mulberry32(seed);
  return Array.from({ length: Math.floor(seconds / 10) }, (_, i) => {
    const all = Array.from({ length: times }, () => bit(at + 10 * (i + 1), next));
    return all.reduce((a, b) => ({
      at: a.at,
      usd: a.usd + b.usd,
      prompt: a.prompt + b.prompt,
      completion: a.completion + b.completion,
    }));
  });
}

let kept: SubjectState | undefined;

/** What two weeks have taught: the helper's days up to now, which is ten in the morning of the day after. */
export function learnt(): SubjectState {
  kept ??= run(freshState(), helper(14)).state;
  return copyOf(kept);
}
export const NOW = START + 14 * DAY + 10 * HOUR;
