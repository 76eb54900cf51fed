import { lastDue, nextDue, type Schedule } from '../../cron';
import { seconds } from '../../notify/segment';
import type { DrillReport } from './report';

export interface DrillState {
  /** Newest first; undefined: the ledger has not said it yet. */
  readonly recent: readonly DrillReport[] | undefined;
  /** Undefined where none is configured. */
  readonly schedule: Schedule | undefined;
  /** How old the last drill may be. */
  readonly overdueDays: number;
  /** Whether the queue answers, without which no schedule is kept. */
  readonly queueAnswers: boolean;
  /** Since when this instance looks. Epoch, in milliseconds. */
  readonly since: number;
}

export interface DrillCondition {
  readonly signal: 'normal' | 'supervisory' | 'trouble';
  readonly detail: string;
  /** What to do now. */
  readonly todo?: string;
  /** It is shown, and nobody is called for it. */
  readonly quiet?: boolean;
}

const DAY_MS = 24 * 3_600_000;
/** A drill that is due waits for two hours, and takes a while. Milliseconds. */
const LATE_MS = 3 * 3_600_000;
/** What the clocks of instances may differ by. Milliseconds. */
const SKEW_MS = 60_000;

const BY_HAND = 'Run pullcord drill.';

/** Whether it came to its end, so that it shows something. */
const isWhole = ({ state, brokenOff }: DrillReport): boolean =>
  state === 'passed' || (state === 'failed' && brokenOff === undefined);

/**
 * How it stands with drills, as a part of the supervised line. Pure. Fails towards "see to it": what nobody knows, and
 * what did not happen, is no good news.
 * @param now epoch, in milliseconds
 */
export function drillPart(state: DrillState, now: number): DrillCondition {
  const { recent, schedule, overdueDays } = state;
  if (!recent)
    return { signal: 'supervisory', detail: 'the ledger has not said yet how the last one went', quiet: true };
  const last = recent.find(isWhole);
  if (last?.state === 'failed')
    // Told by the drill itself.
    return { signal: 'trouble', detail: last.text, todo: 'Mend what it names, and drill again.', quiet: true };
  const missed = missedIn(state, last?.startedAt ?? Number.NEGATIVE_INFINITY, now);
  if (missed !== undefined) return { signal: 'supervisory', ...missed };
  if (!last) {
    const todo = schedule ? BY_HAND : `${BY_HAND} Then set drills.schedule.`;
    return { signal: 'supervisory', detail: `the way was never rehearsed${next(schedule, now)}`, todo, quiet: true };
  }
  const days = Math.floor((now - last.startedAt) / DAY_MS);
  if (days >= overdueDays)
    return {
      ...{ signal: 'supervisory', detail: `the last drill was ${days} days ago${next(schedule, now)}` },
      todo: schedule ? BY_HAND : `${BY_HAND} A schedule does so by itself: drills.schedule.`,
    };
  const took = last.ms === undefined ? '' : ` in ${seconds(last.ms)}`;
  return { signal: 'normal', detail: `passed on ${minute(last.startedAt)}${took}${next(schedule, now)}` };
}

/** The last time of the schedule, when nothing came of it. */
function missedIn(
  { recent = [], schedule, queueAnswers, since }: DrillState,
  lastAt: number,
  now: number,
): { readonly detail: string; readonly todo: string } | undefined {
  if (!schedule) return undefined;
  const dueAt = lastDue(schedule, now - LATE_MS);
  if (lastAt >= dueAt - SKEW_MS) return undefined;
  // A schedule that is new here has missed nothing yet; where it missed two times it is not new, or a drill is wanted all
  // the same.
  const isNews = dueAt >= since;
  const before = lastDue(schedule, dueAt - 1);
  if (!isNews && (lastAt === Number.NEGATIVE_INFINITY || lastAt >= before - SKEW_MS)) return undefined;
  const instead = recent.find(({ startedAt, state }) => startedAt >= dueAt - SKEW_MS && state !== 'running');
  const why = instead ? `: ${instead.text}` : queueAnswers ? '' : ': the queue does not answer';
  return {
    detail: `the drill of ${minute(dueAt)} was not made${why}`,
    todo: queueAnswers ? BY_HAND : `Bring the queue back: it keeps the schedule. ${BY_HAND}`,
  };
}

const next = (schedule: Schedule | undefined, now: number): string =>
  schedule ? `; the next is due on ${minute(nextDue(schedule, now))}` : '';

/** In UTC, to the minute. */
const minute = (at: number): string => `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
