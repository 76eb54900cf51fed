import type { Sample } from './exposition';
import type { Gauges } from './gauges';
import { type Budget, type KeyFacts, NONE, type TeamFacts } from './look';
import { KEY_BUDGET, TEAM_BUDGET } from './names';
import { own } from './own';

/** What else is told of keys and teams: what they are called, and what they may spend. */
export interface Facts {
  /** From the labels of spend, tokens and budgets alone: those of failures also name keys that there aren't. */
  learn(labels: ReadonlyMap<string, string>): void;
  takeBudget(sample: Sample): void;
  /** @param at the look. Epoch, in milliseconds. */
  result(at: number): { readonly keys: Map<string, KeyFacts>; readonly teams: Map<string, TeamFacts> };
}

interface Names {
  alias?: string;
  teamId?: string;
  teamAlias?: string;
}

const HOUR_MS = 3_600_000;
const BUDGETS = new Map<string, { readonly label: string; readonly what: string }>([
  ...Object.entries(KEY_BUDGET).map(([name, what]) => [name, { label: 'hashed_api_key', what }] as const),
  ...Object.entries(TEAM_BUDGET).map(([name, what]) => [name, { label: 'team', what }] as const),
]);
export const isBudget = (name: string): boolean => BUDGETS.has(name);

export function createFacts(gauges: Gauges): Facts {
  const keys = new Map<string, Names>();
  const teams = new Map<string, string | undefined>();
  const budgets = new Map<string, Map<string, number>>();

  function learn(labels: ReadonlyMap<string, string>): void {
    const label = (name: string): string | undefined => given(labels.get(name));
    const [key, alias, teamId, teamAlias] = ['hashed_api_key', 'api_key_alias', 'team', 'team_alias'].map(label);
    if (teamId !== undefined) teams.set(teamId, teamAlias ?? teams.get(teamId));
    if (key === undefined) return;
    const names = keys.get(key) ?? {};
    keys.set(key, names);
    if (alias !== undefined && alias !== names.alias) names.alias = own(alias);
    if (teamId !== undefined && teamId !== names.teamId) names.teamId = own(teamId);
    if (teamAlias !== undefined && teamAlias !== names.teamAlias) names.teamAlias = own(teamAlias);
  }

  return {
    learn,
    takeBudget({ name, labels, value }) {
      const budget = BUDGETS.get(name);
      const subject = budget && given(labels.get(budget.label));
      if (budget === undefined || subject === undefined) return;
      learn(labels);
      if (Number.isNaN(value)) return;
      const gauge = gaugeOf(budget.label, budget.what, subject);
      const processes = budgets.get(gauge) ?? new Map<string, number>();
      budgets.set(gauge, processes);
      processes.set(own(labels.get('pid') ?? ''), value);
    },
    result(at) {
      const settled = gauges.settle(budgets);
      const budgetOf = (label: string, subject: string): Budget => {
        const gauge = (what: string): number | undefined => {
          const value = settled.get(gaugeOf(label, what, subject));
          return value !== undefined && Number.isFinite(value) ? value : undefined;
        };
        const hours = gauge('hours');
        const resetsAt = hours === undefined || hours < 0 ? undefined : at + hours * HOUR_MS;
        return { maxUsd: gauge('max'), remainingUsd: gauge('remaining'), resetsAt };
      };
      return {
        keys: ownMap(keys, (key, names) => ({ key, ...names, budget: budgetOf('hashed_api_key', key) })),
        teams: ownMap(teams, (teamId, alias) => ({
          ...{ teamId, alias: alias === undefined ? undefined : own(alias) },
          budget: budgetOf('team', teamId),
        })),
      };
    },
  };
}

const given = (value: string | undefined): string | undefined =>
  value === undefined || value === NONE || value === '' ? undefined : value;

const gaugeOf = (label: string, what: string, subject: string): string => `${label} ${what} ${subject}`;

const ownMap = <In, Out>(map: ReadonlyMap<string, In>, of: (name: string, value: In) => Out): Map<string, Out> =>
  new Map(
    [...map].map(([text, value]): [string, Out] => {
      const name = own(text);
      return [name, of(name, value)];
    }),
  );
