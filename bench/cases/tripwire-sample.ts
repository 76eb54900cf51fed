import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Detection } from '../../src/tripwire/detection';
import { Feed } from '../../src/tripwire/feed/feed';
import type { Reading } from '../../src/tripwire/reading';
import type { SubjectSettings } from '../../src/tripwire/settings';
import { clock } from '../clock';
import { type Aim, percentile, type Result, resultOf } from '../figures';
import { Fleet } from '../fleet';
import type { Case } from './case';

/**
 * What one sample costs the tripwire: a key's totals as one look shows them, from the counters to the detectors. The
 * floor is the counting alone, on the very same samples. A week was learnt before, by the hour; most keys are idle at
 * any time, as they are. Ten thousand keys don't fit the processor's caches: so the counting costs more, too.
 */
const BEGIN = Date.UTC(2026, 0, 5);
const [LOOK_MS, HOUR_MS, HISTORY_HOURS] = [5_000, 3_600_000, 7 * 24];
const WARM_UP = 20;

/** A batch of many keys is one look, and all of them are an hour: each key's hour turns once. */
const few: Size = { keys: 10, batch: 1_000, batches: 300 };
const many: Size = { keys: 10_000, batch: 10_000, batches: 720 };

interface Size {
  readonly keys: number;
  /** Samples that are timed at once. */
  readonly batch: number;
  readonly batches: number;
}

const settings: SubjectSettings = {
  ...{ profile: 'agent', dailyBudgetUsd: 50, anomaly: true },
  ceilings: [
    { unit: 'usd', windowSeconds: 60, limit: 5 },
    { unit: 'usd', windowSeconds: 3_600, limit: 50 },
    { unit: 'usd', windowSeconds: 86_400, limit: 200 },
    { unit: 'tokens', windowSeconds: 60, limit: 5e6 },
  ],
};

export const tripwireSample: Case = {
  name: 'tripwire-sample',
  async run({ n }) {
    const ofFew = measured({ ...few, batches: n ?? few.batches });
    const ofMany = measured({ ...many, batches: n ?? many.batches });
    const timesOfFew = percentile(ofMany.values, 50) / percentile(ofFew.values, 50);
    return [result(few, ofFew), result(many, ofMany, { timesOfFew })];
  },
};

/** Flat: what caches cost, both pay. */
const aim: Aim = {
  text: 'median at most twice the counting, at any number of keys',
  holds: ({ ratio }) => ratio <= 2,
};

interface Measured {
  /** Microseconds a sample, of each batch. */
  readonly values: readonly number[];
  readonly floor: readonly number[];
  /** Of the heap, after that week. */
  readonly bytesPerKey: number;
  readonly floorBytesPerKey: number;
}

const result = (
  { keys, batch }: Size,
  { values, floor, ...bytes }: Measured,
  more?: Readonly<Record<string, number>>,
): Result =>
  resultOf({
    name: `tripwire-sample-${keys}-keys`,
    ...{ values, floor, unit: 'us', aim },
    floorIs: `the counting alone; both by batches of ${batch} samples`,
    more: { ...bytes, ...more, mostMsOfOneBatch: (Math.max(...values) * batch) / 1_000 },
  });

function measured({ keys, batch, batches }: Size): Measured {
  const detections = weighed(keys, () => new Detection({ settingsOf: () => settings }));
  const feeds = weighed(keys, () => new Feed());
  const { taker: detection, fleet } = detections.first;
  const { taker: feed } = feeds.first;
  const values: number[] = [];
  const floor: number[] = [];
  for (let i = -WARM_UP; i < batches; i += 1) {
    const samples: Reading[] = [];
    while (samples.length < batch) samples.push(...fleet.look(LOOK_MS));
    // In turn, so that whatever else the machine does meets both.
    const counted = timed(samples, (reading) => feed.take(reading));
    const taken = timed(samples, (reading) => detection.take(reading));
    if (i < 0) continue;
    floor.push(counted);
    values.push(taken);
  }
  return { values, floor, bytesPerKey: detections.bytesPerKey, floorBytesPerKey: feeds.bytesPerKey };
}

function timed(samples: readonly Reading[], take: (reading: Reading) => unknown): number {
  const began = clock();
  for (const sample of samples) take(sample);
  return ((clock() - began) * 1_000) / samples.length;
}

/** Keys whose memory is looked at: so many that what else is on the heap doesn't count. */
const WEIGHED = 1_000;

interface Weighed<T> {
  readonly first: { readonly taker: T; readonly fleet: Fleet };
  readonly bytesPerKey: number;
}

/** Lets them learn for a week, and says what that takes. */
function weighed<T extends { take(reading: Reading): unknown }>(keys: number, fresh: () => T): Weighed<T> {
  const learners = Array.from({ length: Math.ceil(WEIGHED / keys) }, (_, i) => ({
    ...{ fleet: new Fleet(keys, BEGIN, i + 1), taker: fresh() },
  }));
  const before = heapBytes();
  for (const { fleet, taker } of learners)
    for (let hour = 0; hour < HISTORY_HOURS; hour += 1) for (const reading of fleet.look(HOUR_MS)) taker.take(reading);
  const bytesPerKey = Math.round((heapBytes() - before) / (learners.length * keys));
  return { first: learners[0] as Weighed<T>['first'], bytesPerKey };
}

function heapBytes(): number {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  gc();
  gc();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
