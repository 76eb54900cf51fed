import { Detection } from '../detection';
import type { Increment } from '../reading';
import type { Signal } from '../signal';
import { type Row, type RowFault, Rows } from './rows';
import type { Source } from './source';
import type { Watched } from './watched';

export interface ReplayOptions {
  readonly source: Pick<Source, 'chunks' | 'cutShort'>;
  readonly watched: Pick<Watched, 'settingsOf' | 'isWatched' | 'learn' | 'teamOf'>;
  /** Told of each signal as it comes. */
  readonly onSignal: (signal: Signal) => void;
  readonly onFault: (fault: RowFault, line: number) => void;
  /** Told of all that was spent, after what it brought about. */
  readonly onIncrement?: (increment: Increment, detection: Detection, team: string | undefined) => void;
  /** After each chunk: the rows so far. It is waited for. */
  readonly onChunk?: (rows: number) => Promise<void> | void;
}

/** What a recording held. */
export interface Replayed {
  readonly rows: number;
  /** Rows that say nothing new: their key and model were seen at this time already, or later. */
  readonly late: number;
  /** Rows of keys that the configuration ignores. */
  readonly unwatched: number;
  readonly keys: number;
  /** Times of the first and the last row. Epoch, in milliseconds; undefined when there was none. */
  readonly span: { readonly from: number; readonly to: number } | undefined;
  readonly spentUsd: number;
  readonly tokens: number;
}

/** Series that are remembered, as in the live watch. */
const CAPACITY = 100_000;

/**
 * Runs the detection of the live watch over a recording.
 * @throws NotSamples, Unreadable
 */
export async function replay(options: ReplayOptions): Promise<Replayed> {
  const { source, watched, onSignal, onFault, onIncrement, onChunk } = options;
  const newest = new Map<string, Map<string, number>>();
  let [rows, late, unwatched, from, to] = [0, 0, 0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  let [spentUsd, tokens, series] = [0, 0, 0];
  let pending: Increment | undefined;
  const detection = new Detection({
    settingsOf: watched.settingsOf,
    teamOf: watched.teamOf,
    onIncrement: (increment) => {
      spentUsd += increment.spendUsd;
      tokens += increment.promptTokens + increment.completionTokens;
      pending = increment;
    },
  });

  const isLate = (row: Row): boolean => {
    const name = row.source === undefined ? row.model : `${row.source}\n${row.model}`;
    const models = newest.get(row.key) ?? new Map<string, number>();
    const before = models.get(name);
    if (before !== undefined && row.at <= before) return true;
    if (before === undefined) {
      if (series >= CAPACITY) return false;
      series += 1;
      newest.set(row.key, models);
    }
    models.set(name, row.at);
    return false;
  };
  const reader = new Rows({
    row: (row) => {
      rows += 1;
      if (row.at < from) from = row.at;
      if (row.at > to) to = row.at;
      watched.learn(row);
      if (!watched.isWatched(row.key)) {
        unwatched += 1;
        detection.look(row.source ?? '', row.at, row.process);
        return;
      }
      if (isLate(row)) late += 1;
      pending = undefined;
      for (const signal of detection.take(row)) onSignal(signal);
      if (pending) onIncrement?.(pending, detection, watched.teamOf(row.key));
    },
    look: ({ source, at, process }) => detection.look(source ?? '', at, process),
    fault: onFault,
  });
  for await (const chunk of source.chunks) {
    reader.push(chunk);
    await onChunk?.(rows);
  }
  // Half a row may look like a whole one.
  if (!source.cutShort()) reader.end();
  return { rows, late, unwatched, keys: newest.size, span: rows === 0 ? undefined : { from, to }, spentUsd, tokens };
}
