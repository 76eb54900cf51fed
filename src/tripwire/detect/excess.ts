import { FINE_SECONDS, fineSum, MINUTE_SECONDS, minuteSpend, type Spending } from './spending';

export interface Excess {
  /** When it began, as far as can be seen. Seconds since the epoch. */
  readonly since: number;
  /** What was spent since then, less what is usual. */
  readonly beyondUsual: number;
}

/** A silence of so long ends it, looking back. */
const SILENCE_SECONDS = 60;
const FINE_REACH_SECONDS = 600;
const REACH_MINUTES = 360;
const SILENT_MINUTES = 5;

/** A fifth of the present rate still belongs to it: what grows begins small. */
const BELONGS = 0.2;

/** Since when spend is out of the ordinary, looking back from now. */
export function excessOf(spending: Spending, at: number, usualMinute: number): Excess {
  const now = fineSum(spending, 60, 0);
  const belongs = Math.max(2 * usualMinute, BELONGS * Math.max(now, fineSum(spending, 120, 60)));
  let seconds = 0;
  for (let back = 0; back < FINE_REACH_SECONDS && back - seconds <= SILENCE_SECONDS; back += FINE_SECONDS)
    if (fineSum(spending, back + FINE_SECONDS, back) > (belongs * FINE_SECONDS) / 60) seconds = back + FINE_SECONDS;
  if (seconds >= FINE_REACH_SECONDS - SILENCE_SECONDS) seconds = sinceMinutes(spending, belongs);
  const minutes = Math.ceil(seconds / MINUTE_SECONDS);
  let spent = seconds <= FINE_REACH_SECONDS ? fineSum(spending, seconds, 0) : 0;
  if (seconds > FINE_REACH_SECONDS) for (let back = 0; back < minutes; back++) spent += minuteSpend(spending, back);
  return { since: at - seconds, beyondUsual: Math.max(0, spent - usualMinute * (seconds / MINUTE_SECONDS)) };
}

function sinceMinutes(spending: Spending, belongs: number): number {
  let minutes = 0;
  for (let back = 0; back < REACH_MINUTES && back - minutes <= SILENT_MINUTES; back++)
    if (minuteSpend(spending, back) > belongs) minutes = back + 1;
  return minutes * MINUTE_SECONDS;
}
