import { setTimeout as pause } from 'node:timers/promises';
import type { Look, Seen } from '../../scrape/look';
import type { Source } from '../../scrape/source';
import type { Row } from '../rows';
import { lineOf } from './format';
import type { RecordFile } from './record-file';
import { Thinner } from './thin';

export interface RecorderOptions {
  readonly sources: readonly Source[];
  readonly file: RecordFile;
  /** Between two looks, give or take a tenth. Milliseconds. */
  readonly everyMs: number;
  /** Bytes of the file beyond which it ends. */
  readonly maxBytes: number;
  /** Ends it. */
  readonly signal: AbortSignal;
  /** Milliseconds, on a clock that nobody sets. */
  readonly monotonic: () => number;
  /** At least 0, less than 1. */
  readonly random: () => number;
  /** A proxy is not seen any more, for another reason than before. */
  readonly onTrouble: (source: string, detail: string) => void;
  /** It is seen again. */
  readonly onSeen: (source: string) => void;
  readonly onLook: (recorded: Recorded) => void;
}

export interface Recorded {
  readonly looks: number;
  /** Looks that showed nothing: gaps in the recording. */
  readonly unseen: number;
  readonly rows: number;
  readonly isFull: boolean;
}

const JITTER = 0.1;

/**
 * Writes what each proxy shows until it is ended. A look that shows nothing leaves a gap, as it does for the watch.
 * @throws what the file throws: a recording with a hole in its midst would look like a gap.
 */
export async function record(options: RecorderOptions): Promise<Recorded> {
  const { sources, file, everyMs, maxBytes, monotonic, random, onTrouble, onSeen, onLook } = options;
  const ending = new AbortController();
  const signal = AbortSignal.any([options.signal, ending.signal]);
  const thinner = new Thinner();
  let recorded: Recorded = { looks: 0, unseen: 0, rows: 0, isFull: false };

  async function watch(source: Source): Promise<void> {
    let trouble: string | undefined;
    while (!signal.aborted) {
      const began = monotonic();
      const look = await source.look(signal);
      if (signal.aborted) return;
      if (!look.ok && trouble !== look.why) onTrouble(source.name, look.detail);
      if (look.ok && trouble !== undefined) onSeen(source.name);
      trouble = look.ok ? undefined : look.why;
      await take(look);
      const everyNow = everyMs * (1 + JITTER * (2 * random() - 1));
      await pause(Math.max(0, everyNow - (monotonic() - began)), undefined, { signal }).catch(() => undefined);
    }
  }

  async function take(look: Look): Promise<void> {
    const rows = look.ok ? thinner.take(rowsOf(look)) : [];
    if (rows.length > 0) await file.append(rows.map(lineOf).join(''));
    recorded = {
      looks: recorded.looks + 1,
      unseen: recorded.unseen + (look.ok ? 0 : 1),
      rows: recorded.rows + rows.length,
      isFull: file.size >= maxBytes,
    };
    onLook(recorded);
    if (recorded.isFull) ending.abort();
  }

  try {
    await Promise.all(sources.map((source) => watch(source).finally(() => ending.abort())));
  } finally {
    await Promise.all(sources.map((source) => source.close()));
  }
  return recorded;
}

/** LiteLLM's word for nothing is nothing. */
const known = (name: string | undefined): string | undefined =>
  name === undefined || name === 'None' ? undefined : name;

/** What a look showed; that it showed nothing is something, too: what shows after it is new. */
export function rowsOf({ source, at, scrape: { readings, keys, process } }: Look & Seen): readonly Row[] {
  if (readings.length === 0)
    return [{ at, source, key: '', model: '', ...NOTHING, ...(process === undefined ? {} : { process }) }];
  return readings.map((reading) => {
    const facts = keys.get(reading.key);
    const [team, alias] = [known(facts?.teamId), known(facts?.alias)];
    return { ...reading, ...(team === undefined ? {} : { team }), ...(alias === undefined ? {} : { alias }) };
  });
}

const NOTHING = { spendUsd: 0, promptTokens: 0, completionTokens: 0 };
