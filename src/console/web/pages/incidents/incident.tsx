import type { IncidentStoryAnswer } from '../../../../intake/http/schemas';
import { many, measured } from '../../format';
import { live } from '../../live/live';
import { Asked, useAsked } from '../../parts/asked';
import { Notice } from '../../parts/notice';
import { Moment } from '../../parts/time';
import { address } from '../../route';
import { useStore } from '../../store';
import { Cost } from './cost';
import { Diff } from './diff-view';
import { Timeline } from './timeline';

/** What happened, from the first anomaly to the restore. */
export function Incident({ number }: { readonly number: string }) {
  const { incidents: mark } = useStore(live);
  const path = `/api/v1/incidents/${number}`;
  const asking = useAsked<IncidentStoryAnswer>(path, mark);
  return (
    <>
      <p>
        <a class="button button-quiet" href={address('incidents')}>
          All incidents
        </a>
      </p>
      <Asked asking={asking} what={`Incident ${number}`}>
        {(incident) => (
          <>
            <Summary incident={incident} />
            <p class="exports">
              <a class="button" href={`${path}/report`} download={`incident-${number}.md`}>
                Export as Markdown
              </a>
              <a class="button" href={path} download={`incident-${number}.json`}>
                Export as JSON
              </a>
            </p>
            {incident.cost && <Cost cost={incident.cost} />}
            <section class="block" aria-labelledby="timeline">
              <h2 id="timeline">What happened</h2>
              {incident.truncated && (
                <Notice tone="warning" title="There were more steps than are told here: the ledger has all of them." />
              )}
              <Timeline steps={incident.timeline} />
            </section>
            <section class="block" aria-labelledby="objects">
              <h2 id="objects">At the gateways, before and after</h2>
              {incident.objects.length === 0 ? (
                <p class="quiet">No change of an object was noted.</p>
              ) : (
                <p class="quiet">
                  {many(incident.objects.length, 'object was', 'objects were')} changed; secrets are blotted out.
                </p>
              )}
              {incident.objects.map((object) => (
                <Diff key={`${object.gateway} ${object.object}`} object={object} />
              ))}
            </section>
          </>
        )}
      </Asked>
    </>
  );
}

function Summary({ incident }: { readonly incident: IncidentStoryAnswer }) {
  const { scope, openedBy, reason, openedAt, severedAt, closedAt } = incident;
  const cutMs = severedAt === undefined ? undefined : Date.parse(severedAt) - Date.parse(openedAt);
  return (
    <dl class="facts">
      <div>
        <dt>Scope</dt>
        <dd>{scope}</dd>
      </div>
      <div>
        <dt>Ordered</dt>
        <dd>
          <Moment at={openedAt} whole /> by {openedBy}
        </dd>
      </div>
      {reason !== undefined && (
        <div class="facts-wide">
          <dt>Why</dt>
          <dd>{reason}</dd>
        </div>
      )}
      <div>
        <dt>Severed</dt>
        <dd>{cutMs === undefined ? 'not seen everywhere yet' : `seen everywhere after ${measured(cutMs)}`}</dd>
      </div>
      <div>
        <dt>Restored</dt>
        <dd>{closedAt === undefined ? 'no: it is open' : <Moment at={closedAt} whole />}</dd>
      </div>
    </dl>
  );
}
