import type { Unit } from '../signal';
import { addTo, nothingSpent, spentIn, type WindowSpend } from './ceilings';

/** What a subject has spent in the last minute, hour and day, in money and in all tokens: for people to look at. */
export type Totals = Readonly<Record<Unit, Readonly<Record<Span, WindowSpend>>>>;

export const spans = { minute: 60, hour: 3_600, day: 86_400 } as const;
export type Span = keyof typeof spans;
const names = Object.keys(spans) as Span[];
const units = ['usd', 'tokens'] as const satisfies readonly Unit[];

const nothing = (): Record<Span, WindowSpend> => ({
  minute: nothingSpent(spans.minute),
  hour: nothingSpent(spans.hour),
  day: nothingSpent(spans.day),
});

export const noTotals = (): Totals => ({ usd: nothing(), tokens: nothing() });

/** @param at seconds since the epoch. @param overSeconds as in `addTo`. */
export function addToTotals(
  totals: Totals,
  at: number,
  amounts: Readonly<Record<Unit, number>>,
  overSeconds: number,
): void {
  for (const unit of units) for (const name of names) addTo(totals[unit][name], at, amounts[unit], overSeconds);
}

/** @param at seconds since the epoch. */
export function totalsAt(totals: Totals, at: number): Readonly<Record<Span, Readonly<Record<Unit, number>>>> {
  const of = (name: Span): Record<Unit, number> => ({
    usd: spentIn(totals.usd[name], at),
    tokens: spentIn(totals.tokens[name], at),
  });
  return { minute: of('minute'), hour: of('hour'), day: of('day') };
}

/** When something was spent last, give or take some seconds. Seconds since the epoch. */
export const newestOf = ({ usd: { minute } }: Totals): number => (minute.at * spans.minute) / minute.parts.length;

/** As JSON. */
export const saveTotals = (totals: Totals): unknown =>
  units.map((unit) => names.map((name) => [totals[unit][name].at, [...totals[unit][name].parts]]));

/** @throws Error when it isn't what `saveTotals` gave. */
export function loadTotals(saved: unknown): Totals {
  const totals = noTotals();
  const all = saved as readonly (readonly (readonly [number, readonly number[]])[])[];
  units.forEach((unit, u) =>
    names.forEach((name, n) => {
      const window = totals[unit][name];
      const [at, parts] = all[u]?.[n] ?? [];
      if (at === undefined || parts?.length !== window.parts.length || ![at, ...parts].every(Number.isFinite))
        throw new Error(`no sum of the last ${name}`);
      window.at = at;
      window.parts.set(parts);
    }),
  );
  return totals;
}
