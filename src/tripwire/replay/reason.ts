import type { Signal } from '../signal';

/** Why, in one line. */
export function reasonOf({
  subject,
  rule,
  unit,
  observed,
  windowSeconds,
  usual,
  limit,
  since,
  beyondUsual,
}: Signal): string {
  const amount = (n: number): string => (unit === 'usd' ? `$${n.toFixed(2)}` : `${Math.round(n)} tokens`);
  const from = new Date(since).toISOString().slice(11, 19);
  const name = subject.kind === 'whole' ? 'all keys' : `${subject.kind} ${subject.id}`;
  return `${name}: ${rule}: ${amount(observed)} in ${windowSeconds} s, usual ${amount(usual)}, limit ${amount(limit)}; since ${from}; ${amount(beyondUsual)} beyond usual`;
}
