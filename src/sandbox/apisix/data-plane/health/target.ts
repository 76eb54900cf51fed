/** As the Control API shows it. The two in between are still used, or still not, while the other side gathers evidence. */
export type Status = 'healthy' | 'mostly_healthy' | 'mostly_unhealthy' | 'unhealthy';

/** What a check or a request showed of a node, and how often in a row. */
export interface Counter {
  readonly success: number;
  readonly http_failure: number;
  readonly tcp_failure: number;
  readonly timeout_failure: number;
}

export interface Health {
  readonly status: Status;
  readonly counter: Counter;
}

export const NEW: Health = {
  status: 'healthy',
  counter: { success: 0, http_failure: 0, tcp_failure: 0, timeout_failure: 0 },
};

export const isUsable = ({ status }: Health): boolean => status === 'healthy' || status === 'mostly_healthy';

/**
 * One sighting more (`incr_counter` of lua-resty-healthcheck). A success sets all failures back, a failure the successes
 * alone. What a node is known for already isn't counted; a limit of 0 counts nothing.
 */
export function counted(before: Health, seen: keyof Counter, limit: number): Health {
  const towards = seen === 'success' ? 'healthy' : 'unhealthy';
  if (limit === 0 || before.status === towards) return before;
  const kept = seen === 'success' ? NEW.counter : { ...before.counter, success: 0 };
  const counter = { ...kept, [seen]: before.counter[seen] + 1 };
  if (counter[seen] >= limit) return { status: towards, counter };
  if (before.status === 'healthy') return { status: 'mostly_healthy', counter };
  return { status: before.status === 'unhealthy' ? 'mostly_unhealthy' : before.status, counter };
}
