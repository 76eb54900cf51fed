import { isCut, type Latch } from '../../latch/latch';
import type { Outcome } from '../../orders/desk';
import type { Action, Order } from '../../orders/order';
import { type Refusal, reasons } from '../../orders/reasons';

/**
 * Every text that Pullcord sends to a phone. Each is one segment: at most 160 characters of ASCII that GSM 03.38 has
 * in its basic table, so that none costs two, none is split, and none arrives as boxes. What doesn't fit is cut at the
 * end of a sentence or of a list, never in the middle of a fact.
 *
 * No text is, or asks for, a word that providers keep for themselves: it says CUT where a person will type STOP.
 */
export const MAX_TEXT = 160;

/** How an order stands. `severed` and `restored` are said only of what was seen (law 5). */
export function outcomeText(order: Pick<Order, 'number' | 'action' | 'scope'>, outcome: Outcome): string {
  const { scope } = order;
  const seen = `on ${count(outcome.gateways, 'gateway')}, seen after ${seconds(outcome.ms)}.${numbered(order, ' Order ', '.')}`;
  const missing = (rest: string): string =>
    outcome.missing.length === 0
      ? text([`${rest}.`, 'Keeps trying.'])
      : cutList(`${rest}: `, outcome.missing.map(brief), '. Keeps trying.');
  switch (outcome.state) {
    case 'severed':
      return text([
        `SEVERED ${scope}: ${count(outcome.cut, 'route')} refused ${seen}`,
        `RESTORE ${scope} + code puts it back.`,
      ]);
    case 'live':
      return text([`RESTORED ${scope}: served again ${seen}`]);
    case 'severing':
      return missing(`SEVERING ${scope}${numbered(order, ', order ')}: not yet seen everywhere`);
    case 'restoring':
      return missing(`RESTORING ${scope}${numbered(order, ', order ')}: not yet seen everywhere`);
    case 'overtaken':
      return text([
        `The order${numbered(order, ' ')} (${order.action} ${scope}) was overtaken by a later order.`,
        'STATUS shows it.',
      ]);
  }
}

/** When the order stands, and nothing was seen in time for the answer. */
export const acceptedText = (order: Pick<Order, 'number' | 'action' | 'scope'>): string =>
  text([`${order.action.toUpperCase()} ${order.scope}: order${numbered(order, ' ')} taken.`, 'The result follows.']);

/** When not even the order's number was there in time for the answer. */
export const workingText = (action: Action, scope: string): string =>
  text([`${action.toUpperCase()} ${scope} is being worked on.`, 'The result follows.', 'STATUS shows how it stands.']);

/** When the desk failed. It is not known whether the order was taken. */
export const failedText = (action: Action, scope: string): string =>
  text([
    `${action.toUpperCase()} ${scope}: Pullcord failed, and the order may not have been taken.`,
    'Text it again with a new code, or use the command line.',
  ]);

export const pendingText = ({ scope, withinSeconds }: { scope: string; withinSeconds: number }): string =>
  text([
    `RESTORE ${scope} waits for a second operator.`,
    `Another person texts RESTORE ${scope} + code within ${minutes(withinSeconds)}.`,
  ]);

export function refusalText({ refused, detail }: Refusal): string {
  const sentence = detail === undefined ? '' : plain(detail).replace(/([^.!?])$/, '$1.');
  return text([reasons[refused].advice, sentence]);
}

export const unknownScopeText = (word: string, scopes: readonly string[]): string =>
  cutList(`No scope is called ${plain(word).slice(0, 24)}. There are: `, scopes, '.');

/** @param digits how many there were: neither six nor twelve. */
export const malformedCodeText = (digits: number): string =>
  text([`Not a code: ${count(digits, 'digit')}.`, 'Your app shows 6, a printed backup code has 12.']);

export const notUnderstoodText = (): string =>
  text([
    'Not understood.',
    'CUT + code stops, RESTORE + code puts back, STATUS shows.',
    'A scope may follow the word.',
  ]);

export const helpText = (scopes: readonly string[]): string =>
  cutList('CUT + code stops. RESTORE + code puts back. STATUS shows. A scope may follow the word: ', scopes, '.');

/** All latches in one text; what is cut comes first. */
export function statusText(latches: readonly Latch[], now: number): string {
  const rank = (latch: Latch): number => (isCut(latch) ? 0 : latch.state === 'restoring' ? 1 : 2);
  const items = [...latches]
    .sort((a, b) => rank(a) - rank(b))
    .map(({ scope, state, order, since }) =>
      state === 'live' ? `${scope} live` : `${scope} ${state.toUpperCase()} ${age(now - since)} (order ${order})`,
    );
  return items.length === 0 ? 'No scopes.' : cutList('', items, '.');
}

/** For the other channels: the result for an operator who sent an opt-out word, so that nothing can be texted back. */
export function optedOutAlarm(operator: string, result: string): string {
  const [first = '', ...rest] = sentences(result);
  return text([`${operator}: ${first}`, 'Opted out: gets no texts until START.', ...rest]);
}

/** For the other channels: a result that may not reach the operator who asked. */
export function alsoAlarm(operator: string, result: string): string {
  const [first = '', ...rest] = sentences(result);
  return text([`To ${operator}: ${first}`, ...rest]);
}

/** What stands amiss without the request that showed it: that is in the log, and there is no room for it here. */
const brief = (missing: string): string => missing.replace(/\b(GET|HEAD|OPTIONS|POST|PUT|PATCH|DELETE) \S+ /g, '');

const sentences = (whole: string): string[] => whole.split(/(?<=[.!?]) (?=[A-Z])/);

/** The sentences that fit, in order. The first always stands, cut if need be. */
function text(parts: readonly string[]): string {
  return parts
    .map(plain)
    .filter((sentence) => sentence !== '')
    .reduce((all, sentence) => {
      if (all === '') return sentence.slice(0, MAX_TEXT).trim();
      const longer = `${all} ${sentence}`;
      return longer.length <= MAX_TEXT ? longer : all;
    }, '');
}

/** `head` a, b, +3 more `tail`. */
function cutList(head: string, items: readonly string[], tail: string): string {
  const clean = items.map(plain).filter((item) => item !== '');
  for (let shown = clean.length; shown > 0; shown -= 1) {
    const more = shown < clean.length ? [`+${clean.length - shown} more`] : [];
    const whole = head + [...clean.slice(0, shown), ...more].join(', ') + tail;
    if (whole.length <= MAX_TEXT) return whole;
  }
  return head + shorten(clean[0] ?? '', MAX_TEXT - head.length - tail.length) + tail;
}

/** At most so many characters: whole clauses if any fits, else whole words, else what fits. */
function shorten(item: string, room: number): string {
  if (item.length <= room) return item;
  const fits = item.slice(0, room + 1);
  const end = [/^.*(?=[.;:] )/, /^.*(?=[.;:,]? )/]
    .map((part) => part.exec(fits)?.[0] ?? '')
    .find((part) => part !== '');
  return end ?? item.slice(0, room).trimEnd();
}

/** GSM 03.38 has no backtick, and the other replaced characters cost two there. */
const substitutes: Readonly<Record<string, string>> = {
  '`': "'",
  '^': "'",
  '[': '(',
  ']': ')',
  '{': '(',
  '}': ')',
  '|': '/',
  '\\': '/',
  '~': '-',
};
const plain = (s: string): string =>
  s
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/\s+/g, ' ')
    .replace(/[`^[\]{}|\\~]/g, (c) => substitutes[c] ?? '?')
    .replace(/[^\x20-\x7e]/gu, '?')
    .trim();

/** A stop that was carried out without the ledger has no number yet. */
const numbered = ({ number }: Pick<Order, 'number'>, before: string, after = ''): string =>
  number > 0 ? `${before}${number}${after}` : '';

const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`;
/** At least 0.1 s: 0.0 reads as if nobody had looked. */
const seconds = (ms: number): string => `${(Math.max(ms, 100) / 1000).toFixed(1)} s`;
const minutes = (s: number): string => `${Math.round(s / 60)} min`;

function age(ms: number): string {
  const s = Math.max(0, Math.round(ms / 1000));
  if (s < 60) return `${s} s`;
  if (s < 2 * 3600) return `${Math.round(s / 60)} min`;
  return s < 48 * 3600 ? `${Math.round(s / 3600)} h` : `${Math.round(s / 86_400)} d`;
}
