import { createHash, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../../clock';
import type { Config } from '../../config/schema';

/**
 * Bearer tokens (RFC 6750), of which the configuration knows the SHA-256 alone. Fails towards "unknown": what isn't
 * exactly one well-formed token is nobody's.
 */
export type Token = Config['api']['tokens'][number];

export type TokenCheck =
  | { readonly kind: 'known'; readonly token: Token }
  /** No bearer token was sent; RFC 6750, 3.1: then the challenge bears no error. */
  | { readonly kind: 'missing' }
  | { readonly kind: 'wrong' };

/** RFC 6750, 2.1: `Bearer` and one b64token; RFC 9110, 11.1: the name of the scheme in any case. */
const BEARER = /^bearer +([A-Za-z0-9\-._~+/]{1,512}=*)$/i;

export type TokenChecker = (authorization: string | undefined) => TokenCheck;

/** Compares with every token in constant time, so that the time tells neither which one is near nor which one it is. */
export function tokenChecker(tokens: readonly Token[]): TokenChecker {
  const known = tokens.map((token) => ({ token, hash: Buffer.from(token.sha256, 'hex') }));
  return (authorization) => {
    const sent = BEARER.exec(authorization ?? '')?.[1];
    if (sent === undefined) return { kind: 'missing' };
    const hash = createHash('sha256').update(sent).digest();
    let found: Token | undefined;
    for (const one of known) if (timingSafeEqual(one.hash, hash)) found = one.token;
    return found ? { kind: 'known', token: found } : { kind: 'wrong' };
  };
}

/** How many failures are answered and recorded one by one before the rest is only counted. */
const BURST = 30;
const PER_SECOND = 0.5;

/**
 * One bucket for the failures of everybody: constant memory, however many addresses they come from. It limits what
 * failures cost; it never stands before a right token, or anybody could lock out a STOP with a flood of wrong ones.
 * @returns whether this failure is still within the limit.
 */
export function failureLimit(now: Clock, burst = BURST, perSecond = PER_SECOND): () => boolean {
  let left = burst;
  let last = now();
  return () => {
    const elapsed = Math.max(0, now() - last);
    last = now();
    left = Math.min(burst, left + (elapsed / 1000) * perSecond);
    if (left < 1) return false;
    left -= 1;
    return true;
  };
}
