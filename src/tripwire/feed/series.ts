import type { Increment, Reading } from '../reading';
import { assign, type Track } from './track';

/** What is remembered of one series: a proxy, a key, a model. A few numbers, whatever happens. */
export interface SeriesState {
  readonly tracks: readonly Track[];
  /** The newest look. Epoch, in milliseconds. */
  readonly at: number;
}

export interface Absorbed {
  readonly state: SeriesState;
  /** Undefined when nothing was spent, or the reading says nothing new. */
  readonly increment: Increment | undefined;
}

/**
 * From totals to what came upon them. Pure.
 *
 * A reading that is older than the newest one says nothing new and is left out: late rows look like restarts. What
 * lies below every known total begins anew, and its value is spend. Between two looks that lie far apart the amount
 * is said to have come between them, never at once.
 *
 * @param state undefined for a series that was never seen.
 * @param baseline whether the first total of a new series is what was spent before anybody looked, rather than spend.
 */
export function absorb(state: SeriesState | undefined, reading: Reading, baseline: boolean): Absorbed {
  if (state && reading.at <= state.at) return { state, increment: undefined };
  const { tracks, before } = assign(state?.tracks ?? [], reading);
  const next = { tracks, at: reading.at };
  if (!before && baseline) return { state: next, increment: undefined };
  const spendUsd = Math.max(0, reading.spendUsd - (before?.spendUsd ?? 0));
  const promptTokens = Math.max(0, reading.promptTokens - (before?.promptTokens ?? 0));
  const completionTokens = Math.max(0, reading.completionTokens - (before?.completionTokens ?? 0));
  if (spendUsd === 0 && promptTokens === 0 && completionTokens === 0) return { state: next, increment: undefined };
  const { key, model, at: to } = reading;
  const from = before?.at ?? state?.at ?? to;
  return { state: next, increment: { key, model, from, to, spendUsd, promptTokens, completionTokens } };
}
