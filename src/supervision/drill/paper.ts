import type { Logger } from 'pino';
import type { Clock } from '../../clock';
import type { DrillShelf } from '../../ledger/drill-shelf';
import type { Entry } from '../../ledger/store';
import { type DrillReport, summary } from './report';

export interface PaperOptions {
  readonly shelf: DrillShelf<DrillReport>;
  readonly record: (entry: Entry) => void;
  /** A drill has ended. Must not throw. */
  readonly tell: (report: DrillReport) => void;
  readonly now: Clock;
  readonly logger: Logger;
}

/** What stands of drills: on the shelf, in the ledger, and as it is told. Each end is told once, by one instance. */
export interface Paper {
  /** @throws StoreUnavailable: without the ledger nothing could be given back */
  begin(report: DrillReport): Promise<void>;
  /** Never throws: what the shelf doesn't take now it is given by `bury`. */
  end(report: DrillReport): Promise<void>;
  /** One that was not to be. Never throws. */
  skip(report: DrillReport): Promise<void>;
  /** Ends the reports that nobody ended. For whoever holds the lease, and drills nothing. @throws StoreUnavailable */
  bury(): Promise<void>;
  /** What was found out lately, newest first; undefined until the ledger has said it. */
  recent(): readonly DrillReport[] | undefined;
  /** Looks what stands there. @returns whether one is under way, or died. @throws StoreUnavailable */
  look(): Promise<boolean>;
}

const DIED = 'Pullcord ended or stood still while it was under way. What it left is cleaned up.';
/** As many as are compared with, and looked through for the last that came to its end. */
const RECENT = 50;
/** What other instances found out is known after so long. Milliseconds. */
const RECENT_MS = 60_000;

export function createPaper({ shelf, record, tell, now, logger }: PaperOptions): Paper {
  /** Told already, and not on the shelf. */
  let untaken: DrillReport | undefined;
  let recent: readonly DrillReport[] | undefined;
  let looked = { underWay: '', at: Number.NEGATIVE_INFINITY };

  function say(report: DrillReport): void {
    const { id, state, ms, steps, text } = report;
    logger.info({ drill: id, state, ms, steps }, text);
    record({ kind: 'drill', data: { id, state, ...(ms === undefined ? {} : { ms }), text } });
    tell(report);
    looked = { ...looked, at: Number.NEGATIVE_INFINITY };
  }

  return {
    async begin(report) {
      const { id, state, by } = report;
      await shelf.put(report);
      record({ kind: 'drill', data: { id, state, by } });
    },
    async end(report) {
      try {
        if (!(await shelf.end(report))) {
          logger.warn({ drill: report.id }, 'another instance has ended the report of this drill');
          return;
        }
      } catch (error) {
        untaken = report;
        logger.error({ err: error, drill: report.id }, 'the ledger did not take the report of a drill yet');
      }
      say(report);
    },
    async skip(report) {
      await shelf
        .put(report)
        .catch((error) => logger.error({ err: error, drill: report.id }, 'the report of a drill is lost'));
      say(report);
    },
    async bury() {
      for (const dead of await shelf.running()) {
        const told = untaken?.id === dead.id ? untaken : undefined;
        const text = summary(dead.steps, 0, DIED);
        const report = told ?? { ...dead, state: 'failed', endedAt: now(), brokenOff: DIED, text };
        if ((await shelf.end(report)) && !told) say(report);
      }
      untaken = undefined;
    },
    recent: () => recent,
    async look() {
      const underWay = (await shelf.running()).map(({ id }) => id).join(' ');
      const age = now() - looked.at;
      if (underWay !== looked.underWay || age >= RECENT_MS || age < 0) {
        recent = await shelf.newest(RECENT);
        looked = { underWay, at: now() };
      }
      return underWay !== '';
    },
  };
}
