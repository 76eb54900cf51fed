import type { State } from '../ledger/store';
import type { Operator } from '../operators/operator';
import { verifyCode } from '../operators/totp';
import type { Proof } from '../orders/desk';
import { DRILL_OPERATOR, DRILL_PHONE, isRehearsal } from '../orders/drill';
import type { OrderRequest } from '../orders/order';
import type { Refusal } from '../orders/reasons';
import { type Authority, clockWentBack, type Spending } from './authorise';

interface Ordered extends Pick<OrderRequest, 'scope'> {
  readonly action: Spending;
}

/** Whether an order is about a drill: by its scope, or by who gives it. `authorise` knows of neither. */
export const concernsDrill = ({ scope }: Ordered, proof: Proof): boolean => isRehearsal(scope) || isDrill(proof);

/**
 * Who may order the canary routes: the drill operator alone, by a one-time password alone, and nothing but them. Pure.
 * Fails towards "refused": a backup code, a bare STOP, a token and a person are refused there, and the drill operator
 * is refused everywhere else, whatever the action. Wrong codes count for nothing, or whoever forges the number could
 * lock the people's RESTORE.
 * @param operator undefined while no drill is under way.
 */
export function authoriseDrill(
  operator: Operator | undefined,
  state: State,
  { action, scope }: Ordered,
  proof: Proof,
  now: number,
): Authority {
  if (action === 'sign-in') return { kind: 'refused', refused: 'unknown-sender' };
  if (!isDrill(proof)) {
    const by = nameOf(proof);
    const detail = 'This scope is for drills alone: pullcord drill.';
    return { kind: 'refused', refused: 'no-right', detail, ...(by === undefined ? {} : { by }) };
  }
  if (!operator) return { kind: 'refused', refused: 'unknown-sender' };
  const by = DRILL_OPERATOR;
  const refuse = (refusal: Refusal): Authority => ({ kind: 'refused', by, ...refusal });
  if (!isRehearsal(scope)) return refuse({ refused: 'no-right', detail: 'A drill touches no scope but its own.' });
  const { code = '' } = proof;
  if (!/^\d{6}$/.test(code)) return refuse({ refused: code === '' ? 'code-missing' : 'code-wrong' });
  if (action === 'restore' && clockWentBack(state, now)) return refuse({ refused: 'clock-in-doubt' });

  const lastStep = state.operators.get(by)?.lastStep ?? -1;
  const result = verifyCode({ secret: operator.totpSecret, code, lastStep, now });
  if (!result.ok) return refuse({ refused: result.reason });
  return { kind: 'granted', by, use: { operator: by, lastStep: result.step, failures: [] } };
}

function nameOf(proof: Proof): string | undefined {
  if (proof.kind === 'token') return `token:${proof.token}`;
  return proof.kind === 'session' ? proof.by : undefined;
}

type OfDrill = Extract<Proof, { readonly kind: 'phone' | 'operator' }>;

const isDrill = (proof: Proof): proof is OfDrill =>
  (proof.kind === 'phone' && proof.phone === DRILL_PHONE) ||
  (proof.kind === 'operator' && proof.operator === DRILL_OPERATOR);
