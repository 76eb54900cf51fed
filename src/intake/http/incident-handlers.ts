import type { Clock } from '../../clock';
import type { Records } from '../../ledger/records';
import { storyOf } from '../../ledger/story/story';
import type { Handlers } from './router';
import { storyAnswer } from './story-view';

export interface IncidentHandlersOptions {
  readonly records: Pick<Records, 'incident'>;
  /** The fallbacks that are forbidden while this scope is severed. */
  readonly fallbacksOf: (scope: string) => ReadonlySet<string>;
  readonly now: Clock;
}

const NONE = { refused: 'not-found', detail: 'No incident was opened by that order.' } as const;

/** What one incident was, from the ledger. */
export function incidentHandlers({
  records,
  fallbacksOf,
  now,
}: IncidentHandlersOptions): Pick<Handlers, 'getIncident'> {
  return {
    getIncident: async ({ params: { number } }) => {
      const paper = await records.incident(number);
      if (!paper) return NONE;
      const { incident } = paper;
      const story = storyOf(paper, { fallbacks: fallbacksOf(incident.scope), now: now() });
      return { status: 200, body: storyAnswer(incident, story) };
    },
  };
}
