import type { Rule } from '../signal';

/**
 * What is measured of a subject. A gauge is one kind of spend over one window; each has a level of its own, learnt
 * from the highest it reached in every hour.
 */
export type Stream =
  /** All spend, less the largest single sample: one huge call or one late flush is no loop. */
  | 'all'
  /** Spend of calls that look like the ones just before, less the largest sample. */
  | 'alike'
  /** What was paid beyond the usual price of the tokens, less the largest sample. */
  | 'dear'
  /** The last minute's spend, if it has kept on doubling for three. */
  | 'doubling'
  /** What was spent in nearly every five minutes of the window: people pause, a leak doesn't. */
  | 'sustained'
  /** The same of what was paid beyond the usual price. */
  | 'sustained-dear';

export interface Gauge {
  readonly stream: Stream;
  readonly windowSeconds: number;
  readonly rule: Rule;
}

const rules: Readonly<Record<Stream, Rule>> = {
  all: 'level',
  alike: 'loop',
  dear: 'price',
  doubling: 'growth',
  sustained: 'sustained',
  'sustained-dear': 'sustained',
};

const windows: Readonly<Record<Stream, readonly number[]>> = {
  all: [20, 30, 60, 180, 600, 1_800, 7_200, 21_600],
  alike: [30, 60, 180, 600],
  dear: [60, 180, 600, 1_800, 7_200],
  doubling: [60],
  sustained: [1_800, 3_600, 7_200],
  'sustained-dear': [1_800, 3_600, 7_200],
};

export const gauges: readonly Gauge[] = (Object.keys(windows) as Stream[]).flatMap((stream) =>
  windows[stream].map((windowSeconds) => ({ stream, windowSeconds, rule: rules[stream] })),
);

/** The gauge's place in every array that has a number for each. @throws Error for one that there isn't. */
export function gaugeAt(stream: Stream, windowSeconds: number): number {
  const i = gauges.findIndex((gauge) => gauge.stream === stream && gauge.windowSeconds === windowSeconds);
  if (i < 0) throw new Error(`no gauge for ${stream} over ${windowSeconds} s`);
  return i;
}
