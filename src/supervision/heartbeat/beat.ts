import type { Config } from '../../config/schema';
import type { Came } from '../checks/ask';
import type { Readiness } from '../readiness';

export type HeartbeatConfig = NonNullable<Config['heartbeat']>;

/** One ping as the watcher outside takes it. Pure. */
export interface Beat {
  readonly up: boolean;
  readonly method: 'GET' | 'POST';
  /** Holds the secret: it is neither logged nor shown. */
  readonly url: string;
  readonly body?: string;
}

/** Shorter than any of them cuts off. Characters. */
const MOST_TEXT = 200;

/**
 * What is sent for how the switch stands. `degraded` is up unless it is configured otherwise: Pullcord lives, a stop
 * would cut, and what is broken is told over its own channels.
 *
 * Sources: healthchecks.io/docs/http_api (any method; `/fail` behind the address; a body is kept), and Uptime Kuma's
 * `server/routers/api-router.js` (`/api/push/<token>?status=up|down&msg=&ping=`; anything but `up` is down).
 */
export function beatOf({ url, kind, downWhen }: HeartbeatConfig, ready: Readiness, pingMs: number | undefined): Beat {
  const up = ready.state === 'armed' || (ready.state === 'degraded' && downWhen === 'disarmed');
  const text = textOf(ready);
  const address = new URL(url);
  if (kindOf(kind, address) === 'uptime-kuma') {
    address.searchParams.set('status', up ? 'up' : 'down');
    address.searchParams.set('msg', text);
    address.searchParams.set('ping', pingMs === undefined ? '' : String(Math.round(pingMs)));
    return { up, method: 'GET', url: address.href };
  }
  if (!up) address.pathname = `${address.pathname.replace(/\/+$/, '')}/fail`;
  return { up, method: 'POST', url: address.href, body: `${text}\n` };
}

function kindOf(kind: HeartbeatConfig['kind'], { pathname }: URL): 'healthchecks' | 'uptime-kuma' {
  if (kind !== 'auto') return kind;
  return /\/api\/push\/[^/]+\/?$/.test(pathname) ? 'uptime-kuma' : 'healthchecks';
}

/** Names of parts alone: what is wrong with them may be told by Pullcord, and not to a stranger's server. */
function textOf({ state, parts }: Readiness): string {
  const wrong = parts.filter(({ ok }) => !ok).map(({ name }) => name);
  const text = wrong.length === 0 ? state : `${state}: ${wrong.join(', ')}`;
  return text.length <= MOST_TEXT ? text : `${text.slice(0, MOST_TEXT - 3)}...`;
}

/** Why a ping did not count, and what to do; undefined: it did. */
export function whyNot(came: Came): { readonly what: string; readonly todo: string } | undefined {
  const because = (what: string, todo: string) => ({ what, todo });
  if ('code' in came) return because(`could not be reached (${came.code})`, 'Open the way out to it.');
  const { status, data } = came;
  const said = typeof data === 'string' ? data : '';
  // healthchecks.io says so with a 200, for old clients' sake.
  if (status === 404 || /\(not found\)/i.test(said))
    return because('does not know this address', 'Correct heartbeat.url: the check may be gone, or paused.');
  if (status === 429 || /\(rate limited\)/i.test(said))
    return because('takes no ping so often', 'Raise heartbeat.periodSeconds.');
  if (status >= 300 && status < 400)
    return because(`leads elsewhere (${status})`, 'Write the last address as heartbeat.url: no redirect is followed.');
  const refused = typeof data === 'object' && data !== null && (data as { ok?: unknown }).ok === false;
  if (status < 200 || status >= 300 || refused)
    return because(`refused the ping (${status})`, 'Look at it there; correct heartbeat.url.');
  return undefined;
}
