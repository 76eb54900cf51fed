import { amount } from '../../amounts';
import { type Peak, windows } from './history';
import { ENOUGH_DAYS, type Proposal, type Proposals, SOME_DAYS } from './propose';

/** `$80 a minute`. */
export const limitOf = ({ unit, window, limit }: Proposal): string =>
  `${amount(limit, unit).replace(/\.00$/, '')} ${articles[window]}`;

const articles = { perMinute: 'a minute', perHour: 'an hour', perDay: 'in 24 hours' } as const;

/** Why a ceiling is what it is, in one line. */
export function reasonOf({ unit, window, highest, times, isFloor, outliers }: Proposal): string {
  const { name } = windows[window];
  const seen = `the fullest ${name} was ${amount(highest.amount, unit)}, ${when(highest)}`;
  const why = isFloor
    ? `lower makes no sense; ${seen}`
    : `${inWords(times)} the fullest ${name}, ${amount(highest.amount, unit)}, ${when(highest)}`;
  if (outliers.length === 0) return why;
  const shown = outliers.slice(0, 3).map((peak) => `${amount(peak.amount, unit)} ${when(peak)}`);
  const more = outliers.length > shown.length ? ` and ${outliers.length - shown.length} more` : '';
  return `${why}; left out as like no other day: ${shown.join(', ')}${more}`;
}

export function profileReason({ profile, fullness }: Proposals): string {
  const share = `spends in ${Math.round(fullness * 100)} % of the five minutes of its busy hours`;
  return profile === 'service'
    ? `${share}, without a pause, as a program does`
    : `${share}, with pauses, as a person's helper does; say service if these are a program's batches`;
}

/** How far the proposal is to be believed. */
export function caveat(days: number): string | undefined {
  if (days >= ENOUGH_DAYS) return undefined;
  if (days >= SOME_DAYS)
    return `Only ${days.toFixed(1)} days: a busy week may be missing, so the ceilings are wide. Two weeks are better.`;
  return `Only ${days.toFixed(1)} days: take these for guesses, not for ceilings. Record two weeks: pullcord tripwire record --for 14d.`;
}

const inWords = (times: number): string => (times === 2 ? 'twice' : `${times} times`);

const format = new Intl.DateTimeFormat('en-GB', {
  ...{ timeZone: 'UTC', day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' },
});

const when = ({ at }: Peak): string => format.format(at).replace(',', '');
