import type { Clock } from '../../clock';
import type { PreviewRestore } from '../../desk/restore-preview';
import type { Incident } from '../../ledger/incident';
import type { Records } from '../../ledger/records';
import type { Measure } from '../../ledger/story/cost';
import { reportOf } from '../../ledger/story/report';
import { type Story, storyOf } from '../../ledger/story/story';
import type { Handlers } from './router';
import { restorePreviewAnswer, storyAnswer } from './story-view';

export interface IncidentHandlersOptions {
  readonly records: Pick<Records, 'incident'>;
  /** The fallbacks that are forbidden while this scope is severed. */
  readonly fallbacksOf: (scope: string) => ReadonlySet<string>;
  readonly previewRestore: PreviewRestore;
  /** What was spent in a time, as it was seen; undefined where there is no tripwire. From memory: no I/O. */
  readonly measure?: Measure | undefined;
  readonly now: Clock;
}

const NONE = { refused: 'not-found', detail: 'No incident was opened by that order.' } as const;

/** What one incident was, from the ledger, and what its restore would bring back. */
export function incidentHandlers(
  options: IncidentHandlersOptions,
): Pick<Handlers, 'getIncident' | 'incidentReport' | 'restorePreview'> {
  const { records, fallbacksOf, previewRestore, measure, now } = options;
  return {
    restorePreview: async ({ params: { scope } }) => {
      const preview = await previewRestore(scope);
      return 'refused' in preview ? preview : { status: 200, body: restorePreviewAnswer(preview) };
    },

    getIncident: async ({ params: { number } }) => {
      const told = await tell(number);
      return told ? { status: 200, body: storyAnswer(told.incident, told.story) } : NONE;
    },

    incidentReport: async ({ params: { number } }) => {
      const told = await tell(number);
      if (!told) return NONE;
      const headers = { 'content-disposition': `attachment; filename="pullcord-incident-${number}.md"` };
      return { status: 200, body: reportOf(told.incident, told.story), headers };
    },
  };

  async function tell(number: number): Promise<{ readonly incident: Incident; readonly story: Story } | undefined> {
    const paper = await records.incident(number);
    if (!paper) return undefined;
    const { incident } = paper;
    return { incident, story: storyOf(paper, { fallbacks: fallbacksOf(incident.scope), now: now(), measure }) };
  }
}
