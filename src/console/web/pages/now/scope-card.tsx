import { useState } from 'preact/hooks';
import type { ScopeAnswer } from '../../../../intake/http/schemas';
import { clock } from '../../format';
import { Icon } from '../../parts/icon';
import { Since } from '../../parts/time';
import { address } from '../../route';
import { Cord } from './cord';
import { Restore } from './restore';

const words: Readonly<Record<ScopeAnswer['state'], string>> = {
  live: 'Live',
  severing: 'Severing',
  severed: 'Severed',
  restoring: 'Restoring',
};

export interface ScopeCardProps {
  readonly scope: ScopeAnswer;
  /** false: this is how it was. */
  readonly isLive: boolean;
}

/** One scope: one word, and what it rests on. */
export function ScopeCard({ scope, isLive }: ScopeCardProps) {
  const { state, since, by, reason, incident, pending } = scope;
  const [restoring, setRestoring] = useState(false);
  return (
    <section class={`scope scope-${state}${isLive ? '' : ' scope-then'}`} aria-labelledby={`scope-${scope.scope}`}>
      <h2 id={`scope-${scope.scope}`}>{scope.scope}</h2>
      <Cord state={state} />
      <p class="scope-state" role="status">
        <Icon name={state} large />
        <span>
          {!isLive && <small>It was: </small>}
          {words[state]}
        </span>
      </p>
      <p class="scope-who">
        {since === undefined ? 'No order ever touched it.' : <Since at={since} />}
        {by !== undefined && (
          <>
            {' '}
            by <strong>{by}</strong>
          </>
        )}
      </p>
      {reason !== undefined && <p class="scope-reason">{reason}</p>}
      <Seen scope={scope} />
      {pending && (
        <p class="scope-pending">
          <Icon name="wait" />
          <span>
            A restore by {pending.operator} ({clock(pending.at)}) waits for a second operator.
          </span>
        </p>
      )}
      <div class="scope-do">
        {state !== 'live' && (
          <button type="button" class="button" onClick={() => setRestoring(true)}>
            Restore…
          </button>
        )}
        {incident !== undefined && <a href={address('incidents', String(incident))}>Incident {incident}</a>}
      </div>
      {restoring && <Restore scope={scope.scope} onClose={() => setRestoring(false)} />}
    </section>
  );
}

/** On which gateways it was seen, and what is missing. */
function Seen({ scope: { seen, missing, gateways } }: { readonly scope: ScopeAnswer }) {
  const well = gateways.filter(({ seen }) => seen);
  const unseen = gateways.filter(({ seen }) => !seen);
  // What is told of a gateway is not told twice.
  const beside = missing.filter((one) => !gateways.some((gateway) => gateway.missing.includes(one)));
  return (
    <ul class="seen">
      {well.length > 0 && (
        <li class="is-seen">
          <Icon name="well" />
          <span>Seen at {well.map(({ name }) => name).join(', ')}</span>
        </li>
      )}
      {unseen.map(({ name, missing }) => (
        <li key={name} class="is-missing">
          <Icon name="wait" />
          <span>
            Not seen at {name}
            {missing.length > 0 && `: ${missing.join('; ')}`}
          </span>
        </li>
      ))}
      {gateways.length === 0 && (
        <li class={seen ? 'is-seen' : 'is-missing'}>
          <Icon name={seen ? 'well' : 'wait'} />
          <span>{seen ? 'Seen at every gateway' : 'Not seen at every gateway'}</span>
        </li>
      )}
      {beside.map((one) => (
        <li key={one} class="is-missing">
          <Icon name="wait" />
          <span>Missing: {one}</span>
        </li>
      ))}
    </ul>
  );
}
