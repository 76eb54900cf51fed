import type { Usage } from '../reading';

/** The totals of one counting process, as they were last seen. */
export interface Track extends Usage {
  /** When it was last seen. Epoch, in milliseconds. */
  readonly at: number;
  /** Readings of the series since then that were of another track. */
  readonly unseen: number;
  readonly process?: string;
}

/** Counting processes of one series that are remembered; the one that was not seen for longest makes room. */
const CAPACITY = 8;

/**
 * A worker that is picked at random for each look stays away for so many looks in a row once in 10^9 times if it is
 * one of two, once in 5,000 if it is one of four. After that it is only believed to be back when nothing else fits:
 * after a restart the old totals must not be taken for a worker's.
 */
const STALE_AFTER = 30;

export interface Assigned {
  readonly tracks: readonly Track[];
  /** What the reading goes on from; undefined when it begins at nothing. */
  readonly before: Track | undefined;
}

type Totals = Usage & { readonly at: number; readonly process?: string };

/**
 * Which track a reading continues. Pure. Counters only grow, so it is one that lies below the reading in all three;
 * among those the nearest. A reading that lies below every track begins a new one: a process that started anew, or
 * another worker.
 */
export function assign(tracks: readonly Track[], reading: Totals): Assigned {
  const { at, spendUsd, promptTokens, completionTokens, process } = reading;
  const now: Track = {
    ...{ at, spendUsd, promptTokens, completionTokens, unseen: 0 },
    ...(process === undefined ? {} : { process }),
  };
  const [only] = tracks;
  if (tracks.length === 1 && only && only.process === process && continues(only, reading))
    return { tracks: [now], before: only };

  const own = tracks.filter((track) => track.process === process);
  const before = nearest(own, reading) ?? mistaken(own, reading);
  const others = tracks
    .filter((track) => track !== before)
    // A process that says who it is and counts less than before can only have been told wrong: its name is used again.
    .filter((track) => before || process === undefined || track.process !== process)
    .map((track) => ({ ...track, unseen: track.unseen + 1 }));
  return { tracks: [now, ...others].slice(0, CAPACITY), before };
}

/** Those that were seen lately come first, whatever lies nearer. */
function nearest(tracks: readonly Track[], reading: Usage): Track | undefined {
  let found: Track | undefined;
  for (const track of tracks) {
    if (!continues(track, reading)) continue;
    const better =
      !found ||
      (isStale(track) === isStale(found) ? distance(track, reading) < distance(found, reading) : isStale(found));
    if (better) found = track;
  }
  return found;
}

/**
 * Two workers that count alike are taken for one another when one overtakes the other between two looks: then both
 * tracks are the one worker's, and the other worker's reading fits none. What it goes on from is the older of the two,
 * so that the sum of all tracks stays the sum of all workers.
 */
function mistaken(tracks: readonly Track[], reading: Usage): Track | undefined {
  return tracks.find(
    (track) =>
      !isStale(track) &&
      distance(track, reading) > 0 &&
      tracks.some((other) => other !== track && continues(track, other)),
  );
}

const isStale = ({ unseen }: Track): boolean => unseen >= STALE_AFTER;

function continues(track: Usage, reading: Usage): boolean {
  return (
    reading.promptTokens >= track.promptTokens &&
    reading.completionTokens >= track.completionTokens &&
    // Sums of floats in another order: the last digits may differ.
    reading.spendUsd >= track.spendUsd - 1e-9 * Math.abs(track.spendUsd)
  );
}

/** In tokens; in money where there are none. */
function distance(track: Usage, reading: Usage): number {
  const tokens = reading.promptTokens - track.promptTokens + (reading.completionTokens - track.completionTokens);
  return tokens || reading.spendUsd - track.spendUsd;
}
