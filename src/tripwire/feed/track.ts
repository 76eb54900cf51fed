import type { Usage } from '../reading';

/** Totals of one series as one look showed them. */
export interface Track extends Usage {
  /** When they were seen. Epoch, in milliseconds. */
  readonly at: number;
  /** The how-manieth reading of the series it was. */
  readonly turn: number;
  readonly process?: string | undefined;
}

export interface Assigned {
  /** All that is remembered now; the one seen last comes first. */
  readonly tracks: readonly Track[];
  /** What the reading goes on from: nothing in an amount that lies below all that is known. */
  readonly before: Usage;
  /** When that was seen; undefined when the reading begins a track of its own. Epoch, in milliseconds. */
  readonly beforeAt: number | undefined;
  /** Whether a counter began anew, or shows for the first time. */
  readonly isNew: boolean;
  /** Whether the reading's process was seen before, as far as can be told. */
  readonly isKnown: boolean;
}

/** Processes that are remembered for one series; the one not seen for longest makes room. */
const CAPACITY = 64;

/**
 * Readings after which a nameless process that did not show is gone. One of eight workers, picked at random, stays away
 * for so long once in 10^11 times; one of sixteen once in 10^5. What is remembered too long swallows the increment of
 * one look when another process passes it.
 */
const GONE_AFTER = 200;

/**
 * Which totals a reading goes on from. Pure.
 *
 * A process with a name goes on from its own. Without names, each amount goes on by itself from the nearest total
 * below it. That may be another worker's, where one overtakes the other, but whosever it was: put in order, the totals
 * never lie above the workers' own put in order. So what came upon them is never more than was spent, and all of it
 * once the workers were seen some times more. To look for the worker itself, by all amounts together, finds it more
 * often, and now and then leaves nothing below another worker's reading: a life's work looks new.
 *
 * @param turn how many readings of the series came before.
 */
export function assign(tracks: readonly Track[], reading: Usage, now: Omit<Track, keyof Usage>): Assigned {
  const [only] = tracks;
  if (tracks.length === 1 && only?.process === now.process && only && isBelow(only, reading))
    return { tracks: [onward(only, reading, now)], before: only, beforeAt: only.at, isNew: false, isKnown: true };

  const present = withoutGone(tracks, now.turn);
  const among = candidates(present, now.process);
  const spend = nearest(among, reading, 'spendUsd');
  const prompt = nearest(among, reading, 'promptTokens');
  const completion = nearest(among, reading, 'completionTokens');
  // A single amount that lies below all that is known proves it: a counter began anew. The others go on all the same.
  if (!spend || !prompt || !completion) {
    const before = amountsOf(spend ?? NOTHING, prompt ?? NOTHING, completion ?? NOTHING);
    const all = [onward(before, reading, now), ...present];
    return { tracks: all.slice(0, CAPACITY), before, beforeAt: undefined, isNew: true, isKnown: among.length > 0 };
  }
  const row = reading.spendUsd > 0 ? spend : prompt;
  const before = amountsOf(spend, prompt, completion);
  const all = [onward(before, reading, now)];
  const left = (track: Track, taken: Track): Track => (track === taken ? row : track);
  for (const track of present) {
    if (track === row) continue;
    // What was taken out of another row leaves this row's own in its place.
    const isMixed = track === spend || track === prompt || track === completion;
    const amounts = isMixed && amountsOf(left(track, spend), left(track, prompt), left(track, completion));
    all.push(amounts ? { ...track, ...amounts } : track);
  }
  return { tracks: all, before, beforeAt: row.at, isNew: false, isKnown: true };
}

/** Whether a reading shows more than all that is known of its process, or of any that has no name. */
export function isAhead(tracks: readonly Track[], reading: Usage & { readonly process?: string }): boolean {
  const among = candidates(tracks, reading.process);
  return among.length > 0 && among.every((track) => isBelow(track, reading) && !isBelow(reading, track));
}

const NOTHING: Usage = { spendUsd: 0, promptTokens: 0, completionTokens: 0 };

/** Where names came up or went away while we looked, it may be any that has none. */
function candidates(tracks: readonly Track[], process: string | undefined): readonly Track[] {
  const own = tracks.filter((track) => track.process === process);
  return own.length > 0 ? own : tracks.filter((track) => track.process === undefined || process === undefined);
}

/** The one not seen for longest comes last. */
function withoutGone(tracks: readonly Track[], turn: number): readonly Track[] {
  const isGone = (track: Track): boolean => track.process === undefined && turn - track.turn > GONE_AFTER;
  const last = tracks.at(-1);
  return last && isGone(last) ? tracks.filter((track) => !isGone(track)) : tracks;
}

function nearest(tracks: readonly Track[], reading: Usage, amount: keyof Usage): Track | undefined {
  let found: Track | undefined;
  for (const track of tracks)
    if (fits(track[amount], reading[amount]) && (!found || track[amount] > found[amount])) found = track;
  return found;
}

const isBelow = (track: Usage, reading: Usage): boolean =>
  fits(track.spendUsd, reading.spendUsd) &&
  fits(track.promptTokens, reading.promptTokens) &&
  fits(track.completionTokens, reading.completionTokens);

/** Sums of the same floats in another order differ in the last digits. */
const fits = (before: number, after: number): boolean => after >= before * (1 - 1e-9);

const amountsOf = (spend: Usage, prompt: Usage, completion: Usage): Usage => ({
  spendUsd: spend.spendUsd,
  promptTokens: prompt.promptTokens,
  completionTokens: completion.completionTokens,
});

/** Never lower than before, lest a last digit that comes and goes be counted each time. */
const onward = (before: Usage, reading: Usage, now: Omit<Track, keyof Usage>): Track => ({
  spendUsd: Math.max(before.spendUsd, reading.spendUsd),
  promptTokens: Math.max(before.promptTokens, reading.promptTokens),
  completionTokens: Math.max(before.completionTokens, reading.completionTokens),
  at: now.at,
  turn: now.turn,
  process: now.process,
});
