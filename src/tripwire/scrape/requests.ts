import type { Sample } from './exposition';
import { NONE, type Requests } from './look';
import { CALLS, FAILURES, REQUESTS, TOKEN_ROUTE } from './names';

/** Counts the requests that LiteLLM answered, whoever they came from. */
export interface RequestCount {
  take(sample: Sample): void;
  /** Undefined when nothing of it was shown. */
  result(): Requests | undefined;
}

interface Sum {
  total: number;
  succeeded: number;
  /** Some version tell no status, or can be told not to. */
  withStatus: boolean;
}

const ALL: ReadonlySet<string> = new Set([...REQUESTS, ...FAILURES, ...CALLS]);
export const isRequestCounter = (name: string): boolean => ALL.has(name);

export function createRequestCount(): RequestCount {
  const sums = new Map<string, Sum>();
  const firstOf = (names: readonly string[]): Sum | undefined =>
    names.map((name) => sums.get(name)).find((sum) => sum !== undefined);

  return {
    take({ name, labels, value }) {
      const sum = sums.get(name) ?? { total: 0, succeeded: 0, withStatus: false };
      sums.set(name, sum);
      sum.total += value;
      const status = labels.get('status_code');
      if (status === undefined) return;
      sum.withStatus = true;
      const route = labels.get('route') ?? NONE;
      if (/^2\d\d$/.test(status) && (route === NONE || TOKEN_ROUTE.test(route))) sum.succeeded += value;
    },
    result() {
      const requests = firstOf(REQUESTS);
      const calls = firstOf(CALLS);
      const failures = firstOf(FAILURES);
      if (requests === undefined && calls === undefined && failures === undefined) return undefined;
      const failed = failures?.total ?? 0;
      return {
        total: requests?.total ?? (calls?.total ?? 0) + failed,
        succeeded: requests?.withStatus ? requests.succeeded : undefined,
        failed,
      };
    },
  };
}
