import type { IncomingHttpHeaders } from 'node:http';
import type { Right, TokenRight } from '../../config/schema';
import type { Refusal } from '../../orders/reasons';
import { fromThePage, PAGE_HEADER } from '../console/from-the-page';
import { nameInLedger, type Session, type Sessions } from '../console/session';
import type { Token, TokenChecker } from './tokens';

/** A program with one of api.tokens. */
export interface TokenBearer {
  readonly kind: 'token';
  readonly name: string;
  readonly rights: readonly TokenRight[];
  /** In the ledger. */
  readonly by: string;
  /** Begins the keys of its requests: no two bearers share a key. */
  readonly keys: string;
  readonly source: 'api';
}

/** A person who is signed in at the console. Whoever may stop may rehearse. */
export interface SessionBearer {
  readonly kind: 'session';
  readonly name: string;
  readonly rights: readonly (Right | 'drill')[];
  readonly by: string;
  readonly keys: string;
  readonly source: 'console';
  readonly session: Session;
}

export type Bearer = TokenBearer | SessionBearer;

export interface BearerOptions {
  readonly checkToken: TokenChecker;
  readonly sessions: Pick<Sessions, 'of'>;
  /** Of the page, where it is configured. */
  readonly origin: string | undefined;
}

export type BearerCheck =
  | { readonly kind: 'known'; readonly bearer: Bearer }
  /** `guessed`: somebody sent what is none of ours. `told`: it goes on paper. */
  | { readonly kind: 'refused'; readonly refusal: Refusal; readonly guessed: boolean; readonly told: boolean };

interface Sent {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
}

/** Who bears the rights of a request: its token, or, where none was sent, its session. Fails towards "nobody". */
export function bearerOf({ checkToken, sessions, origin }: BearerOptions, req: Sent): BearerCheck {
  const check = checkToken(req.headers.authorization);
  if (check.kind === 'known') return { kind: 'known', bearer: ofToken(check.token) };
  const strange = { kind: 'refused', refusal: { refused: 'token-wrong' }, guessed: check.kind === 'wrong' } as const;
  if (req.headers.authorization !== undefined) return { ...strange, told: true };

  const found = sessions.of(req.headers.cookie);
  if (found.kind === 'missing' && req.headers[PAGE_HEADER] === undefined) return { ...strange, told: true };
  if (found.kind !== 'known')
    return {
      ...{ kind: 'refused', refusal: { refused: 'session-ended' } },
      ...{ guessed: false, told: found.kind === 'forged' },
    };
  const refusal = fromThePage(req, origin);
  if (refusal) return { kind: 'refused', refusal, guessed: false, told: true };
  return { kind: 'known', bearer: ofSession(found.session) };
}

export const ofToken = ({ name, rights }: Token): TokenBearer => ({
  ...{ kind: 'token', name, rights, by: `token:${name}`, source: 'api' },
  // No name of a token holds a colon.
  keys: `api:${name}:`,
});

export function ofSession(session: Session): SessionBearer {
  const { name, by, rights } = session;
  return {
    ...{ kind: 'session', name, by: nameInLedger(session), source: 'console', session },
    rights: rights.includes('stop') ? [...rights, 'drill'] : rights,
    // What a provider calls a person may hold colons: encoded it doesn't.
    keys: `console:${by}:${encodeURIComponent(name)}:`,
  };
}
