import type { PlacedAnswer } from '../intake/http/schemas';
import { jsonLine, printable } from '../printable';
import { type Cli, Failure } from './cli';

/** How an order stands, for a person. */
interface News {
  readonly good: boolean;
  readonly text: string;
}

/**
 * Says how an order stands that was just placed.
 * @param waited whether the person wanted to wait until it is seen.
 * @throws Failure when the news isn't good
 */
export function sayPlaced({ say }: Pick<Cli, 'say'>, placed: PlacedAnswer, waited: boolean, json = false): void {
  const { good, text } = newsOf(placed, waited);
  if (json) say(jsonLine(placed));
  else if (good) say(text);
  if (!good) throw new Failure(text);
}

/** Good is only what was seen (law 5), or, for somebody who didn't want to wait, that the order was taken. */
function newsOf(placed: PlacedAnswer, waited: boolean): News {
  const scope = printable(placed.scope);
  if (placed.state === 'pending') {
    const within = `within ${Math.ceil(placed.withinSeconds / 60)} min`;
    return bad(`RESTORE ${scope} waits for a second operator: another person has to order it, too, ${within}.`);
  }
  const { number, state, ms, cut, gateways, missing, overtakenBy } = placed;
  const order = number > 0 ? `Order ${number}` : 'The order, not yet numbered by the ledger';
  const seen = `on ${count(gateways, 'gateway')}, seen after ${(Math.max(ms, 100) / 1000).toFixed(1)} s. ${order}.`;
  switch (state) {
    case 'severed':
      return good(`SEVERED ${scope}: ${count(cut, 'route')} refused ${seen}`);
    case 'live':
      return good(`RESTORED ${scope}: served again ${seen}`);
    case 'overtaken':
      // Somebody else severed it, too, and that was seen.
      return placed.action === 'sever' && overtakenBy?.state === 'severed'
        ? good(`SEVERED ${scope}, by order ${overtakenBy.order}: ${order} was overtaken by it.`)
        : bad(`${order} was overtaken by a later one. See: pullcord status`);
    case 'severing':
    case 'restoring': {
      const taken = `${state.toUpperCase()} ${scope}: ${order} is not yet seen everywhere`;
      const text = [taken, ...missing.map((one) => `  ${printable(one)}`), KEEPS_TRYING].join('\n');
      return waited ? bad(text) : good(text);
    }
  }
}

const KEEPS_TRYING = 'Pullcord keeps trying. See: pullcord status';

const good = (text: string): News => ({ good: true, text });
const bad = (text: string): News => ({ good: false, text });
const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;
