import type { SpendHistoryAnswer } from '../../../../intake/http/spend-history-schema';

/** What the chart draws, as numbers. Pure. Fails towards a gap: what nobody saw is never drawn as nothing. */

type Series = readonly (number | null)[];

export interface Drawn {
  readonly name: string;
  /** `all`: everything together. `bound`: what it is held against. */
  readonly kind: 'all' | 'one' | 'bound';
  readonly values: Series;
}

export interface Picture {
  /** The beginning of each step. Epoch, in seconds. */
  readonly times: readonly number[];
  /** Where it ends at the right: what is marked in the step that still runs has a place. Epoch, in seconds. */
  readonly end: number;
  /** US dollars a minute. */
  readonly lines: readonly Drawn[];
  /** Where the picture ends at the top. */
  readonly top: number;
  /** Bounds that lie above the picture, and how high. */
  readonly above: readonly { readonly name: string; readonly usd: number }[];
  readonly gaps: readonly Gap[];
}

/** Epochs, in milliseconds. */
export interface Gap {
  readonly from: number;
  readonly to: number;
}

const bounds = [
  ['usual', 'what is usual'],
  ['trips', 'what would trip'],
  ['floor', 'the floor'],
  ['ceiling', 'the ceiling'],
] as const;
/** A bound that is higher than so many times all else would flatten it: it is told in words. */
const FLATTENS = 3;
/** The top of a picture with nothing in it. US dollars a minute. */
const LEAST_TOP = 0.01;

export function pictureOf(history: SpendHistoryAnswer, by: 'keys' | 'models'): Picture {
  const { from, stepSeconds } = history;
  // The last step still runs: what was spent in a part of it would look like a fall.
  const steps = Math.max(1, history.steps - 1);
  const whole = (values: Series): Series => values.slice(0, steps);
  const start = Date.parse(from) / 1000;
  const aMinute = (values: Series): Series =>
    whole(values).map((usd) => (usd === null ? null : (usd * 60) / stepSeconds));
  const spent: readonly Drawn[] = [
    { name: 'all together', kind: 'all', values: aMinute(history.all.usd) },
    ...history[by].map(({ name, usd }) => ({ name, kind: 'one' as const, values: aMinute(usd) })),
  ];
  const most = Math.max(LEAST_TOP, ...spent.map(({ values }) => highest(values) ?? 0));
  const known = bounds.flatMap(([bound, name]) => {
    const values = aMinute(history.bounds[bound]);
    const usd = highest(values);
    return usd === undefined ? [] : [{ name, kind: 'bound' as const, values, usd }];
  });
  const within = known.filter(({ usd }) => usd <= most * FLATTENS);
  return {
    times: Array.from({ length: steps }, (_, step) => start + step * stepSeconds),
    end: start + history.steps * stepSeconds,
    lines: [...spent, ...within.map(({ usd: _usd, ...line }) => line)],
    top: Math.max(most, ...within.map(({ usd }) => usd)) * 1.08,
    above: known.filter(({ usd }) => usd > most * FLATTENS).map(({ name, usd }) => ({ name, usd })),
    gaps: gapsIn(whole(history.all.usd), start * 1000, stepSeconds * 1000),
  };
}

function highest(values: Series): number | undefined {
  const seen = values.filter((value) => value !== null);
  return seen.length > 0 ? Math.max(...seen) : undefined;
}

/** The times in which nobody saw what was spent. */
export function gapsIn(values: Series, startMs: number, stepMs: number): readonly Gap[] {
  const gaps: { from: number; to: number }[] = [];
  values.forEach((value, step) => {
    if (value !== null) return;
    const [from, to] = [startMs + step * stepMs, startMs + (step + 1) * stepMs];
    const last = gaps.at(-1);
    if (last?.to === from) last.to = to;
    else gaps.push({ from, to });
  });
  return gaps;
}

/** What was spent in all of the picture; undefined: nobody saw any of it. US dollars. */
export function total(values: Series): number | undefined {
  const seen = values.filter((value) => value !== null);
  return seen.length > 0 ? seen.reduce((sum, value) => sum + value, 0) : undefined;
}
