import { amountScale } from '../tripwire/replay/plot/scale';

/** A step that nobody saw, and one in which nothing was spent. */
export const UNSEEN = '?';
export const NOTHING = '.';
const BARS = '▁▂▃▄▅▆▇█';

type Amounts = readonly (number | null)[];

/** So many steps as one; of which nobody saw anything is null. */
export function inColumns(amounts: Amounts, columns: number): (number | null)[] {
  const each = Math.max(1, Math.ceil(amounts.length / columns));
  return Array.from({ length: Math.ceil(amounts.length / each) }, (_, i) => {
    const seen = amounts.slice(i * each, (i + 1) * each).filter((amount) => amount !== null);
    return seen.length === 0 ? null : seen.reduce((sum, amount) => sum + amount, 0);
  });
}

/**
 * Draws amounts in one line of text. Lines drawn by one drawer can be compared.
 * @param most the amounts of the highest of them: where a few stand far above the others, the heights are logarithmic.
 */
export function drawer(most: Amounts): (amounts: Amounts) => string {
  const scale = amountScale(
    most.filter((amount) => amount !== null),
    [],
  );
  const bar = (amount: number): string => {
    const height = Math.max(1, Math.ceil(scale.at(amount) * BARS.length - 1e-9));
    return BARS[height - 1] as string;
  };
  return (amounts) => amounts.map((amount) => (amount === null ? UNSEEN : amount > 0 ? bar(amount) : NOTHING)).join('');
}
