import type { Spend } from '../../tripwire/spend';
import type { SpendAnswer } from './schemas';

type Subject = Spend['subjects'][number];

/** How what the tripwire sees is shown. Field by field, as in `views`. */
export function spendAnswer({ mode, at, sources, subjects, models }: Spend): SpendAnswer {
  return {
    ...{ mode, at: time(at) },
    sources: sources.map(({ name, sees, lookedAt, blindSince, troubles }) => ({
      ...{ name, sees, lookedAt: maybe(lookedAt), blindSince: maybe(blindSince), troubles: [...troubles] },
    })),
    subjects: subjects.map(subjectAnswer),
    models: models.map(({ model, hour, day }) => ({ model, hour, day })),
  };
}

function subjectAnswer(subject: Subject): SpendAnswer['subjects'][number] {
  const { kind, id, name, scope, severs, spent, usualUsd, tripUsd, ceilings, dailyBudgetUsd, budget, standing } =
    subject;
  return {
    ...{ kind, id, name, scope, severs, spent, usualUsd, tripUsd, dailyBudgetUsd },
    ceilings: ceilings.map(({ unit, windowSeconds, limit }) => ({ unit, windowSeconds, limit })),
    budget: budget && {
      ...{ maxUsd: budget.maxUsd, remainingUsd: budget.remainingUsd },
      ...{ resetsAt: maybe(budget.resetsAt), usedUpAt: maybe(budget.usedUpAt) },
    },
    standing: standing && { level: standing.level, explanation: standing.explanation, figures: standing.figures },
  };
}

const time = (at: number): string => new Date(at).toISOString();
const maybe = (at: number | undefined): string | undefined => (at === undefined ? undefined : time(at));
