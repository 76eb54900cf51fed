import type { SignIns } from '../../desk/sign-ins';
import type { Handlers } from '../http/router';
import type { SessionAnswer } from '../http/session-schema';
import { nameInLedger, type Session, type Sessions } from './session';

export interface SessionHandlersOptions {
  readonly sessions: Pick<Sessions, 'begin' | 'end'>;
  readonly signIns: Pick<SignIns, 'byCode' | 'note'>;
  /** The identity provider, where one is configured. */
  readonly openid: { readonly name: string } | undefined;
}

type Own = 'signInWays' | 'signIn' | 'session' | 'signOut';

/** Signing in at the console, and out. */
export function sessionHandlers({ sessions, signIns, openid }: SessionHandlersOptions): Pick<Handlers, Own> {
  return {
    signInWays: async () => ({
      status: 200,
      body: { code: true, ...(openid ? { openid: { name: openid.name } } : {}) },
    }),

    signIn: async ({ body: { operator, code }, correlation }) => {
      const person = await signIns.byCode({ operator, code, correlation });
      if ('refused' in person) return person;
      const begun = sessions.begin({ by: 'code', name: person.name });
      // The operator was removed while the code was on its way.
      if (!begun) return { refused: 'code-wrong' };
      return { status: 200, body: sessionAnswer(begun.session), headers: { 'set-cookie': begun.cookie } };
    },

    session: async ({ bearer }) => ({ status: 200, body: sessionAnswer(bearer.session) }),

    signOut: async ({ bearer, correlation }) => {
      if (bearer) {
        const by = nameInLedger(bearer.session);
        signIns.note({ what: 'signed out', by, how: bearer.session.by, source: 'console', correlation });
      }
      return { status: 204, body: undefined, headers: { 'set-cookie': sessions.end(bearer?.session) } };
    },
  };
}

const sessionAnswer = ({ name, operator, rights, by, until }: Session): SessionAnswer => ({
  ...{ name, rights: [...rights], by, until: new Date(until).toISOString() },
  ...(operator === undefined ? {} : { operator }),
});
