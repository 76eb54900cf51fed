import type { Ceiling } from '../settings';
import type { Rule } from '../signal';
import { addTo, spentIn, windowsOf } from './ceilings';
import { gapOf } from './gap';
import { gaugeAt, gauges } from './gauges';
import type { How, Spent } from './how';
import type { Likeness } from './likeness';
import type { Profile } from './profile';
import { fineSum, MINUTE_SECONDS, minutesSum, type Spending } from './spending';
import type { SubjectState } from './state';

/** A limit that was exceeded, or nearly. */
export interface Over {
  readonly rule: Rule;
  readonly windowSeconds: number;
  readonly limit: number;
  readonly ratio: number;
  /** Where it isn't in the six hours that are kept. */
  readonly observed?: number;
}

/** The configured ceiling that is exceeded most. @param amount US dollars, or all tokens. */
export function ceilingsOver(
  state: SubjectState,
  how: How,
  spent: Spent,
  at: number,
  amount: number,
): Over | undefined {
  const own = how.ceilings.filter(({ unit }) => unit === how.unit);
  const fits = own.every(({ windowSeconds }, i) => state.ceilings[i]?.windowSeconds === windowSeconds);
  if (!fits || state.ceilings.length !== own.length)
    state.ceilings = windowsOf(
      state.ceilings,
      own.map(({ windowSeconds }) => windowSeconds),
    );
  let found: Over | undefined;
  state.ceilings.forEach((window, i) => {
    addTo(window, at, amount, gapOf(spent));
    const { windowSeconds, limit } = own[i] as Ceiling;
    const observed = spentIn(window, at);
    const ratio = observed / limit;
    if (ratio > 1 && !(found && found.ratio >= ratio))
      found = { rule: 'ceiling', windowSeconds, limit, ratio, observed };
  });
  return found;
}

/**
 * A share of the daily budget in a short time; a single call is no reason, whatever it costs.
 * @param shown what every gauge shows.
 */
export function overBudget(
  state: SubjectState,
  how: How,
  { budgetShares }: Profile,
  shown: Float64Array,
): Over | undefined {
  if (how.unit !== 'usd' || how.dailyBudgetUsd === undefined) return undefined;
  for (const [windowSeconds, share] of budgetShares) {
    const allowed = share * how.dailyBudgetUsd;
    const without = shown[allGauge.get(windowSeconds) as number] as number;
    if (without <= SEVERAL_CALLS * allowed) continue;
    const observed = sumOf(state.spending, windowSeconds);
    if (observed > allowed) return { rule: 'budget', windowSeconds, limit: allowed, ratio: observed / allowed };
  }
  return undefined;
}

const SEVERAL_CALLS = 0.2;
const allGauge = new Map(
  gauges.flatMap(({ stream, windowSeconds }, i) => (stream === 'all' ? [[windowSeconds, i]] : [])),
);

/** Spend of the last so many seconds: to ten minutes, or whole minutes beyond. */
export const sumOf = (spending: Spending, seconds: number): number =>
  seconds <= 600 ? fineSum(spending, seconds, 0) : minutesSum(spending, seconds / MINUTE_SECONDS);

/** Too much for a subject without enough history. */
export function tooMuchForAStranger({ cold }: Profile, likeness: Likeness, shown: Float64Array): Over | undefined {
  for (const stream of ['alike', 'all'] as const) {
    const limit = stream === 'alike' && likeness === 'same' ? cold.same : cold[stream];
    const ratio = (shown[gaugeAt(stream, 60)] as number) / limit;
    if (ratio > 1) return { rule: 'cold-start', windowSeconds: 60, limit, ratio };
  }
  return undefined;
}
