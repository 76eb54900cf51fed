import type { Unit } from '../signal';
import { addTo, nothingSpent, spentIn, type WindowSpend } from './ceilings';

/** What a subject has spent in the last minute, hour and day, in money and in all tokens: for people to look at. */
export type Totals = Readonly<Record<Unit, Readonly<Record<Span, WindowSpend>>>>;

export const spans = { minute: 60, hour: 3_600, day: 86_400 } as const;
export type Span = keyof typeof spans;
const names = Object.keys(spans) as Span[];

const nothing = (): Record<Span, WindowSpend> => ({
  minute: nothingSpent(),
  hour: nothingSpent(),
  day: nothingSpent(),
});

export const noTotals = (): Totals => ({ usd: nothing(), tokens: nothing() });

/** @param at seconds since the epoch. */
export function addToTotals(totals: Totals, at: number, amounts: Readonly<Record<Unit, number>>): void {
  for (const name of names) {
    addTo(totals.usd[name], spans[name], at, amounts.usd);
    addTo(totals.tokens[name], spans[name], at, amounts.tokens);
  }
}

/** @param at seconds since the epoch. */
export function totalsAt(totals: Totals, at: number): Readonly<Record<Span, Readonly<Record<Unit, number>>>> {
  const of = (name: Span): Record<Unit, number> => ({
    usd: spentIn(totals.usd[name], spans[name], at),
    tokens: spentIn(totals.tokens[name], spans[name], at),
  });
  return { minute: of('minute'), hour: of('hour'), day: of('day') };
}

/** As JSON. */
export const saveTotals = (totals: Totals): unknown =>
  (['usd', 'tokens'] as const).map((unit) =>
    names.map((name) => [totals[unit][name].at, [...totals[unit][name].parts]]),
  );

/** @throws Error when it isn't what `saveTotals` gave. */
export function loadTotals(saved: unknown): Totals {
  const totals = noTotals();
  const units = saved as readonly (readonly (readonly [number, readonly number[]])[])[];
  (['usd', 'tokens'] as const).forEach((unit, u) =>
    names.forEach((name, n) => {
      const [at, parts] = units[u]?.[n] ?? [0, []];
      if (![at, ...parts].every(Number.isFinite)) throw new Error('not a number');
      totals[unit][name].at = at;
      totals[unit][name].parts.set(parts);
    }),
  );
  return totals;
}
