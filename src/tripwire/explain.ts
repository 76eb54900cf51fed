import { plain } from '../notify/segment';
import { amount, duration, estimate, timeOfDay, times } from './amounts';
import type { Rule, Signal } from './signal';

/** How a signal is told. */
export interface Telling {
  /** `key agent-1`. May come from LiteLLM, and hold any characters. */
  readonly name: string;
  /** IANA; the explanation names it. */
  readonly timeZone: string;
}

const LONGEST_NAME = 80;
/** In a text message. */
const [LONG_ENOUGH, AT_LEAST] = [28, 12];

/**
 * What a person needs, in one line: who, how much, how much is usual, since when, and what it has cost. Pure. For the
 * ledger, the log, the API and webhooks.
 */
export function explain(signal: Signal, { name, timeZone }: Telling): string {
  const { unit, since, at, beyondUsual, usedUpAt } = signal;
  const usual = usualOf(signal);
  const first = [
    `${oneLine(name).slice(0, LONGEST_NAME)}: ${spent(signal, inTheLast)}`,
    reasons[signal.rule](signal),
    usual && `usual at this hour ${usual.amount}`,
  ];
  return [
    first.filter(Boolean).join(', '),
    usual?.times,
    usedUpAt !== undefined && usedUp(usedUpAt, at, timeZone),
    `since ${timeOfDay(since, at, timeZone)}`,
    tellable(signal) && `about ${estimate(beyondUsual, unit)} burnt beyond usual`,
  ]
    .filter(Boolean)
    .join('; ');
}

/**
 * The same for a text message: ASCII of GSM 03.38, what matters most first, whole clauses alone.
 * @param room characters, at least 60. The answer never has more.
 */
export function explainBriefly(signal: Signal, { name, timeZone }: Telling, room: number): string {
  const { unit, since, at, beyondUsual, usedUpAt } = signal;
  const usual = usualOf(signal);
  const why = reasons[signal.rule](signal);
  const facts = spent(signal, (seconds) => ` in ${duration(seconds)}`);
  const who = plain(name) || 'a key';
  const longest = Math.max(AT_LEAST, Math.min(LONG_ENOUGH, room - facts.length - 2));
  const clauses = [
    usual && ` (usual ${[usual.amount, usual.times].filter(Boolean).join(', ')})`,
    tellable(signal) && `, ${estimate(beyondUsual, unit)} beyond usual`,
    why && `, ${why}`,
    usedUpAt !== undefined && usedUpAt > at && `, used up in ${duration((usedUpAt - at) / 1000)}`,
    `, since ${plain(timeOfDay(since, at, timeZone, false))}`,
  ];
  return clauses.reduce<string>(
    (told, clause) => (clause && told.length + clause.length <= room ? told + clause : told),
    `${who.slice(0, longest).trim()}: ${facts}`.slice(0, room),
  );
}

/** What was exceeded, in words; undefined where the figures say it. */
const reasons: Readonly<Record<Rule, (signal: Signal) => string | undefined>> = {
  ceiling: ({ limit, unit }) => `ceiling ${amount(limit, unit)}`,
  budget: ({ limit, unit }) => `budget ${amount(limit, unit)}`,
  level: () => undefined,
  loop: () => 'the same call again and again',
  growth: () => 'doubling every minute',
  sustained: () => 'without a pause',
  'cold-start': () => 'no history to compare with',
  price: () => 'dearer by the token than ever before',
  blind: () => undefined,
};

const LEARNT: ReadonlySet<Rule> = new Set(['level', 'loop', 'price', 'growth', 'sustained']);

/** Where nothing is known of it, nothing is said of it. */
function usualOf({ rule, observed, usual, unit }: Signal): { amount: string; times: string | undefined } | undefined {
  const learnt = LEARNT.has(rule);
  if (rule === 'blind' || (usual <= 0 && !learnt)) return undefined;
  return { amount: usual > 0 ? amount(usual, unit) : 'nothing', times: times(observed, usual) };
}

function spent({ rule, observed, unit, windowSeconds }: Signal, window: (seconds: number) => string): string {
  if (rule === 'blind') return `nothing seen for ${duration(windowSeconds)}`;
  return `${amount(observed, unit)}${windowSeconds > 0 ? window(windowSeconds) : ''}`;
}

/** A cent, or a token. */
const tellable = ({ beyondUsual, unit }: Signal): boolean => beyondUsual >= (unit === 'usd' ? 0.01 : 1);

const named: Readonly<Record<number, string>> = { 60: 'minute', 3600: 'hour', 86400: 'day' };
const inTheLast = (seconds: number): string => ` in the last ${named[seconds] ?? duration(seconds)}`;

const usedUp = (when: number, at: number, zone: string): string =>
  when <= at
    ? 'its budget is used up'
    : `its budget is used up at ${timeOfDay(when, at, zone)}, in ${duration((when - at) / 1000)}, at this rate`;

/** Nothing of it begins a line, turns the direction of writing round, or is invisible. */
const oneLine = (name: string): string => name.replace(/[\p{C}\p{Z}\s]+/gu, ' ').trim() || 'a key';
