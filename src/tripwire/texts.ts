import { outcomeText } from '../notify/outcome-text';
import { count, MAX_TEXT, seconds, segment } from '../notify/segment';
import type { Outcome } from '../orders/desk';
import type { Order } from '../orders/order';
import { amount, estimate } from './amounts';
import { explainBriefly, type Telling } from './explain';
import { perMinute } from './figures';
import type { Signal } from './signal';

/** What the tripwire texts to the operators, each in one segment. */

/** It cuts, now. */
export const trippedText = (scope: string, signal: Signal, telling: Telling): string =>
  around(`TRIPPED: cuts ${scope}. `, '.', signal, telling);

/** It would have cut, had it been told to act. */
export const wouldText = (scope: string, signal: Signal, telling: Telling): string =>
  around(`WOULD CUT ${scope} (observes only): `, '.', signal, telling);

export const warnedText = (scope: string, signal: Signal, telling: Telling): string =>
  around('WARNING: ', `. CUT ${scope} + code stops it.`, signal, telling);

/** How the cut went, what it has cost until then, and what it saves from now on. */
export function settledText(
  order: Pick<Order, 'number' | 'action' | 'scope'>,
  outcome: Outcome,
  signal: Signal,
): string {
  if (outcome.state !== 'severed') return outcomeText(order, outcome);
  const { scope } = order;
  const routes = `${count(outcome.cut, 'route')} refused on ${count(outcome.gateways, 'gateway')}`;
  return segment([
    `SEVERED ${scope}: ${routes}, seen after ${seconds(outcome.ms)}.`,
    costs(signal),
    `RESTORE ${scope} + code puts it back.`,
  ]);
}

/** `$11 burnt beyond usual; saves $4.04 a minute, $242 an hour.` Empty where nothing is known of it. */
export function costs(signal: Signal): string {
  const { beyondUsual, unit } = signal;
  const rate = perMinute(signal);
  if (rate <= 0) return '';
  const burnt = beyondUsual > 0 ? `${estimate(beyondUsual, unit)} burnt beyond usual; ` : '';
  const saves = `saves ${amount(rate, unit)} a minute, ${amount(60 * rate, unit)} an hour.`;
  return burnt + (burnt === '' ? saves.replace('s', 'S') : saves);
}

function around(before: string, after: string, signal: Signal, telling: Telling): string {
  return before + explainBriefly(signal, telling, MAX_TEXT - before.length - after.length) + after;
}
