/**
 * A stop, from the gesture to the moment when every gateway was seen to refuse. Fails towards "not confirmed": nothing
 * but an answer says that a stop was accepted, and nothing but the gateways that it is severed. Pure.
 */

export interface Stop {
  /** Its Idempotency-Key: sent again, it is the same order. */
  readonly key: string;
  readonly scope: string;
  /** When it was ordered, or last confirmed by the person. Epoch, in milliseconds. */
  readonly at: number;
  readonly phase: Phase;
  /** How often it was sent. */
  readonly tries: number;
  /** When it is sent next, while it is queued. Epoch, in milliseconds. */
  readonly nextAt: number;
  /** Number of the order; 0 where the ledger could not number it. Missing until it is accepted. */
  readonly order?: number;
  /** Milliseconds from acceptance until it was seen everywhere. */
  readonly ms?: number;
  /** What is missing until it is seen; why it is queued, or refused. */
  readonly missing?: readonly string[];
  readonly why?: string;
}

/**
 * `queued`, `sending`: not confirmed. `sign-in`: waits for a session. `ask`: it is old, the person decides. `accepted`:
 * the answer came, gateways are still missing. The rest are ends: `severed` everywhere, `overtaken` by a later order,
 * `refused` for good.
 */
export type Phase = 'queued' | 'sending' | 'sign-in' | 'ask' | 'accepted' | 'severed' | 'overtaken' | 'refused';

/** What came of sending it, or of asking how it stands. */
export type Answer =
  | {
      readonly kind: 'stands';
      readonly order: number;
      readonly state: 'severing' | 'severed' | 'restoring' | 'live' | 'overtaken';
      readonly missing: readonly string[];
      readonly ms: number;
    }
  | { readonly kind: 'refused'; readonly status: number; readonly why: string }
  /** No answer that could be read, or none in time. */
  | { readonly kind: 'silent'; readonly why: string };

/** Older than this and never confirmed, it is not sent without asking: the world has gone on. Milliseconds. */
export const ASK_AFTER_MS = 10 * 60_000;
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 15_000;

/** Answers that may be another one soon: RFC 9110, 15.5.9 and 15.6; RFC 8470; RFC 6585, 4. */
const PASSING: readonly number[] = [408, 425, 429];

export function newStop(scope: string, key: string, now: number): Stop {
  return { key, scope, at: now, phase: 'queued', tries: 0, nextAt: now };
}

/** Of a stop that was kept: what was on its way when the page went away got no answer here. */
export function revived(stop: Stop, now: number): Stop {
  return stop.phase === 'sending' ? { ...stop, phase: 'queued', nextAt: now } : stop;
}

export const isOver = ({ phase }: Stop): boolean => phase === 'severed' || phase === 'overtaken' || phase === 'refused';

/** Whether it is still not known that Pullcord has it. */
export const isUnconfirmed = ({ phase }: Stop): boolean =>
  phase === 'queued' || phase === 'sending' || phase === 'sign-in' || phase === 'ask';

/** A queued one becomes `sending` when its time has come, or `ask` when it is too old. */
export function due(stop: Stop, now: number): Stop {
  if (stop.phase !== 'queued' || now < stop.nextAt) return stop;
  if (now - stop.at > ASK_AFTER_MS) return { ...stop, phase: 'ask' };
  return { ...stop, phase: 'sending', tries: stop.tries + 1 };
}

export function answered(stop: Stop, answer: Answer, now: number): Stop {
  const { why: _why, missing: _missing, ...rest } = stop;
  if (answer.kind === 'stands') return stands(rest, answer);
  // How an accepted one stands could not be found out: it is accepted all the same.
  if (stop.phase === 'accepted') return stop;
  if (answer.kind === 'silent') return again(rest, answer.why, now);
  if (answer.status === 401) return { ...rest, phase: 'sign-in', why: answer.why };
  if (answer.status >= 500 || PASSING.includes(answer.status)) return again(rest, answer.why, now);
  return { ...rest, phase: 'refused', why: answer.why };
}

/** Signed in again, back on the net, or confirmed though it is old: it goes at once. */
export function released(stop: Stop, by: 'session' | 'network' | 'person', now: number): Stop {
  if (by === 'session' && stop.phase === 'sign-in') return { ...stop, phase: 'queued', nextAt: now };
  if (by === 'network' && stop.phase === 'queued') return { ...stop, nextAt: now };
  if (by === 'person' && stop.phase === 'ask') return { ...stop, phase: 'queued', at: now, nextAt: now };
  return stop;
}

/** Doubles up to a bound; for ever. @param tries how often it was sent. */
export function retryMs(tries: number): number {
  return Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(10, Math.max(0, tries - 1)));
}

function again(stop: Stop, why: string, now: number): Stop {
  return { ...stop, phase: 'queued', why, nextAt: now + retryMs(stop.tries) };
}

function stands(stop: Stop, { order, state, missing, ms }: Extract<Answer, { kind: 'stands' }>): Stop {
  if (state === 'severed') return { ...stop, phase: 'severed', order, ms };
  if (state === 'severing') return { ...stop, phase: 'accepted', order, missing };
  return { ...stop, phase: 'overtaken', order };
}
