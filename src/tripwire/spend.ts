import type { Tripwire } from '../config/tripwire';
import type { Budgets } from './budgets';
import { usedUpAt } from './budgets';
import { type Detection, WHOLE } from './detection';
import { type Episodes, nameOf } from './episodes';
import { explain } from './explain';
import { type Figures, figuresOf } from './figures';
import type { Ceiling } from './settings';
import { settingsOf } from './settings-of';
import type { Subject } from './signal';
import type { Subjects } from './subjects';
import type { Sum, Sums } from './sums';
import type { SourceState } from './watch';

/** How everything stands that the tripwire watches. Times are epoch, in milliseconds. */
export interface Spend {
  readonly mode: Tripwire['mode'];
  readonly at: number;
  readonly sources: readonly SourceView[];
  readonly subjects: readonly SubjectView[];
  readonly models: readonly { readonly model: string; readonly hour: Sum; readonly day: Sum }[];
}

interface SourceView {
  readonly name: string;
  /** Whether spend can be seen there. */
  readonly sees: boolean;
  readonly lookedAt?: number;
  readonly blindSince?: number;
  readonly troubles: readonly string[];
}

interface SubjectView extends Subject {
  readonly name: string;
  readonly scope: string;
  /** Whether a trip of it severs the scope, or is told alone. */
  readonly severs: boolean;
  readonly spent: Readonly<Record<'minute' | 'hour' | 'day', Sum>>;
  readonly usualUsd?: number;
  readonly tripUsd?: number;
  readonly ceilings: readonly Ceiling[];
  readonly dailyBudgetUsd?: number;
  readonly budget?: {
    readonly maxUsd?: number;
    readonly remainingUsd?: number;
    readonly resetsAt?: number;
    readonly usedUpAt?: number;
  };
  readonly standing?: { readonly level: 'warn' | 'trip'; readonly explanation: string; readonly figures: Figures };
}

export interface SpendOptions {
  readonly config: Tripwire;
  readonly detection: Detection;
  readonly subjects: Subjects;
  readonly budgets: Budgets;
  readonly episodes: Episodes;
  readonly sums: Sums;
  readonly sources: () => readonly SourceState[];
}

const NOTHING: Sum = { usd: 0, tokens: 0 };

/**
 * From memory: nothing is asked of anybody.
 * @param limit subjects at most: the whole and the ones that are configured first, then those that spent most in the
 *   last hour among the newest.
 */
export function spendNow(options: SpendOptions, now: number, limit: number): Spend {
  const { config, sums, sources } = options;
  const named = namedIn(config);
  const names = new Set(named.map(nameOf));
  const others = options.detection
    .all()
    .filter((subject) => !names.has(nameOf(subject)))
    .slice(-limit);
  const views = others
    .map((subject) => viewOf(options, subject, now))
    .sort((a, b) => b.spent.hour.usd - a.spent.hour.usd || b.spent.hour.tokens - a.spent.hour.tokens);
  return {
    ...{ mode: config.mode, at: now },
    sources: sources().map(sourceView),
    subjects: [...named.map((subject) => viewOf(options, subject, now)), ...views].slice(0, limit),
    models: sums.all(now),
  };
}

const namedIn = ({ keys, teams }: Tripwire): readonly Subject[] => [
  WHOLE,
  ...Object.values(keys).map(({ key: id }): Subject => ({ kind: 'key', id })),
  ...Object.keys(teams).map((id): Subject => ({ kind: 'team', id })),
];

const sourceView = ({ name, look, troubles, blindSince }: SourceState): SourceView => ({
  name,
  sees: look !== undefined && blindSince === undefined,
  ...(look === undefined ? {} : { lookedAt: look.at }),
  ...(blindSince === undefined ? {} : { blindSince: blindSince.at }),
  troubles: troubles.map(({ text }) => text),
});

function viewOf(
  { config, detection, subjects, budgets, episodes }: SpendOptions,
  subject: Subject,
  now: number,
): SubjectView {
  const outlook = detection.outlook(subject, now);
  const { usualUsd, tripUsd } = outlook ?? {};
  const { ceilings, dailyBudgetUsd } = settingsOf(config, subject);
  const name = subjects.nameOf(subject);
  const spent = outlook?.spent ?? { minute: NOTHING, hour: NOTHING, day: NOTHING };
  const budget = budgets.of(subject);
  const episode = episodes.of(subject, now);
  return {
    ...{ ...subject, name, scope: subjects.scopeOf(subject), severs: subjects.severs(subject), spent, ceilings },
    ...given({ usualUsd, tripUsd, dailyBudgetUsd }),
    ...(budget?.maxUsd === undefined
      ? {}
      : {
          budget: given({
            ...budget,
            usedUpAt: usedUpAt(budget, { lastMinute: spent.minute.usd, lastHour: spent.hour.usd }, now),
          }),
        }),
    ...(episode === undefined
      ? {}
      : {
          standing: {
            level: episode.level,
            explanation: explain(episode.first, { name, timeZone: config.timeZone }),
            figures: figuresOf(episode.first, name),
          },
        }),
  };
}

/** Without what isn't known. */
function given<T extends object>(values: T): { readonly [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: NonNullable<T[K]>;
  };
}
