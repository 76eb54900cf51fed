import type { Config, Right } from '../config/schema';
import type { OperatorUse, State } from '../ledger/store';
import type { Operator, Operators } from '../operators/operator';
import { throttle } from '../operators/throttle';
import { verifyCode } from '../operators/totp';
import type { Proof } from '../orders/desk';
import { type Action, TRIPWIRE } from '../orders/order';
import type { Refusal } from '../orders/reasons';

/**
 * Who may order what. Pure, and decided upon one state: the same state commits what a code was used for, so that a
 * code is accepted once (RFC 6238, 5.2) on however many instances. Fails towards "refused".
 */
export type Authority =
  | {
      readonly kind: 'granted';
      /** For the ledger: an operator's name, `token:<name>`, `openid:<name>`, `backup:<operator>` or `tripwire`. */
      readonly by: string;
      readonly use?: OperatorUse;
      readonly backupCodeUsed?: string;
    }
  | ({ readonly kind: 'refused'; readonly by?: string; readonly use?: OperatorUse } & Refusal);

export interface AuthoriseOptions {
  readonly operators: Operators;
  readonly config: Pick<Config, 'throttle' | 'sms'>;
}

const BACKUP_CODE = /^\d{12}$/;
const ONE_TIME_PASSWORD = /^\d{6}$/;
/** Enough to fill the widest throttle; older ones are out of every window that matters. */
export const FAILURES_KEPT = 50;
/** How far the clock may stand behind the newest line of the ledger. */
const CLOCK_SLACK_MS = 90_000;

/** Law 4: what is older than the ledger's newest line proves nothing. */
export const clockWentBack = (state: State, now: number): boolean => now < state.head.at - CLOCK_SLACK_MS;

const rightFor: Record<Action, Right> = { sever: 'stop', restore: 'restore' };

/** What a code may be spent on: an order, or signing in at the console, to which anybody with a right has one. */
export type Spending = Action | 'sign-in';

const may = ({ rights }: Operator, action: Spending): boolean =>
  action === 'sign-in' ? rights.length > 0 : rights.includes(rightFor[action]);

export function authorise(
  { operators, config }: AuthoriseOptions,
  state: State,
  action: Spending,
  proof: Proof,
  now: number,
): Authority {
  if (proof.kind === 'tripwire') {
    if (action !== 'sever') return { kind: 'refused', refused: 'not-restorable-by-tripwire', by: TRIPWIRE };
    return { kind: 'granted', by: TRIPWIRE };
  }
  if (proof.kind === 'token') {
    if (action === 'restore') return { kind: 'refused', refused: 'not-restorable-by-token' };
    return stopping(action, `token:${proof.token}`, proof.rights);
  }
  if (proof.kind === 'session') {
    if (action === 'restore') return { kind: 'refused', refused: 'not-restorable-by-session', by: proof.by };
    return stopping(action, proof.by, proof.rights);
  }

  const operator = proof.kind === 'phone' ? operators.byPhone(proof.phone) : operators.byName(proof.operator);
  const code = proof.code ?? '';
  if (BACKUP_CODE.test(code)) return authoriseBackupCode(operators, state, action, code, operator);
  if (!operator) return { kind: 'refused', refused: 'unknown-sender' };

  const by = operator.name;
  if (!may(operator, action)) return { kind: 'refused', refused: 'no-right', by };
  if (proof.kind === 'phone' && action === 'sign-in') return { kind: 'refused', refused: 'no-right', by };
  if (proof.kind === 'phone' && proof.bare) {
    if (action === 'sever' && config.sms.bareStop === 'sever') return { kind: 'granted', by };
    return { kind: 'refused', refused: 'bare-stop', by };
  }
  if (code === '') return { kind: 'refused', refused: 'code-missing', by };
  if (action === 'restore' && clockWentBack(state, now)) return { kind: 'refused', refused: 'clock-in-doubt', by };
  return authoriseOneTimePassword(config, state, action, operator, code, now);
}

/** Who was checked before: stops where it has the right to, and nothing else. */
function stopping(action: Spending, by: string, rights: readonly string[]): Authority {
  if (action !== 'sever' || !rights.includes('stop')) return { kind: 'refused', refused: 'no-right', by };
  return { kind: 'granted', by };
}

/** A printed code lets any phone stop, once, and nothing else. */
function authoriseBackupCode(
  operators: Operators,
  state: State,
  action: Spending,
  code: string,
  sender: Operator | undefined,
): Authority {
  const found = operators.byBackupCode(code);
  const by = sender ? { by: sender.name } : {};
  if (!found) return { kind: 'refused', refused: sender ? 'code-wrong' : 'unknown-sender', ...by };
  if (action !== 'sever') return { kind: 'refused', refused: 'no-right', detail: 'A backup code only stops.', ...by };
  if (state.backupCodesUsed.has(found.id)) return { kind: 'refused', refused: 'code-used', ...by };
  if (!found.operator.rights.includes('stop')) return { kind: 'refused', refused: 'no-right', ...by };
  return { kind: 'granted', by: `backup:${found.operator.name}`, backupCodeUsed: found.id };
}

function authoriseOneTimePassword(
  config: AuthoriseOptions['config'],
  state: State,
  action: Spending,
  operator: Operator,
  code: string,
  now: number,
): Authority {
  const by = operator.name;
  const use = state.operators.get(by) ?? { operator: by, lastStep: -1, failures: [] };
  const everyone = [...state.operators.values()].flatMap((other) => other.failures);
  const lock = throttle(config.throttle, { own: use.failures, everyone }, now);
  if (action === 'restore' ? lock.restoreLocked : lock.stopLocked)
    return { kind: 'refused', refused: 'code-locked', detail: `For ${lock.minutes} more minutes.`, by };

  const result = ONE_TIME_PASSWORD.test(code)
    ? verifyCode({ secret: operator.totpSecret, code, lastStep: use.lastStep, now })
    : ({ ok: false, reason: 'code-wrong' } as const);
  if (result.ok) return { kind: 'granted', by, use: { ...use, lastStep: result.step } };
  // A code that was right but used is no guess: counting it would lock out a person with a repeated message.
  if (result.reason !== 'code-wrong') return { kind: 'refused', refused: result.reason, by };
  const failures = [...use.failures, now].slice(-FAILURES_KEPT);
  return { kind: 'refused', refused: 'code-wrong', by, use: { ...use, failures } };
}
