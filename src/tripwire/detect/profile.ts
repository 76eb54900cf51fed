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
  /** By how much a learnt level has to be exceeded. */
  readonly margins: Readonly<Record<Stream, number>>;
  /** What a harmless burst may cost, in active minutes of the usual kind, by window in seconds. */
  readonly bursts: Readonly<Record<number, number>>;
  /** The same for what keeps on, for each minute of its window, and for what doubles. */
  readonly sustainedBurst: number;
  readonly sustainedDearBurst: number;
  readonly doublingBurst: number;
  /** The least that an active minute counts for. */
  readonly leastActiveMinute: number;
  readonly likeness: LikenessOptions;
  readonly levels: LevelOptions;
  /** How often a minute has to grow by what factor, and how many active minutes the one before last has to be worth. */
  readonly doubling: { readonly factor: number; readonly before: number };
  /** The share of the five minutes that may be quieter. */
  readonly pauses: number;
  /** Without enough history: what may be spent in a minute, and by calls that look alike. */
  readonly cold: { readonly hours: number; readonly all: number; readonly alike: number };
  /** Which share of the daily budget may go in how many seconds. */
  readonly budgetShares: readonly (readonly [seconds: number, share: number])[];
  /** How far beyond its level an hour may teach. */
  readonly teaches: number;
}

const levels: LevelOptions = {
  ...{ shortReturnDays: 40, longReturnDays: 400, tail: 0.15, priorTail: 0.3, priorWeight: 10, mostTail: 0.7 },
  ...{ jobFactor: 2.5, jobMargin: 1.4 },
};

const agent: Profile = {
  floors: { all: 0.6, alike: 0.3, dear: 0.5, doubling: 0.2, sustained: 0.35, 'sustained-dear': 0.3 },
  margins: { all: 1.1, alike: 1.3, dear: 1.2, doubling: 1.3, sustained: 1.3, 'sustained-dear': 1.3 },
  bursts: { 20: 6, 30: 8, 60: 13, 180: 26, 600: 46, 1800: 75, 7200: 150, 21600: 300 },
  sustainedBurst: 0.8,
  sustainedDearBurst: 0.5,
  doublingBurst: 5,
  leastActiveMinute: 0.02,
  likeness: { price: 0.02, ratio: 0.25, least: 2, withinSeconds: 150 },
  levels,
  doubling: { factor: 1.4, before: 2 },
  pauses: 0.2,
  cold: { hours: 48, all: 3.2, alike: 1 },
  budgetShares: [
    [60, 0.3],
    [600, 0.45],
    [21_600, 1.6],
  ],
  teaches: 1.2,
};

const service: Profile = {
  ...agent,
  floors: { all: 1.2, alike: 0.9, dear: 1, doubling: 0.8, sustained: 0.7, 'sustained-dear': 0.6 },
  margins: { all: 1.4, alike: 3, dear: 1.6, doubling: 2, sustained: 1.6, 'sustained-dear': 1.6 },
  cold: { hours: 48, all: 10, alike: 10 },
};

export const profiles: Readonly<Record<'agent' | 'service', Profile>> = { agent, service };

/** As many tokens of a model that costs nothing as are watched like a dollar. */
export const TOKENS_A_DOLLAR = 50_000;
