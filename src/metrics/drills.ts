import type { DrillReport } from '../supervision/drill/report';
import { type Count, type Families, putOneOf, seconds } from './family';

/** `broken-off`: something that comes first came in between, so that it showed nothing. */
const RESULTS = ['passed', 'failed', 'broken-off', 'skipped'] as const;

type Ended = Pick<DrillReport, 'state' | 'brokenOff'>;

function resultOf({ state, brokenOff }: Ended): (typeof RESULTS)[number] | undefined {
  if (state === 'running') return undefined;
  return state === 'failed' && brokenOff !== undefined ? 'broken-off' : state;
}

export function countDrills({ counter }: Families): (report: Ended) => void {
  const drills: Count = counter('pullcord_drills_total', 'Drills that this instance made, or left out, by result.', {
    result: RESULTS,
  });
  return (report) => {
    const result = resultOf(report);
    if (result) drills({ result });
  };
}

export interface DrillsSeen {
  /** Newest first, of all instances; undefined: the ledger has not said it yet. */
  recent(): readonly DrillReport[] | undefined;
  /** Epoch, in milliseconds; undefined where there is no schedule. */
  nextDue(): number | undefined;
}

/** The newest drill that came to its end, by whichever instance. */
export function showDrills({ gauge }: Families, drills: DrillsSeen): void {
  const last = (): DrillReport | undefined => drills.recent()?.find(({ state }) => state !== 'running');
  gauge('pullcord_drill_last_timestamp_seconds', 'When the newest drill began.', [], (put) =>
    put(seconds(last()?.startedAt)),
  );
  gauge(
    'pullcord_drill_last_result',
    'How the newest drill ended: 1 for that result, 0 for the others.',
    ['result'],
    (put) => {
      const drill = last();
      const result = drill && resultOf(drill);
      if (result) putOneOf(put, 'result', RESULTS, result);
    },
  );
  gauge(
    'pullcord_drill_last_duration_seconds',
    'How long the newest drill took, without the wait for a code.',
    [],
    (put) => put(seconds(last()?.ms)),
  );
  gauge(
    'pullcord_drill_last_passed_timestamp_seconds',
    'When the newest drill that passed began, among the last fifty.',
    [],
    (put) => put(seconds(drills.recent()?.find(({ state }) => state === 'passed')?.startedAt)),
  );
  gauge(
    'pullcord_drill_last_step_duration_seconds',
    'How long a step of the newest drill took; of several gateways, the slowest.',
    ['step'],
    (put) => {
      const slowest = new Map<string, number>();
      for (const { name, ms } of last()?.steps ?? []) slowest.set(name, Math.max(ms, slowest.get(name) ?? 0));
      for (const [step, ms] of slowest) put(ms / 1_000, { step });
    },
  );
  gauge(
    'pullcord_drill_next_due_timestamp_seconds',
    'When the schedule wants the next one. Absent without a schedule.',
    [],
    (put) => put(seconds(drills.nextDue())),
  );
}
