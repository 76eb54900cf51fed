import type { RestorePreview } from '../../desk/restore-preview';
import type { Incident } from '../../ledger/incident';
import type { Cost } from '../../ledger/story/cost';
import type { Step } from '../../ledger/story/steps';
import type { Story } from '../../ledger/story/story';
import type { IncidentStoryAnswer, RestorePreviewAnswer } from './schemas';
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

export function restorePreviewAnswer(preview: RestorePreview): RestorePreviewAnswer {
  const { scope, routes, others, stays, warnings, operators, pendingBy } = preview;
  return {
    ...{ scope, operators, pendingBy, warnings: [...warnings] },
    routes: routes.map((route) => ({ ...route, uris: [...route.uris], hosts: [...route.hosts] })),
    others: others.map(({ cutter, what }) => ({ cutter, what })),
    stays: stays.map(({ gateway, id, why }) => ({ gateway, id, why })),
  };
}
