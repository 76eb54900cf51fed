import type { NodeCount } from './count';

/** What passed the gateways to the models. */
export interface Passed {
  /** Requests, at least so many, since whenever: it only grows, and what isn't known doesn't come upon it. */
  readonly requests: number;
  /** No request that passed before this comes upon it any more. Milliseconds, on a clock that nobody sets. */
  readonly through: number;
}

export interface PassageOptions {
  /** Ids and names of the gateway's routes that lead to the models; undefined while they aren't known. */
  readonly routesOf: (gateway: string) => ReadonlySet<string> | undefined;
}

interface NodeState {
  readonly gateway: string;
  readonly at: number;
  readonly count: NodeCount;
}

/** APISIX renders its metrics every 15 s (`refresh_interval`), and shows them for 30. Milliseconds. */
const STALE_MS = 30_000;
/** A node that didn't answer for so long is not known. Two looks with `everySeconds: 60`. Milliseconds. */
const GONE_AFTER_MS = 150_000;
const NODES = 64;

/**
 * From the counters of all nodes to a number of requests that only grows. Fails towards too few: what a node counted
 * before it was first seen, before it was seen again, or before it restarted, is left out. No I/O, no clock.
 */
export class Passage {
  private readonly nodes = new Map<string, NodeState>();
  private requests = 0;

  constructor(private readonly options: PassageOptions) {}

  /** @param address where it was asked. @param monotonicMs when it was asked. */
  take(gateway: string, address: string, count: NodeCount, monotonicMs: number): void {
    const name = `${address}\n${count.host}`;
    const before = this.nodes.get(name);
    const known = before && monotonicMs - before.at < GONE_AFTER_MS ? before.count.routes : undefined;
    const ours = this.options.routesOf(gateway);
    // A series comes into being with the first request: what is new has counted from nothing.
    for (const [route, total] of known && ours ? count.routes : [])
      if (ours?.has(route)) this.requests += Math.max(0, total - (known?.get(route) ?? 0));
    this.nodes.delete(name);
    const [oldest] = this.nodes.keys();
    if (this.nodes.size >= NODES && oldest !== undefined) this.nodes.delete(oldest);
    this.nodes.set(name, { gateway, at: monotonicMs, count });
  }

  /** Undefined: it isn't known, and nothing may be made of it. */
  now(monotonicMs: number): Passed | undefined {
    const nodes = this.seen(monotonicMs);
    if (!nodes.some(({ gateway, count }) => this.holds(gateway, count.routes.keys()))) return undefined;
    return { requests: this.requests, through: Math.min(...nodes.map(({ at }) => at)) - STALE_MS };
  }

  /** Why it isn't known, in words; undefined where it is. */
  why(monotonicMs: number): string | undefined {
    if (this.now(monotonicMs)) return undefined;
    const nodes = this.seen(monotonicMs);
    if (nodes.length === 0) return 'no gateway shows its metrics';
    if (nodes.every(({ gateway }) => this.options.routesOf(gateway) === undefined))
      return 'the routes of the gateways are not known yet';
    const blurred = nodes.some(({ gateway, count }) => this.holds(gateway, count.blurred));
    return blurred
      ? 'the routes to the models take more than completions, and nothing tells the requests apart'
      : 'no request for a completion has passed a route to the models since the gateways began to count';
  }

  private seen(monotonicMs: number): readonly NodeState[] {
    return [...this.nodes.values()].filter(({ at }) => monotonicMs - at < GONE_AFTER_MS);
  }

  private holds(gateway: string, routes: Iterable<string>): boolean {
    const ours = this.options.routesOf(gateway);
    return ours !== undefined && [...routes].some((route) => ours.has(route));
  }
}
