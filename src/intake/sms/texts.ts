import { isCut, type Latch } from '../../latch/latch';
import { numbered } from '../../notify/outcome-text';
import { count, cutList, plain, segment } from '../../notify/segment';
import type { Action, Order } from '../../orders/order';
import { type Refusal, reasons } from '../../orders/reasons';
import type { Wish } from '../../orders/words';

/**
 * What this door says to a phone, each in one segment.
 *
 * No text is, or asks for, a word that providers keep for themselves: it says CUT where a person will type STOP.
 */

/** When the order stands, and nothing was seen in time for the answer. */
export const acceptedText = (order: Pick<Order, 'number' | 'action' | 'scope'>): string =>
  segment([`${order.action.toUpperCase()} ${order.scope}: order${numbered(order, ' ')} taken.`, 'The result follows.']);

/** When not even the order's number was there in time for the answer. */
export const workingText = (action: Action, scope: string): string =>
  segment([
    `${action.toUpperCase()} ${scope} is being worked on.`,
    'The result follows.',
    'STATUS shows how it stands.',
  ]);

/** When the desk failed. It is not known whether the order was taken. */
export const failedText = (action: Action | Wish, scope: string): string =>
  segment([
    `${action.toUpperCase()} ${scope}: Pullcord failed, and the order may not have been taken.`,
    'Text it again with a new code, or use the command line.',
  ]);

export const pendingText = ({ scope, withinSeconds }: { scope: string; withinSeconds: number }): string =>
  segment([
    `RESTORE ${scope} waits for a second operator.`,
    `Another person texts RESTORE ${scope} + code within ${minutes(withinSeconds)}.`,
  ]);

export function refusalText({ refused, detail }: Refusal): string {
  const sentence = detail === undefined ? '' : plain(detail).replace(/([^.!?])$/, '$1.');
  return segment([reasons[refused].advice, sentence]);
}

export const unknownScopeText = (word: string, scopes: readonly string[]): string =>
  cutList(`No scope is called ${plain(word).slice(0, 24)}. There are: `, scopes, '.');

/** @param digits how many there were: neither six nor twelve. */
export const malformedCodeText = (digits: number): string =>
  segment([`Not a code: ${count(digits, 'digit')}.`, 'Your app shows 6, a printed backup code has 12.']);

export const notUnderstoodText = (): string =>
  segment([
    'Not understood.',
    'CUT + code stops, RESTORE + code puts back, STATUS shows.',
    'A scope may follow the word.',
  ]);

export const helpText = (scopes: readonly string[]): string =>
  cutList('CUT + code stops. RESTORE + code puts back. STATUS shows. A scope may follow the word: ', scopes, '.');

/** All latches in one text; what is cut comes first, then how fallbacks stand. */
export function statusText(latches: readonly Latch[], now: number, fallbacks: readonly string[] = []): string {
  const rank = (latch: Latch): number => (isCut(latch) ? 0 : latch.state === 'restoring' ? 1 : 2);
  const items = [...latches]
    .sort((a, b) => rank(a) - rank(b))
    .map(({ scope, state, order, since }) =>
      state === 'live' ? `${scope} live` : `${scope} ${state.toUpperCase()} ${age(now - since)} (order ${order})`,
    );
  const all = [...items.filter(isNoted), ...fallbacks, ...items.filter((item) => !isNoted(item))];
  return all.length === 0 ? 'No scopes.' : cutList('', all, '.');
}

const isNoted = (item: string): boolean => !item.endsWith(' live');

/** For the other channels: the result for an operator who sent an opt-out word, so that nothing can be texted back. */
export function optedOutAlarm(operator: string, result: string): string {
  const [first = '', ...rest] = sentences(result);
  return segment([`${operator}: ${first}`, 'Opted out: gets no texts until START.', ...rest]);
}

/** For the other channels: a result that may not reach the operator who asked. */
export function alsoAlarm(operator: string, result: string): string {
  const [first = '', ...rest] = sentences(result);
  return segment([`To ${operator}: ${first}`, ...rest]);
}

const sentences = (whole: string): string[] => whole.split(/(?<=[.!?]) (?=[A-Z])/);

const minutes = (s: number): string => `${Math.round(s / 60)} min`;

function age(ms: number): string {
  const s = Math.max(0, Math.round(ms / 1000));
  if (s < 60) return `${s} s`;
  if (s < 2 * 3600) return `${Math.round(s / 60)} min`;
  return s < 48 * 3600 ? `${Math.round(s / 3600)} h` : `${Math.round(s / 86_400)} d`;
}
