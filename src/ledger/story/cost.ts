import type { Incident } from '../incident';
import type { Line } from '../store';

/** US dollars and tokens; undefined where nobody saw that, which is not nothing. */
export interface Sum {
  readonly usd?: number;
  readonly tokens?: number;
}

/** What the runaway cost, and what the cut saved, as the tripwire's own figures tell. */
export interface Cost {
  /** When it began to spend beyond what is usual. Epoch, in milliseconds. */
  readonly from: number;
  /** From then until the cut was seen. */
  readonly spent: Sum;
  readonly beyondUsual: Sum;
  /** In the last minutes before the cut. */
  readonly perMinute: Sum;
  readonly savedMinutes: number;
  readonly saved: Sum;
  /** How the savings were reckoned. One sentence. */
  readonly estimate: string;
}

/** Whose spend it is: one key's, one team's, or all together. */
export interface Spender {
  readonly kind: string;
  readonly id: string;
}

/** What was seen to be spent. */
export interface Measured {
  readonly usd: number;
  readonly tokens: number;
  /** It is a little more than was asked for: whole steps. Milliseconds. */
  readonly overMs: number;
}

/** Undefined where that was not seen, or not finely enough. Epoch, in milliseconds. */
export type Measure = (from: number, to: number, spender: Spender) => Measured | undefined;

/** One signal of the tripwire. */
interface Seen {
  readonly spender: Spender | undefined;
  readonly unit: 'usd' | 'tokens';
  readonly since: number;
  readonly at: number;
  readonly beyondUsual: number;
  readonly beyondPerMinute: number;
  readonly usualPerMinute: number;
  readonly usedUpAt: number | undefined;
}

const MINUTE_MS = 60_000;
/** A rate is told of, and taken to have gone on until the cut, when it was seen at most so long before. Milliseconds. */
const FRESH_MS = 10 * MINUTE_MS;
/**
 * Nobody is credited with more. Who watches by eye looks at a bill or a dashboard within an hour, at day; what would have
 * happened afterwards nobody can know.
 */
const SAVED_MINUTES = 60;

/**
 * From the figures of the trips and warnings that belong to the incident. Pure. Keys, teams and all of them together
 * overlap: for each unit one of them speaks, the one that had burnt most, so that nothing is counted twice.
 * @param now epoch, in milliseconds.
 * @param measure where what was spent was seen step by step, that is told in place of what follows from the signals.
 */
export function costOf(
  { openedAt, severedAt, closedAt }: Incident,
  lines: readonly Line[],
  now: number,
  measure: Measure = () => undefined,
): Cost | undefined {
  const cutAt = severedAt ?? openedAt;
  const seen = lines.flatMap((line) => seenIn(line) ?? []).filter(({ at }) => at <= cutAt);
  const speakers = (['usd', 'tokens'] as const).flatMap((unit) => speakerOf(unit, seen, cutAt) ?? []);
  if (speakers.length === 0) return undefined;

  const beyond = (one: Seen): number => {
    const seen = one.spender && measure(one.since, cutAt, one.spender);
    return seen ? Math.max(0, seen[one.unit] - usualIn(one, seen.overMs)) : beyondAt(one, cutAt);
  };
  const fresh = speakers.filter((one) => isFresh(one, cutAt));
  const cutFor = severedAt === undefined ? 0 : Math.max(0, (closedAt ?? now) - severedAt);
  const budgetMs = Math.min(...fresh.map(({ usedUpAt }) => (usedUpAt === undefined ? Infinity : usedUpAt - cutAt)));
  const savedMs = Math.max(0, Math.min(cutFor, SAVED_MINUTES * MINUTE_MS, budgetMs));
  const savedMinutes = fresh.length === 0 ? 0 : Math.floor(savedMs / 6_000) / 10;
  return {
    from: Math.min(...speakers.map(({ since }) => since)),
    spent: sum(speakers, (one) => beyond(one) + usualIn(one, cutAt - one.since)),
    beyondUsual: sum(speakers, beyond),
    perMinute: sum(fresh, (one) => one.beyondPerMinute + one.usualPerMinute),
    savedMinutes,
    saved: sum(fresh, (one) => one.beyondPerMinute * savedMinutes),
    estimate: estimateOf({
      isSeen: severedAt !== undefined,
      knowsRate: fresh.length > 0,
      savedMinutes,
      byBudget: budgetMs <= savedMs,
    }),
  };
}

function seenIn({ kind, data }: Line): Seen | undefined {
  if ((kind !== 'tripped' && kind !== 'warned') || data.rule === 'blind') return undefined;
  const { unit, usual, windowSeconds, beyondUsual, beyondUsualPerMinute } = data;
  const [since, at] = [timeOf(data.since), timeOf(data.at)];
  if (unit !== 'usd' && unit !== 'tokens') return undefined;
  if (since === undefined || at === undefined || !isAmount(beyondUsual) || !isAmount(beyondUsualPerMinute))
    return undefined;
  const usualPerMinute =
    isAmount(usual) && isAmount(windowSeconds) && windowSeconds > 0 ? (usual * 60) / windowSeconds : 0;
  return {
    ...{ spender: spenderOf(data.subject), unit, since: Math.min(since, at), at, beyondUsual, usualPerMinute },
    ...{ beyondPerMinute: beyondUsualPerMinute, usedUpAt: timeOf(data.usedUpAt) },
  };
}

function speakerOf(unit: Seen['unit'], all: readonly Seen[], cutAt: number): Seen | undefined {
  const own = all.filter((one) => one.unit === unit);
  const fresh = own.filter((one) => isFresh(one, cutAt));
  return (fresh.length > 0 ? fresh : own).sort((a, b) => beyondAt(b, cutAt) - beyondAt(a, cutAt))[0];
}

function spenderOf(subject: unknown): Spender | undefined {
  const { kind, id } = (subject ?? {}) as { readonly kind?: unknown; readonly id?: unknown };
  return typeof kind === 'string' && typeof id === 'string' ? { kind, id } : undefined;
}

const usualIn = ({ usualPerMinute }: Seen, ms: number): number => (usualPerMinute * ms) / MINUTE_MS;

const isFresh = ({ at }: Seen, cutAt: number): boolean => cutAt - at <= FRESH_MS;

/** What was burnt beyond the usual when the cut was seen; what is older is told as it was. */
const beyondAt = (one: Seen, cutAt: number): number =>
  one.beyondUsual + (isFresh(one, cutAt) ? (one.beyondPerMinute * (cutAt - one.at)) / MINUTE_MS : 0);

function estimateOf(how: { isSeen: boolean; knowsRate: boolean; savedMinutes: number; byBudget: boolean }): string {
  if (!how.isSeen) return 'Nothing is claimed before the cut was seen.';
  if (!how.knowsRate) return 'Nothing is claimed: nobody saw the rate in the last ten minutes before the cut.';
  const budget = how.byBudget ? ', and here only until the budget would have been used up' : '';
  return `What was burnt beyond the usual each minute before the cut, for ${how.savedMinutes} minutes: as long as the cut lasted, but an hour at most${budget}.`;
}

function sum(speakers: readonly Seen[], amount: (one: Seen) => number): Sum {
  return Object.fromEntries(
    speakers.map((one) => [
      one.unit,
      one.unit === 'usd' ? Math.round(amount(one) * 1e4) / 1e4 : Math.round(amount(one)),
    ]),
  );
}

const isAmount = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value) && value >= 0;

function timeOf(value: unknown): number | undefined {
  const time = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isFinite(time) ? time : undefined;
}
