import { useEffect, useRef } from 'preact/hooks';
import { clock } from './format';
import { live } from './live/live';
import { Now } from './pages/now/now';
import { Icon, type IconName } from './parts/icon';
import { later } from './parts/later';
import { SessionBar, SessionEnding } from './parts/session-bar';
import { address, type Page, pages, type Route } from './route';
import type { Signed } from './session';
import { useStore } from './store';

const Spend = later(() => import('./pages/spend/spend').then(({ Spend }) => Spend));
const Incidents = later(() => import('./pages/incidents/incidents').then(({ Incidents }) => Incidents));
const Line = later(() => import('./pages/line/line').then(({ Line }) => Line));
const Why = later(() => import('./pages/why').then(({ Why }) => Why));

const titles: Readonly<Record<Page, string>> = {
  now: 'Now',
  spend: 'Spend',
  incidents: 'Incidents',
  line: 'Line',
  why: 'Why',
};

export interface FrameProps {
  readonly route: Route;
  readonly who: Signed;
}

/** What stands around every page: where one is, whether what is shown is live, who is signed in. */
export function Frame({ route, who }: FrameProps) {
  const { page, rest } = route;
  const heading = useRef<HTMLHeadingElement>(null);
  const first = useRef(true);
  const title = page === 'incidents' && rest !== undefined ? `Incident ${rest}` : titles[page];

  useEffect(() => {
    document.title = `${title} - Pullcord`;
    window.scrollTo(0, 0);
    // Whoever does not see the page is told that it is another one.
    if (!first.current) heading.current?.focus();
    first.current = false;
  }, [title]);

  return (
    <div class="frame">
      <header class="top">
        <button type="button" class="skip" onClick={() => heading.current?.focus()}>
          To the page
        </button>
        <p class="brand">
          <Icon name="now" />
          Pullcord
        </p>
        <Connection />
      </header>
      <nav class="tabs" aria-label="Pages">
        {pages.map((one) => (
          <a key={one} href={address(one)} aria-current={one === page ? 'page' : undefined}>
            <Icon name={one satisfies IconName} />
            <span>{titles[one]}</span>
          </a>
        ))}
      </nav>
      <main class={`page page-${page}`}>
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
        {who.kind === 'in' && <SessionEnding session={who.session} />}
        {page === 'now' && <Now />}
        {who.kind === 'in' ? (
          <>
            {page === 'spend' && <Spend />}
            {page === 'incidents' && <Incidents {...(rest === undefined ? {} : { number: rest })} />}
            {page === 'line' && <Line />}
            {page === 'why' && <Why {...(rest === undefined ? {} : { subject: rest })} />}
          </>
        ) : (
          page !== 'now' && <p class="quiet">Pullcord cannot be reached: there is nothing to show here.</p>
        )}
        {who.kind === 'in' && <SessionBar session={who.session} />}
      </main>
    </div>
  );
}

/** Whether what is shown is so now. */
function Connection() {
  const { connection } = useStore(live);
  return (
    <p class={`connection connection-${connection.phase}`} role="status">
      <span class="dot" aria-hidden="true" />
      {connection.phase === 'live' && 'Live'}
      {connection.phase === 'connecting' && 'Connecting…'}
      {connection.phase === 'lost' && `Not live since ${clock(connection.since)}`}
    </p>
  );
}
