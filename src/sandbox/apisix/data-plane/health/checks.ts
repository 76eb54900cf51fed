import { type JsonObject, listAt, numberAt, objectAt, textAt, textsAt } from '../../json';

/** `checks` of an upstream as the library of the gateway reads it. */
export interface Checks {
  readonly active: {
    readonly type: string;
    readonly timeoutSeconds: number;
    readonly path: string;
    /** Stand in for those of the nodes. */
    readonly host: string | undefined;
    readonly port: number | undefined;
    /** Lines of the probe's head. */
    readonly headers: readonly string[];
    /** Seconds between two probes of a node that is up, or down. 0: never. */
    readonly intervals: { readonly up: number; readonly down: number };
    readonly limits: Limits;
  };
  readonly passive: {
    readonly limits: Limits;
    /** Statuses of answers that are counted at all. */
    readonly counts: ReadonlySet<number>;
  };
}

export interface Limits {
  readonly good: ReadonlySet<number>;
  readonly bad: ReadonlySet<number>;
  readonly success: number;
  readonly http_failure: number;
  readonly tcp_failure: number;
  readonly timeout_failure: number;
}

const ACTIVE = {
  good: [200, 302],
  bad: [429, 404, 500, 501, 502, 503, 504, 505],
  ...{ success: 2, http_failure: 5, tcp_failure: 2, timeout_failure: 3 },
};
const PASSIVE = {
  good: [200, 201, 202, 203, 204, 205, 206, 207, 208, 226, 300, 301, 302, 303, 304, 305, 306, 307, 308],
  bad: [429, 500, 503],
  ...{ success: 5, http_failure: 5, tcp_failure: 2, timeout_failure: 7 },
};

/**
 * Two sets of defaults meet here. The schema fills in what an object that is there leaves out: `healthy: {}` probes each
 * second. The library fills in whole objects that are missing, with an interval of 0: without `healthy` a node that is up
 * is never probed, without `unhealthy` one that is down never comes back.
 */
export function readChecks(checks: JsonObject): Checks {
  const [active, passive] = [objectAt(checks, 'active') ?? {}, objectAt(checks, 'passive') ?? {}];
  const interval = (side: string): number => (objectAt(active, side) ? (numberAt(active, side, 'interval') ?? 1) : 0);
  const limits = limitsOf(passive, PASSIVE);
  return {
    active: {
      type: textAt(active, 'type') ?? 'http',
      timeoutSeconds: numberAt(active, 'timeout') ?? 1,
      path: textAt(active, 'http_path') ?? '/',
      host: textAt(active, 'host'),
      port: numberAt(active, 'port'),
      headers: textsAt(active, 'req_headers') ?? [],
      intervals: { up: interval('healthy'), down: interval('unhealthy') },
      limits: limitsOf(active, ACTIVE),
    },
    passive: {
      limits,
      counts: new Set([
        ...(objectAt(passive, 'healthy') ? limits.good : []),
        ...(objectAt(passive, 'unhealthy') ? limits.bad : []),
      ]),
    },
  };
}

function limitsOf(side: JsonObject, standard: typeof ACTIVE): Limits {
  const list = (name: string): Set<number> | undefined => {
    const given = listAt(side, name, 'http_statuses')?.filter((status) => typeof status === 'number');
    return given && new Set(given);
  };
  return {
    good: list('healthy') ?? new Set(standard.good),
    bad: list('unhealthy') ?? new Set(standard.bad),
    success: numberAt(side, 'healthy', 'successes') ?? standard.success,
    http_failure: numberAt(side, 'unhealthy', 'http_failures') ?? standard.http_failure,
    tcp_failure: numberAt(side, 'unhealthy', 'tcp_failures') ?? standard.tcp_failure,
    timeout_failure: numberAt(side, 'unhealthy', 'timeouts') ?? standard.timeout_failure,
  };
}
