import type { Increment, Reading, Usage } from '../reading';
import { assign, isAhead, type Track } from './track';

/** What is remembered of one series: a proxy, a key, a model. Bounded, whatever happens. As JSON it survives a restart. */
export interface SeriesState {
  readonly tracks: readonly Track[];
  /** Readings that counted. */
  readonly turn: number;
  /** The newest look. Epoch, in milliseconds. */
  readonly at: number;
  /** The first look. Epoch, in milliseconds. */
  readonly since: number;
  /** What came upon it since. */
  readonly spent: Usage;
}

/** What to make of totals that are seen for the first time. */
export interface Arrival {
  /** They may be what was spent before anybody looked, and are not counted. */
  readonly baseline: boolean;
  /** Nothing of it was spent before. Epoch, in milliseconds. */
  readonly after: number;
}

export interface Absorbed {
  readonly state: SeriesState;
  /** Undefined when nothing was spent, or the reading says nothing new. */
  readonly increment: Increment | undefined;
}

/**
 * Without names, a total that lies below all that are known belongs to a process that began anew, or to one that was
 * never seen, or a label set was dropped from the sum. Only the first is spend. It's believed to be, up to so many times
 * what this series spends in such a time on average: hardly anybody's busiest look is more, and a worker's whole life
 * is. So a mistake costs what the series spends in a quarter of an hour, at looks ten seconds apart.
 */
const BELIEVABLE = 100;

/**
 * From totals to what came upon them. Pure.
 *
 * A reading that isn't newer than the newest one says nothing new and is left out: late rows look like restarts. Only if
 * it shows more than all that is known, it is newer, and the clock was set back. Between two looks that lie far apart the
 * amount is said to have come between them, never at once.
 *
 * @param state undefined for a series that was never seen.
 */
export function absorb(state: SeriesState | undefined, reading: Reading, arrival: Arrival): Absorbed {
  const { at, process } = reading;
  if (state && at <= state.at && !isAhead(state.tracks, reading)) return { state, increment: undefined };
  const turn = state ? state.turn + 1 : 0;
  const { tracks, before, beforeAt, isNew, isKnown } = assign(state?.tracks ?? [], reading, { at, turn, process });
  const most = isNew ? believable(state, reading, isKnown, arrival) : Number.POSITIVE_INFINITY;
  const amount = atMost(difference(before, reading), state?.spent ?? NOTHING, most);
  const { spendUsd, promptTokens, completionTokens } = amount;
  const since = state?.since ?? at;
  if (spendUsd === 0 && promptTokens === 0 && completionTokens === 0)
    return { state: { tracks, turn, at, since, spent: state?.spent ?? NOTHING }, increment: undefined };
  const spent = sum(state?.spent ?? NOTHING, amount);
  const from = Math.min(at, beforeAt ?? (state && process === undefined ? state.at : arrival.after));
  const { key, model } = reading;
  return {
    state: { tracks, turn, at, since, spent },
    increment: { key, model, from, to: at, spendUsd, promptTokens, completionTokens },
  };
}

/** How many times as much as the series spent so far can have come with totals that are seen for the first time. */
function believable(state: SeriesState | undefined, reading: Reading, isKnown: boolean, arrival: Arrival): number {
  if (arrival.baseline) return 0;
  if (!state) return Number.POSITIVE_INFINITY;
  // One process only grows. If it fell, something was left out of the sum, or two processes share the name.
  if (reading.process !== undefined) return isKnown ? 0 : Number.POSITIVE_INFINITY;
  return (BELIEVABLE * Math.max(0, reading.at - state.at)) / Math.max(1, reading.at - state.since);
}

const NOTHING: Usage = { spendUsd: 0, promptTokens: 0, completionTokens: 0 };

const difference = (before: Usage, after: Usage): Usage => ({
  spendUsd: Math.max(0, after.spendUsd - before.spendUsd),
  promptTokens: Math.max(0, after.promptTokens - before.promptTokens),
  completionTokens: Math.max(0, after.completionTokens - before.completionTokens),
});

const sum = (a: Usage, b: Usage): Usage => ({
  spendUsd: a.spendUsd + b.spendUsd,
  promptTokens: a.promptTokens + b.promptTokens,
  completionTokens: a.completionTokens + b.completionTokens,
});

const atMost = (amount: Usage, spent: Usage, times: number): Usage =>
  times === Number.POSITIVE_INFINITY
    ? amount
    : {
        spendUsd: Math.min(amount.spendUsd, spent.spendUsd * times),
        promptTokens: Math.min(amount.promptTokens, spent.promptTokens * times),
        completionTokens: Math.min(amount.completionTokens, spent.completionTokens * times),
      };
