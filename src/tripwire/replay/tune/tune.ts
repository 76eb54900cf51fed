import { WHOLE } from '../../detection';
import type { SubjectSettings } from '../../settings';
import type { Signal, Subject } from '../../signal';
import { type Replayed, type ReplayOptions, replay } from '../replay';
import type { Watched } from '../watched';
import { History, windows } from './history';
import { type Proposal, type Proposals, propose } from './propose';

/** Keys that get ceilings of their own, of those that came first. The others have `rest` together. */
const CAPACITY = 5_000;

export interface Suggested {
  readonly key: string;
  readonly totalUsd: number;
  readonly proposals: Proposals;
}

/** What one's own history suggests. */
export interface Tuned {
  readonly days: number;
  readonly replayed: Replayed;
  readonly whole: Proposals;
  /** Those that spent most come first. */
  readonly keys: readonly Suggested[];
  /** For all other keys: what the one of them that spent most would get, window by window. */
  readonly rest: readonly Proposal[];
}

type Reading = Pick<ReplayOptions, 'source' | 'onChunk' | 'onFault'>;

const DAY_MS = 86_400_000;
const COUNTING: SubjectSettings = { profile: 'agent', ceilings: [], anomaly: false };

/** Reads a recording for what it spent. @param top keys with ceilings of their own. @throws NotSamples, Unreadable */
export async function tune(reading: Reading, watched: Watched, top: number): Promise<Tuned> {
  const whole = new History();
  const keys = new Map<string, History>();
  const replayed = await replay({
    ...reading,
    watched: { ...watched, settingsOf: () => COUNTING, teamOf: () => undefined },
    onSignal: () => undefined,
    onIncrement: (increment) => {
      whole.add(increment);
      const known = keys.get(increment.key);
      const history = known ?? (keys.size < CAPACITY ? new History() : undefined);
      if (!known && history) keys.set(increment.key, history);
      history?.add(increment);
    },
  });
  const days = replayed.span ? (replayed.span.to - replayed.span.from) / DAY_MS : 0;
  const suggested = [...keys]
    .map(([key, history]) => ({ key, totalUsd: history.total.usd, proposals: propose(history, days) }))
    .sort((a, b) => b.totalUsd - a.totalUsd);
  const rest = suggested.slice(top).flatMap(({ proposals }) => proposals.ceilings);
  return { days, replayed, whole: propose(whole, days), keys: suggested.slice(0, top), rest: highestOf(rest) };
}

function highestOf(ceilings: readonly Proposal[]): readonly Proposal[] {
  const highest = new Map<string, Proposal>();
  for (const one of ceilings) {
    const name = `${one.unit} ${one.window}`;
    if (one.limit > (highest.get(name)?.limit ?? 0)) highest.set(name, one);
  }
  return [...highest.values()];
}

/** Runs the detection over the same recording as if the proposal were configured. */
export async function tryOut(
  reading: Reading,
  watched: Watched,
  tuned: Tuned,
  onTrip: (signal: Signal) => void,
): Promise<void> {
  const own = new Map(tuned.keys.map(({ key, proposals }) => [key, proposals]));
  const settingsOf = (subject: Subject): SubjectSettings => {
    const before = watched.settingsOf(subject);
    if (subject.kind === 'team') return before;
    const proposed = subject.kind === WHOLE.kind ? tuned.whole : own.get(subject.id);
    const ceilings = (proposed?.ceilings ?? tuned.rest).map(({ unit, window, limit }) => ({
      ...{ unit, limit, windowSeconds: windows[window].seconds },
    }));
    return { ...before, ceilings, ...(proposed && subject.kind === 'key' ? { profile: proposed.profile } : {}) };
  };
  await replay({
    ...reading,
    watched: { ...watched, settingsOf },
    onSignal: (signal) => {
      if (signal.level === 'trip' && watched.severs(signal.subject)) onTrip(signal);
    },
  });
}
