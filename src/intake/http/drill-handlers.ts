import type { Drills } from '../../supervision/drill/drills';
import { shownReport } from '../../supervision/drill/report';
import type { Handlers } from './router';

export interface DrillHandlersOptions {
  readonly drills: Pick<Drills, 'start' | 'report' | 'newest' | 'nextDue'>;
}

const LIST_LIMIT = 20;

/** Drills by HTTP: begun, looked at, and waited for. */
export function drillHandlers({
  drills,
}: DrillHandlersOptions): Pick<Handlers, 'runDrill' | 'listDrills' | 'getDrill'> {
  return {
    runDrill: async ({ query: { wait = 0 }, bearer }) => {
      const begun = await drills.start(bearer.by);
      if ('refused' in begun) return begun;
      const report = (wait > 0 ? await drills.report(begun.id, wait * 1000) : undefined) ?? begun;
      const headers = { location: `/api/v1/drills/${report.id}` };
      return { status: report.state === 'running' ? 202 : 200, body: shownReport(report), headers };
    },

    listDrills: async ({ query: { limit = LIST_LIMIT } }) => {
      const found = await drills.newest(limit);
      const nextDue = drills.nextDue();
      const nextAt = nextDue === undefined ? {} : { nextAt: new Date(nextDue).toISOString() };
      return { status: 200, body: { drills: found.map(shownReport), ...nextAt } };
    },

    getDrill: async ({ params, query: { wait = 0 } }) => {
      const report = await drills.report(params.id, wait * 1000);
      return report ? { status: 200, body: shownReport(report) } : { refused: 'not-found' };
    },
  };
}
