import type { Tripwire } from '../config/tripwire';
import type { Ceiling, SubjectSettings } from './settings';
import type { Subject, Unit } from './signal';

type Ceilings = NonNullable<Tripwire['defaults']['ceilings']>;
type Own = Tripwire['defaults'] & { readonly scope?: string | undefined };
type Amounts = NonNullable<Ceilings[Unit]>;

const windows = { perMinute: 60, perHour: 3_600, perDay: 86_400 } as const satisfies Record<keyof Amounts, number>;

/**
 * What applies where nothing was configured: nobody is without a ceiling. The money is what a person would want to be
 * woken for. The tokens are for models that cost nothing, above what a busy agent reads from its cache. A sum over
 * many keys may spend more.
 */
const CAUTIOUS: Readonly<Record<'key' | 'sum', Readonly<Record<Unit, Required<Amounts>>>>> = {
  key: {
    usd: { perMinute: 5, perHour: 50, perDay: 200 },
    tokens: { perMinute: 5e6, perHour: 60e6, perDay: 300e6 },
  },
  sum: {
    usd: { perMinute: 20, perHour: 200, perDay: 800 },
    tokens: { perMinute: 20e6, perHour: 240e6, perDay: 1.2e9 },
  },
};

/** How a subject is watched. Pure. `defaults` are for keys: what one key may spend says nothing of a sum's limit. */
export function settingsOf(config: Tripwire, subject: Subject): SubjectSettings {
  const { defaults } = config;
  const own = ownOf(config, subject);
  const inherited = subject.kind === 'key' ? defaults : {};
  const dailyBudgetUsd = own.dailyBudgetUsd ?? inherited.dailyBudgetUsd;
  const cautious = CAUTIOUS[subject.kind === 'key' ? 'key' : 'sum'];
  const ceilingsIn = (unit: Unit, budgeted: boolean): Ceiling[] => {
    const configured = { ...set(inherited.ceilings?.[unit]), ...set(own.ceilings?.[unit]) };
    const amounts = Object.keys(configured).length > 0 || budgeted ? configured : cautious[unit];
    return toCeilings(unit, amounts);
  };
  return {
    profile: own.profile ?? (subject.kind === 'key' ? defaults.profile : profileOfSums(config)) ?? 'agent',
    ceilings: [...ceilingsIn('usd', dailyBudgetUsd !== undefined), ...ceilingsIn('tokens', false)],
    ...(dailyBudgetUsd === undefined ? {} : { dailyBudgetUsd }),
    anomaly: own.anomaly ?? defaults.anomaly ?? true,
  };
}

/** Where one of them may be a service's, a sum is watched with the wider margins. */
const profileOfSums = ({ keys, defaults }: Tripwire): SubjectSettings['profile'] | undefined =>
  [defaults, ...Object.values(keys)].find(({ profile }) => profile === 'service')?.profile;

/** What is configured for this subject by name; empty for one that is not listed. */
export function ownOf(config: Tripwire, { kind, id }: Subject): Own {
  if (kind === 'whole') return config.whole;
  if (kind === 'team') return (Object.hasOwn(config.teams, id) && config.teams[id]) || {};
  return Object.values(config.keys).find(({ key }) => key === id) ?? {};
}

/** One for each window that has an amount. */
export function toCeilings(unit: Unit, amounts: Amounts): Ceiling[] {
  return (Object.keys(windows) as (keyof Amounts)[]).flatMap((window) => {
    const limit = amounts[window];
    return limit === undefined ? [] : [{ unit, windowSeconds: windows[window], limit }];
  });
}

const set = (amounts: Amounts | undefined): Amounts =>
  Object.fromEntries(Object.entries(amounts ?? {}).filter(([, amount]) => amount !== undefined));
