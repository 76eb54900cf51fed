import { z } from 'zod';
import type { Clock } from '../../clock';
import { type Right, right } from '../../config/right';
import type { Operators } from '../../operators/operator';
import { DRILL_OPERATOR } from '../../orders/drill';
import { type CookieJar, cookieJar } from './cookie';

/**
 * Who is signed in at the console. All of it stands in a signed cookie, so that any instance with the same key knows it,
 * and none keeps anything; what an operator may do is looked up afresh each time. Fails towards "not signed in".
 */

export const SESSION_SECONDS = 15 * 60;
/** Of sessions that were signed out of and would not be over yet. */
const ENDED_KEPT = 1_000;

const stored = z.strictObject({
  id: z.string().min(1),
  name: z.string().min(1),
  by: z.enum(['code', 'openid']),
  /** Of whom the identity provider named. */
  rights: z.array(right).optional(),
  /** Epoch, in milliseconds. */
  until: z.int(),
});
type Stored = z.infer<typeof stored>;

/** A person who is signed in now. */
export interface Session {
  readonly id: string;
  /** The operator's name, or what the identity provider calls the person. */
  readonly name: string;
  readonly by: 'code' | 'openid';
  readonly rights: readonly Right[];
  /** Whose codes a restore takes, where that is known. */
  readonly operator?: string;
  /** Epoch, in milliseconds. */
  readonly until: number;
}

export type Person =
  | { readonly by: 'code'; readonly name: string }
  | { readonly by: 'openid'; readonly name: string; readonly rights: readonly Right[] };

export type SessionCheck =
  | { readonly kind: 'known'; readonly session: Session }
  /** It was ours, and is over. */
  | { readonly kind: 'ended' }
  | { readonly kind: 'forged' }
  | { readonly kind: 'missing' };

export interface SessionsOptions {
  readonly key: Buffer;
  /** The page is reached by https. */
  readonly secure: boolean;
  /** Whether an identity provider is configured. */
  readonly openid: boolean;
  readonly operators: Pick<Operators, 'byName'>;
  readonly now: Clock;
  readonly randomId: () => string;
}

export class Sessions {
  private readonly jar: CookieJar;
  /** Signed out of, with the end that they would have had. Of this instance alone. */
  private readonly ended = new Map<string, number>();

  constructor(private readonly options: SessionsOptions) {
    this.jar = cookieJar(options.key, options.secure, {
      ...{ name: 'pullcord-session', purpose: 'session', maxAgeSeconds: SESSION_SECONDS, sameSite: 'Strict' },
    });
  }

  /** @returns the session and its cookie; undefined where the person may do nothing. */
  begin(person: Person): { readonly session: Session; readonly cookie: string } | undefined {
    const { now, randomId } = this.options;
    const made: Stored = {
      ...{ id: randomId(), name: person.name, by: person.by, until: now() + SESSION_SECONDS * 1000 },
      ...(person.by === 'openid' ? { rights: [...person.rights] } : {}),
    };
    const session = this.living(made);
    return session && { session, cookie: this.jar.make(made) };
  }

  /** @param cookies the request's `Cookie` header. */
  of(cookies: string | undefined): SessionCheck {
    const found = this.jar.read(cookies);
    if (found.kind === 'none') return { kind: 'missing' };
    const parsed = found.kind === 'ours' ? stored.safeParse(found.value) : undefined;
    if (!parsed?.success) return { kind: 'forged' };
    const session = this.living(parsed.data);
    return session ? { kind: 'known', session } : { kind: 'ended' };
  }

  /** The same session as it is now; undefined when it is over, for instance because the operator was removed. */
  still({ id, name, by, until, rights }: Session): Session | undefined {
    return this.living({ id, name, by, until, ...(by === 'openid' ? { rights: [...rights] } : {}) });
  }

  /** Signs out. @returns the cookie that makes the browser forget. */
  end(session: Session | undefined): string {
    const now = this.options.now();
    for (const [id, until] of this.ended) if (until <= now) this.ended.delete(id);
    if (session) this.ended.set(session.id, session.until);
    const [oldest] = this.ended.keys();
    if (this.ended.size > ENDED_KEPT && oldest !== undefined) this.ended.delete(oldest);
    return this.jar.clear();
  }

  private living({ id, name, by, until, rights }: Stored): Session | undefined {
    const { operators, openid, now } = this.options;
    const left = until - now();
    // More than a whole session is left where the clock went back.
    if (left <= 0 || left > SESSION_SECONDS * 1000 || this.ended.has(id)) return undefined;
    const operator = name === DRILL_OPERATOR ? undefined : operators.byName(name);
    const known = operator && { operator: operator.name };
    const may = by === 'code' ? operator?.rights : openid ? rights : undefined;
    if (!may || may.length === 0) return undefined;
    return { id, name, by, until, rights: [...may], ...known };
  }
}

/** Who it is in the ledger. No operator's name has a colon. */
export const nameInLedger = ({ by, name }: Pick<Session, 'by' | 'name'>): string =>
  by === 'code' ? name : `openid:${name}`;
