import type { LatchState } from '../latch/latch';
import type { Outcome } from '../orders/desk';
import type { Order } from '../orders/order';
import { count, cutList, seconds, segment } from './segment';

/** How an order stands. `severed` and `restored` are said only of what was seen (law 5). */
export function outcomeText(order: Pick<Order, 'number' | 'action' | 'scope'>, outcome: Outcome): string {
  const { scope } = order;
  const seen = `on ${count(outcome.gateways, 'gateway')}, seen after ${seconds(outcome.ms)}.${numbered(order, ' Order ', '.')}`;
  const missing = (rest: string): string =>
    outcome.missing.length === 0
      ? segment([`${rest}.`, 'Keeps trying.'])
      : cutList(`${rest}: `, outcome.missing.map(brief), '. Keeps trying.');
  switch (outcome.state) {
    case 'severed':
      return segment([
        `SEVERED ${scope}: ${count(outcome.cut, 'route')} refused ${seen}`,
        `RESTORE ${scope} + code puts it back.`,
      ]);
    case 'live':
      return segment([`RESTORED ${scope}: served again ${seen}`]);
    case 'severing':
      return missing(`SEVERING ${scope}${numbered(order, ', order ')}: not yet seen everywhere`);
    case 'restoring':
      return missing(`RESTORING ${scope}${numbered(order, ', order ')}: not yet seen everywhere`);
    case 'overtaken':
      return segment([
        `The order${numbered(order, ' ')} (${order.action} ${scope}) was overtaken by ${later(outcome)}.`,
        ...(outcome.overtakenBy ? [`${scope} ${stands[outcome.overtakenBy.state]}.`] : []),
        'STATUS shows it.',
      ]);
  }
}

const later = ({ overtakenBy }: Outcome): string =>
  overtakenBy && overtakenBy.order > 0 ? `order ${overtakenBy.order}` : 'a later order';

/** As the ledger has it: a sever that overtook a sever leaves nobody in doubt. */
const stands: Readonly<Record<LatchState, string>> = {
  live: 'is live',
  severing: 'is being severed',
  severed: 'is severed',
  restoring: 'is being restored',
};

/** What stands amiss without the request that showed it: that is in the log, and there is no room for it here. */
const brief = (missing: string): string => missing.replace(/\b(GET|HEAD|OPTIONS|POST|PUT|PATCH|DELETE) \S+ /g, '');

/** A stop that was carried out without the ledger has no number yet. */
export const numbered = ({ number }: Pick<Order, 'number'>, before: string, after = ''): string =>
  number > 0 ? `${before}${number}${after}` : '';
