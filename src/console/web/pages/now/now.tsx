import { useEffect } from 'preact/hooks';
import { exact } from '../../format';
import { live } from '../../live/live';
import { Notice } from '../../parts/notice';
import { knownScopes } from '../../session';
import { StopList } from '../../stops/stop-list';
import { useStore } from '../../store';
import { Dock } from './dock';
import { Fallbacks } from './fallbacks';
import { ScopeCard } from './scope-card';
import { Standing } from './standing';

/** How it stands, and the button. */
export function Now() {
  const { connection, status, statusAt } = useStore(live);
  const isLive = connection.phase === 'live';
  const names = status?.scopes.map(({ scope }) => scope);

  useEffect(() => {
    if (names) knownScopes.set(names);
  }, [names?.join('\n')]);

  return (
    <div class="now">
      <div class="now-states">
        {!isLive && connection.phase === 'lost' && (
          <Notice tone="warning" title="Not live">
            <p>
              {statusAt === undefined
                ? 'Pullcord cannot be reached. How it stands is not known.'
                : `Pullcord cannot be reached. How it stands now is not known: what follows was seen at ${exact(statusAt)}.`}{' '}
              A stop is kept, and sent as soon as it can be.
            </p>
          </Notice>
        )}
        <StopList />
        {status && <Standing status={status} />}
        {status?.scopes.map((scope) => (
          <ScopeCard key={scope.scope} scope={scope} isLive={isLive} />
        ))}
        {!status && connection.phase === 'connecting' && <p class="quiet">Asking how it stands…</p>}
        {status && <Fallbacks mark={statusAt} />}
      </div>
      <Dock scopes={names ?? knownScopes.get()} />
    </div>
  );
}
