import type { Proof } from '../../orders/desk';
import type { Refusal } from '../../orders/reasons';
import type { Bearer } from './bearer';

/** What a bearer shows to stop something, without anybody's code. */
export function stopProofOf(bearer: Bearer): Proof | Refusal {
  const who = bearer.kind === 'token' ? 'The token needs' : 'You need';
  const rights: readonly string[] = bearer.rights;
  if (!rights.includes('stop')) return { refused: 'no-right', detail: `${who} the right stop.` };
  if (bearer.kind === 'token') return { kind: 'token', token: bearer.name, rights: bearer.rights };
  return { kind: 'session', by: bearer.by, rights: bearer.session.rights };
}
