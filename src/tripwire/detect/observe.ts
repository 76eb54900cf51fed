import type { Increment } from '../reading';
import type { SubjectSettings } from '../settings';
import type { Signal } from '../signal';

/** What is known of one subject. As JSON it survives a restart. */
export interface SubjectState {
  /** The newest increments, oldest first. */
  readonly recent: readonly Increment[];
}

/** How a subject stands: for the API, for a plot. */
export interface Outlook {
  /** Spent in the last minute, hour and day. US dollars and tokens. */
  readonly spent: Readonly<Record<'minute' | 'hour' | 'day', { readonly usd: number; readonly tokens: number }>>;
  /** US dollars a minute that are usual at this hour; undefined while too little is known. */
  readonly usualUsd?: number;
  /** US dollars in one minute that would trip now. */
  readonly tripUsd?: number;
}

export const freshState = (): SubjectState => ({ recent: [] });

/** What a subject's detectors say of what it has spent. Pure. */
export function observe(
  state: SubjectState,
  increment: Increment,
  settings: SubjectSettings,
): { readonly state: SubjectState; readonly signals: readonly Omit<Signal, 'subject'>[] } {
  const at = increment.to;
  const recent = [...state.recent, increment].filter(({ to }) => to > at - 3_600_000);
  const signals = settings.ceilings.flatMap(({ unit, windowSeconds, limit }) => {
    const since = at - windowSeconds * 1000;
    const inWindow = recent.filter(({ to }) => to > since);
    const observed = inWindow.reduce((sum, one) => sum + amount(one, unit), 0);
    if (observed <= limit) return [];
    const level = 'trip' as const;
    const rule = 'ceiling' as const;
    return [{ level, rule, at, unit, windowSeconds, observed, usual: 0, limit, since, beyondUsual: observed - limit }];
  });
  return { state: { recent }, signals };
}

export function outlookOf(state: SubjectState, _settings: SubjectSettings, at: number): Outlook {
  const spent = (ms: number) => {
    const inWindow = state.recent.filter(({ to }) => to > at - ms);
    return {
      usd: inWindow.reduce((sum, one) => sum + one.spendUsd, 0),
      tokens: inWindow.reduce((sum, one) => sum + amount(one, 'tokens'), 0),
    };
  };
  return { spent: { minute: spent(60_000), hour: spent(3_600_000), day: spent(86_400_000) } };
}

const amount = ({ spendUsd, promptTokens, completionTokens }: Increment, unit: 'usd' | 'tokens'): number =>
  unit === 'usd' ? spendUsd : promptTokens + completionTokens;
