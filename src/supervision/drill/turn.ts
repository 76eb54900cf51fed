import type { Logger } from 'pino';
import type { Clock } from '../../clock';
import { lastDue, type Schedule } from '../../cron';
import { TryAgain } from '../../queue/jobs';
import type { Drills } from './drills';
import type { Paper } from './paper';
import type { DrillReport } from './report';

export interface TurnOptions {
  /** Undefined where none is configured. */
  readonly schedule: Schedule | undefined;
  readonly drills: Pick<Drills, 'start' | 'newest'>;
  readonly paper: Pick<Paper, 'skip'>;
  readonly now: Clock;
  /** Milliseconds, on a clock that nobody sets. */
  readonly monotonic: () => number;
  readonly randomId: () => string;
  readonly logger: Logger;
}

/** In the ledger, of a drill that nobody asked for. */
export const BY_SCHEDULE = 'schedule';

/** Whose clock is how much behind that of the instance that set the time. Milliseconds. */
const SKEW_MS = 60_000;
/** What starts up is armed and looked at within seconds; a drill in between would cry wolf. Milliseconds. */
const SETTLED_AFTER_MS = 60_000;
/** So long a drill that is due waits for a fire to end. The queue tries again ever later, until a little after it. */
const WAITS_MS = 2 * 3_600_000;
const LOOK_BACK = 50;

/**
 * A drill is due. Called by the queue, perhaps twice, perhaps days late: each time of the schedule has one drill, and
 * of times that were missed the last one has. Whatever keeps it from being made comes first: it waits for it for two
 * hours, and is skipped then, which is told.
 * @throws TryAgain when it waits, StoreUnavailable
 */
export function createTurn(options: TurnOptions): () => Promise<void> {
  const { schedule, drills, paper, now, monotonic, randomId, logger } = options;
  const began = monotonic();

  return async () => {
    if (!schedule) return;
    if (monotonic() - began < SETTLED_AFTER_MS) throw new TryAgain('Pullcord has started a moment ago');
    const dueAt = lastDue(schedule, now() + SKEW_MS);
    if (await isDone(dueAt)) return;
    const begun = await drills.start(BY_SCHEDULE);
    if (!('refused' in begun)) {
      logger.info({ drill: begun.id, dueAt: new Date(dueAt) }, 'a drill begins by schedule');
      return;
    }
    const why = begun.detail ?? begun.refused;
    if (now() - dueAt < WAITS_MS) throw new TryAgain(why);
    await paper.skip(skipped(dueAt, why));
  };

  async function isDone(dueAt: number): Promise<boolean> {
    const newest = await drills.newest(LOOK_BACK);
    return newest.some(({ by, startedAt }) => by === BY_SCHEDULE && startedAt >= dueAt - SKEW_MS);
  }

  function skipped(dueAt: number, why: string): DrillReport {
    const text = `Drill skipped: it was due at ${new Date(dueAt).toISOString()}, and ${why}`;
    return { id: randomId(), state: 'skipped', by: BY_SCHEDULE, startedAt: now(), endedAt: now(), steps: [], text };
  }
}
