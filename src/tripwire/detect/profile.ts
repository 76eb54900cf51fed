import type { Stream } from './gauges';
import type { LevelOptions } from './levels';
import type { LikenessOptions } from './likeness';

/**
 * How a kind of subject is watched. Money is in US dollars; everything else is a ratio, so that prices times ten and
 * floors times ten give the same trips. Chosen on recorded traffic of many keys and seeds: see docs/adr.
 */
export interface Profile {
  /** What is too little to cut for, in a minute; grows with the root of the window. */
  readonly floors: Readonly<Record<Stream, number>>;
  readonly floorGrowth: number;
  readonly shortFloorGrowth: number;
  /** By how much a learnt level has to be exceeded. */
  readonly margins: Readonly<Record<Stream, number>>;
  /** What a harmless burst may cost, in active minutes of the usual kind, by window in seconds. */
  readonly bursts: Readonly<Record<number, number>>;
  /** The share of it that may be beyond the usual price. */
  readonly dearBurst: number;
  /** The same for what keeps on, for each minute of its window, and for what doubles. */
  readonly sustainedBurst: number;
  readonly sustainedDearBurst: number;
  readonly doublingBurst: number;
  /** The least that an active minute counts for. */
  readonly leastActiveMinute: number;
  readonly likeness: LikenessOptions;
  readonly levels: LevelOptions;
  /**
   * By what factor a minute has to grow upon the one before, two minutes upon the two before, and how many active
   * minutes the third last has to be worth: a burst comes out of nothing.
   */
  readonly doubling: { readonly factor: number; readonly halves: number; readonly before: number };
  /** The share of the five minutes that may be quieter. */
  readonly pauses: number;
  /** Without enough history: what may be spent in a minute, by calls that look alike, and by the very same prompt. */
  readonly cold: { readonly hours: number; readonly all: number; readonly alike: number; readonly same: number };
  /** Which share of the daily budget may go in how many seconds. */
  readonly budgetShares: readonly (readonly [seconds: number, share: number])[];
  /** A trip is over when nothing was exceeded for so long; it is told again when it has grown so many times. */
  readonly calmSeconds: number;
  readonly grown: number;
  /** How far beyond its level an hour may teach. */
  readonly teaches: number;
}

const levels: LevelOptions = {
  ...{ shortReturnDays: 40, longReturnDays: 400, tail: 0.15, priorTail: 0.3, priorWeight: 10, mostTail: 0.7 },
  ...{ jobFactor: 2.5, jobDays: 0.2, jobMargin: 1.8 },
};

const agent: Profile = {
  floors: { all: 0.6, alike: 0.2, dear: 0.4, doubling: 0.15, sustained: 0.35, 'sustained-dear': 0.3 },
  ...{ floorGrowth: 0.75, shortFloorGrowth: 0.75 },
  margins: { all: 1.4, alike: 1.3, dear: 1.2, doubling: 1.8, sustained: 1.6, 'sustained-dear': 1.6 },
  bursts: { 20: 6, 30: 8, 60: 13, 180: 26, 600: 46, 1800: 75, 7200: 150, 21600: 300 },
  dearBurst: 0.7,
  sustainedBurst: 0.8,
  sustainedDearBurst: 0.5,
  doublingBurst: 5.5,
  leastActiveMinute: 0.02,
  likeness: { price: 0.008, ratio: 0.12, least: 2, withinSeconds: 150 },
  levels,
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

const service: Profile = {
  ...agent,
  floors: { all: 0.8, alike: 0.5, dear: 1, doubling: 0.8, sustained: 0.7, 'sustained-dear': 0.6 },
  ...{ floorGrowth: 0.5, shortFloorGrowth: 0 },
  margins: { all: 1.15, alike: 6, dear: 3, doubling: 2.5, sustained: 4, 'sustained-dear': 4 },
  levels: { ...levels, shortReturnDays: 22 },
  cold: { hours: 48, all: 10, alike: 10, same: 2 },
  // Its budget says little of its hours: many a service spends more on some days.
  budgetShares: [
    [60, 0.3],
    [600, 0.7],
  ],
  // A service that does more than ever goes on doing so, for hours.
  ...{ calmSeconds: 43_200, grown: 30 },
};

export const profiles: Readonly<Record<'agent' | 'service', Profile>> = { agent, service };

/** As many tokens of a model that costs nothing as are watched like a dollar. */
export const TOKENS_A_DOLLAR = 50_000;
