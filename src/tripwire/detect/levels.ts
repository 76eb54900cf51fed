import { type Gauge, gaugeAt, gauges } from './gauges';

/**
 * How high each gauge goes in the ordinary, learnt from the highest it reached in every hour of the last two weeks.
 *
 * The level of an ordinary hour is a return level: what is reached once in so many days, by Weissman's estimator from
 * the largest 15 %, with Hill's tail index drawn towards a prior (Embrechts, Klueppelberg, Mikosch, "Modelling Extremal
 * Events", 6.4). Keys with heavy tails get wide margins. An hour of the day that is high on most days is a nightly
 * job: it has a level of its own and teaches nothing about the others.
 */

const HOURS_A_DAY = 24;
export const DAYS_KEPT = 14;
const HOURS_KEPT = DAYS_KEPT * HOURS_A_DAY;

export interface LevelOptions {
  /** Return period of windows up to ten minutes, and of longer ones. Days. */
  readonly shortReturnDays: number;
  readonly longReturnDays: number;
  /** The share of hours that are the tail. */
  readonly tail: number;
  /** Tail index before anything is known, its weight in hours, and the most that is believed. */
  readonly priorTail: number;
  readonly priorWeight: number;
  readonly mostTail: number;
  /** An hour of the day is a job's when it is usually so many times as high as the middle one of all hours. */
  readonly jobFactor: number;
  /** On what share of the days it is awake at all. */
  readonly jobDays: number;
  /** How much more than it ever did a job may do. */
  readonly jobMargin: number;
}

/** Highest values of one hour. */
export interface Hour {
  /** Hours since the epoch. */
  readonly hour: number;
  /** One number a gauge. */
  readonly peaks: Float32Array;
}

/** The hours that are remembered: those in which anything was spent, oldest first. */
export type Hours = readonly Hour[];

export const withHour = (hours: Hours, hour: Hour): Hours => [
  ...hours.filter((one) => one.hour > hour.hour - HOURS_KEPT),
  hour,
];

const TEN_MINUTES = gaugeAt('all', 600);

/**
 * Levels of every gauge for this hour.
 * @param firstHour since when anything is known; hours that are missing since then were idle.
 */
export function levelsOf(hours: Hours, firstHour: number, hour: number, options: LevelOptions): Float64Array {
  const known = Math.max(1, Math.min(hour - firstHour, HOURS_KEPT));
  const jobs = jobHours(hours, known / HOURS_A_DAY, options);
  const ordinary = hours.filter((one) => !jobs[hourOfDay(one.hour)]);
  const ordinaryHours = (known * jobs.filter((job) => !job).length) / HOURS_A_DAY;
  // A job that begins a little early, or lasts over the hour's end.
  const near = [-1, 0, 1].map((by) => hourOfDay(hour + by)).filter((one) => jobs[one]);
  const jobPeaks = hours.filter((one) => near.includes(hourOfDay(one.hour)));
  return Float64Array.from(gauges, (gauge, i) => {
    const level = returnLevel(tailOf(ordinary, i, options.tail, ordinaryHours), gauge, options);
    const source = jobGauge(gauge, i);
    let job = 0;
    for (const { peaks } of jobPeaks) job = Math.max(job, peaks[source] as number);
    return Math.max(level, job * options.jobMargin);
  });
}

export const hourOfDay = (hour: number): number => ((hour % HOURS_A_DAY) + HOURS_A_DAY) % HOURS_A_DAY;

/** A job is sustained by its nature: there, only its size tells. */
function jobGauge({ stream, windowSeconds }: Gauge, i: number): number {
  if (stream !== 'sustained' && stream !== 'sustained-dear') return i;
  return gaugeAt('all', windowSeconds <= 1_800 ? 1_800 : 7_200);
}

/** Which hours of the day are a job's: high on most days, by the ten minutes that were highest. */
function jobHours(hours: Hours, days: number, { jobFactor, jobDays }: LevelOptions): boolean[] {
  const middle = quantile(
    hours.map(({ peaks }) => peaks[TEN_MINUTES] as number).filter((peak) => peak > 0),
    0.5,
  );
  return Array.from({ length: HOURS_A_DAY }, (_, at) => {
    const peaks = hours.filter((one) => hourOfDay(one.hour) === at).map((one) => one.peaks[TEN_MINUTES] as number);
    return peaks.length >= Math.max(2, days * jobDays) && quantile(peaks, 0.4) >= jobFactor * middle;
  });
}

interface Tail {
  /** Largest first. */
  readonly peaks: readonly number[];
  /** Of how many hours these are the highest. */
  readonly hours: number;
}

/** The largest peaks, and the one below them. */
function tailOf(hours: Hours, gauge: number, share: number, ordinaryHours: number): Tail {
  const peaks = new Float64Array(hours.length);
  let n = 0;
  for (const one of hours) {
    const peak = one.peaks[gauge] as number;
    if (peak > 0) peaks[n++] = peak;
  }
  const all = Math.max(n, ordinaryHours);
  const wanted = Math.min(n, Math.max(2, Math.floor(all * share) + 1));
  const sorted = peaks.subarray(0, n).sort();
  return { peaks: Array.from(sorted.subarray(n - wanted)).reverse(), hours: all };
}

function returnLevel({ peaks, hours }: Tail, { windowSeconds }: Gauge, options: LevelOptions): number {
  const [highest, ...others] = peaks;
  if (highest === undefined) return 0;
  if (others.length === 0) return highest * 2;
  const k = others.length;
  const threshold = Math.max(others[k - 1] as number, highest / 50);
  let sum = Math.log(highest / threshold);
  for (let i = 0; i < k - 1; i++) sum += Math.max(0, Math.log((others[i] as number) / threshold));
  const { priorTail, priorWeight, mostTail } = options;
  const tail = Math.min(mostTail, priorTail + ((sum / k - priorTail) * k) / (k + priorWeight));
  const days = windowSeconds <= 600 ? options.shortReturnDays : options.longReturnDays;
  return threshold * ((days * HOURS_A_DAY * k) / hours) ** tail;
}

export function quantile(values: readonly number[], share: number): number {
  if (values.length === 0) return 0;
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] as number;
}
