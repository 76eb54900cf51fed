import { isDeepStrictEqual } from 'node:util';
import { objectAt } from '../../json';
import { nodesOf } from '../balancer';
import { type Checker, createChecker, type Target, type WatchedChecker } from './checker';
import type { Resource } from './resource';

/** All checkers of one node of the gateway (`healthcheck_manager.lua`). */
export interface HealthChecks {
  /**
   * The checker for a request. The first request of an upstream with `checks` only asks for one; until it is there, up to
   * a second later, every node counts as healthy.
   */
  of(resource: Resource): Checker | undefined;
  targets(key: string): readonly Target[];
  close(): void;
}

export interface HealthChecksOptions {
  /** The upstream under this key as it is now. */
  readonly latest: (key: string) => Resource | undefined;
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
  /** Milliseconds that a second of the checks lasts. */
  readonly secondMs: number;
}

interface Working {
  readonly version: number;
  readonly checker: WatchedChecker;
}

/** Of a second: how often probes that are due are looked for. */
const TICKS = 10;
/** Seconds that the state of nodes is kept when nobody watches them any more. */
const KEPT_SECONDS = 10;

export function createHealthChecks({ latest, nowMs, secondMs }: HealthChecksOptions): HealthChecks {
  const ending = new AbortController();
  const working = new Map<string, Working>();
  const waiting = new Map<string, number>();
  /** Targets that nobody watches any more. */
  const shelf = new Map<string, readonly Target[]>();
  let timer: NodeJS.Timeout | undefined;
  let ticks = 0;

  function tick(): void {
    ticks += 1;
    if (ticks % TICKS === 0) {
      create();
      review();
      forget();
    }
    for (const { checker } of working.values()) checker.tick(nowMs());
    if (working.size + waiting.size + shelf.size === 0) stop();
  }

  function stop(): void {
    clearInterval(timer);
    timer = undefined;
  }

  function create(): void {
    for (const [key, version] of waiting) {
      waiting.delete(key);
      const resource = latest(key);
      if (resource?.version !== version || nodesOf(resource.conf).length === 0) continue;
      const before = working.get(key)?.checker;
      const checks = objectAt(resource.conf, 'checks');
      if (!checks) working.delete(key);
      else if (before && isDeepStrictEqual(before.checks, checks)) {
        before.watch(resource.conf);
        working.set(key, { version, checker: before });
      } else {
        const known = before?.targets() ?? shelf.get(key) ?? [];
        const checker = createChecker({
          ...{ upstream: resource.conf, checks, known, secondMs },
          ...{ nowMs: nowMs(), signal: ending.signal },
        });
        shelf.delete(key);
        working.set(key, { version, checker });
      }
    }
  }

  /** Needs no request: what has changed is taken over, what is gone is shelved. */
  function review(): void {
    for (const [key, { version, checker }] of working) {
      const resource = latest(key);
      if (resource?.version === version) continue;
      if (resource && objectAt(resource.conf, 'checks') && nodesOf(resource.conf).length > 0)
        waiting.set(key, resource.version);
      else {
        working.delete(key);
        const purgeMs = nowMs() + KEPT_SECONDS * secondMs;
        shelf.set(
          key,
          checker.targets().map((target) => ({ ...target, purgeMs })),
        );
      }
    }
  }

  function forget(): void {
    for (const [key, targets] of shelf) if (targets.every(({ purgeMs = 0 }) => purgeMs <= nowMs())) shelf.delete(key);
  }

  return {
    of: ({ key, version, conf }) => {
      if (!objectAt(conf, 'checks')) return undefined;
      const found = working.get(key);
      if (found?.version !== version) {
        waiting.set(key, version);
        timer ??= setInterval(tick, secondMs / TICKS);
      }
      return found?.checker;
    },
    targets: (key) => working.get(key)?.checker.targets() ?? shelf.get(key) ?? [],
    close: () => {
      ending.abort();
      stop();
    },
  };
}
