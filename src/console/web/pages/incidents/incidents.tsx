import type { IncidentAnswer } from '../../../../intake/http/schemas';
import '../../styles/incidents.css';
import { duration, exact } from '../../format';
import { live } from '../../live/live';
import { Asked, useAsked } from '../../parts/asked';
import { Icon } from '../../parts/icon';
import { address } from '../../route';
import { useNow, useStore } from '../../store';
import { Incident } from './incident';

/** @param number of one; left out: all of them. */
export function Incidents({ number }: { readonly number?: string }) {
  const one = number !== undefined && /^[1-9]\d{0,14}$/.test(number) ? number : undefined;
  return one === undefined ? <List /> : <Incident key={one} number={one} />;
}

function List() {
  const { incidents: mark } = useStore(live);
  const asking = useAsked<{ incidents: IncidentAnswer[] }>('/api/v1/incidents?limit=100', mark);
  return (
    <Asked asking={asking} what="Incidents">
      {({ incidents }) =>
        incidents.length === 0 ? (
          <p class="quiet">None yet. Each stop opens one, and its restore closes it.</p>
        ) : (
          <ol class="incidents">
            {incidents.map((incident) => (
              <li key={incident.number}>
                <Row incident={incident} />
              </li>
            ))}
          </ol>
        )
      }
    </Asked>
  );
}

function Row({
  incident: { number, scope, openedBy, reason, openedAt, severedAt, closedAt },
}: {
  readonly incident: IncidentAnswer;
}) {
  const now = useNow(10_000);
  const state = closedAt !== undefined ? 'live' : severedAt !== undefined ? 'severed' : 'severing';
  const lasted = duration((closedAt === undefined ? now : Date.parse(closedAt)) - Date.parse(openedAt));
  return (
    <a class={`incident-row incident-${state}`} href={address('incidents', String(number))}>
      <Icon name={state} />
      <span class="incident-what">
        <strong>
          {scope} by {openedBy}
        </strong>
        {reason !== undefined && <span>{reason}</span>}
        <small>
          {exact(openedAt)}; {closedAt === undefined ? `open for ${lasted}` : `restored after ${lasted}`}
        </small>
      </span>
      <span class="incident-number">
        <span class="hidden">Incident </span>
        {number}
      </span>
    </a>
  );
}
