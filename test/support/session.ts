import { Sessions, type SessionsOptions } from '../../src/intake/console/session';
import { people, testOperators } from './desk';

let serial = 0;

/** Sessions of the two people of the tests. */
export const testSessions = (options: Partial<SessionsOptions> = {}): Sessions =>
  new Sessions({
    ...{ key: Buffer.alloc(32, 7), secure: false, openid: true, operators: testOperators(people), now: Date.now },
    ...{ randomId: () => `session-${++serial}` },
    ...options,
  });

/** What the page sends with all that it asks. */
export const pageHeaders = { 'x-pullcord-console': '1', 'sec-fetch-site': 'same-origin' } as const;

/** For `Cookie`, of what was given for `Set-Cookie`. */
export const sent = (setCookie: string | null | undefined): string => (setCookie ?? '').split(';')[0] ?? '';

/** What a browser sends in which this person is signed in. */
export function signedIn(sessions: Sessions, name = 'alice'): Readonly<Record<string, string>> {
  const begun = sessions.begin({ by: 'code', name });
  if (!begun) throw new Error(`${name} is no operator`);
  return { ...pageHeaders, cookie: sent(begun.cookie) };
}
