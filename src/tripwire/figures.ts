import type { Rule, Signal, Subject, Unit } from './signal';

/** A signal's figures for programs: in the ledger, in events, in the API. Times are ISO 8601, in UTC. */
export interface Figures {
  readonly level: Signal['level'];
  readonly rule: Rule;
  readonly subject: Subject & { readonly name: string };
  readonly unit: Unit;
  readonly windowSeconds: number;
  readonly observed: number;
  readonly usual: number;
  readonly limit: number;
  readonly since: string;
  readonly at: string;
  readonly beyondUsual: number;
  /** Beyond what is usual, at the rate since it began: what a cut saves in each minute. */
  readonly beyondUsualPerMinute: number;
  readonly usedUpAt?: string;
}

/** @param name `key agent-1`. */
export function figuresOf(signal: Signal, name: string): Figures {
  const { level, rule, subject, unit, windowSeconds, observed, usual, limit, since, at, beyondUsual, usedUpAt } =
    signal;
  return {
    ...{ level, rule, subject: { ...subject, name }, unit, windowSeconds },
    ...{ observed: rounded(observed), usual: rounded(usual), limit: rounded(limit) },
    ...{ since: iso(since), at: iso(at), beyondUsual: rounded(beyondUsual) },
    beyondUsualPerMinute: rounded(perMinute(signal)),
    ...(usedUpAt === undefined ? {} : { usedUpAt: iso(usedUpAt) }),
  };
}

/** What is burnt in a minute beyond what is usual. Spread over one minute at least: a single call is no rate. */
export function perMinute({ observed, usual, windowSeconds, beyondUsual, since, at }: Signal): number {
  if (beyondUsual > 0) return (beyondUsual * 60) / Math.max(60, (at - since) / 1000);
  return windowSeconds > 0 ? (Math.max(0, observed - usual) * 60) / Math.max(60, windowSeconds) : 0;
}

const iso = (at: number): string => new Date(at).toISOString();
/** A millionth of a dollar. */
const rounded = (value: number): number => Math.round(value * 1e6) / 1e6;
