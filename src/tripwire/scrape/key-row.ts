import type { Budget, KeyFacts } from './look';

/** A row of `GET /key/list?return_full_object=true`, as far as it is read. */
export interface KeyRow {
  /** The key's hash. */
  readonly token: string;
  /** US dollars since the budget began anew; 10 to 15 s late. */
  readonly spend: number;
  readonly key_alias?: unknown;
  readonly team_id?: unknown;
  readonly team_alias?: unknown;
  readonly max_budget?: unknown;
  readonly budget_reset_at?: unknown;
  readonly created_at?: unknown;
  readonly blocked?: unknown;
}

export function isKeyRow(value: unknown): value is KeyRow {
  const row = (value ?? {}) as Partial<Record<keyof KeyRow, unknown>>;
  return typeof row.token === 'string' && typeof row.spend === 'number' && Number.isFinite(row.spend) && row.spend >= 0;
}

/** What the table knows better than the metrics: who a key is, and its budget. What is left of it, they know sooner. */
export function factsOf(row: KeyRow, shown: KeyFacts | undefined): KeyFacts {
  const maxUsd = typeof row.max_budget === 'number' ? row.max_budget : undefined;
  const budget: Budget = {
    maxUsd,
    remainingUsd: maxUsd === undefined ? undefined : (shown?.budget.remainingUsd ?? maxUsd - row.spend),
    resetsAt: momentOf(row.budget_reset_at),
  };
  return {
    key: row.token,
    alias: textOf(row.key_alias) ?? shown?.alias,
    teamId: textOf(row.team_id) ?? shown?.teamId,
    teamAlias: textOf(row.team_alias) ?? shown?.teamAlias,
    budget,
    blocked: row.blocked === true,
  };
}

/** Epoch, in milliseconds. LiteLLM writes ISO 8601, sometimes without a zone: then it is UTC. */
export function momentOf(value: unknown): number | undefined {
  if (typeof value !== 'string') return undefined;
  const moment = Date.parse(/(?:z|[+-]\d\d:?\d\d)$/i.test(value) ? value : `${value}Z`);
  return Number.isNaN(moment) ? undefined : moment;
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);
