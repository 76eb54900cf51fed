import type { Incident } from '../../ledger/incident';
import type { Cost } from '../../ledger/story/cost';
import type { Step } from '../../ledger/story/steps';
import type { Story } from '../../ledger/story/story';
import type { IncidentStoryAnswer } from './schemas';
import { incidentAnswer } from './views';

const time = (epochMs: number): string => new Date(epochMs).toISOString();

/** How an incident and its story are shown. */
export function storyAnswer(incident: Incident, { timeline, objects, cost, truncated }: Story): IncidentStoryAnswer {
  return {
    ...incidentAnswer(incident),
    timeline: timeline.map((step) => stepAnswer(step, incident.openedAt)),
    objects: objects.map((object) => ({ ...object, changes: [...object.changes] })),
    ...(cost ? { cost: costAnswer(cost) } : {}),
    ...(truncated ? { truncated } : {}),
  };
}

function stepAnswer(
  { seq, at, kind, who, text, evidence }: Step,
  openedAt: number,
): IncidentStoryAnswer['timeline'][number] {
  return { seq, at: time(at), afterMs: at - openedAt, kind, who, text, evidence: evidence && { ...evidence } };
}

const costAnswer = ({ from, ...cost }: Cost): NonNullable<IncidentStoryAnswer['cost']> => ({
  from: time(from),
  ...cost,
});
