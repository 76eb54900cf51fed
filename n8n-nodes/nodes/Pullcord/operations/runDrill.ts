import { asError } from '../../shared/failure';
import { ask } from '../../shared/transport';
import type { Operation } from '../operation';
import { secondsOf, timeout } from '../parameters';
import { untilSettled } from '../waiting';

const isOver = ({ state }: { state?: unknown }): boolean => state !== 'running';

/** Rehearses the whole way on a canary route, and gives the report: `state` says whether it passed. */
export const runDrill: Operation = {
  option: {
    name: 'Run Drill',
    value: 'runDrill',
    action: 'Run a drill',
    description: 'Rehearse a stop and a restore on a canary route; gives the report, passed or failed',
  },
  properties: [timeout(300, true)],
  asTool: false,
  run: async (context, item) => {
    const seconds = Math.max(1, secondsOf(context, 'timeout', item, 300));
    let id: string | undefined;
    const answer = await untilSettled({
      ...{ seconds, isSettled: isOver },
      ask: async (waitSeconds) => {
        const begun = id === undefined;
        const path = begun ? '/api/v1/drills' : `/api/v1/drills/${encodeURIComponent(String(id))}`;
        const request = { path, right: 'drill', expects: 'state', waitSeconds } as const;
        const asked = await ask(context, { method: begun ? 'POST' : 'GET', ...request });
        if (asked.ok) id = String(asked.body.id);
        return asked;
      },
    });
    if (!answer.ok) throw asError(context.getNode(), answer.failure, item);
    const report = answer.body;
    if (isOver(report)) return [report];
    const failure = {
      message: `Drill ${String(report.id)} was not over within ${seconds} s`,
      description: 'It goes on, and its end is an event of the Pullcord Trigger. Give it a longer timeout.',
      reason: 'not-seen',
      facts: { drill: report.id, state: report.state },
    };
    throw asError(context.getNode(), failure, item);
  },
};
