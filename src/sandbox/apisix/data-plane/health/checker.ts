import { isIP } from 'node:net';
import type { JsonObject } from '../../json';
import { nodesOf, type UpstreamNode } from '../balancer';
import { type Checks, type Limits, readChecks } from './checks';
import { type ProbeTarget, probe, type Seen } from './probe';
import { type Counter, counted, type Health, isUsable, NEW } from './target';

/** A node under watch, as the Control API tells it. */
export interface Target extends ProbeTarget {
  readonly health: Health;
  /** Milliseconds since 1970, where nobody watches it any more: it is forgotten then. */
  readonly purgeMs?: number;
}

export interface Checker {
  readonly targets: () => readonly Target[];
  isUsable(node: UpstreamNode): boolean;
  /** A try that came to nothing, of a request that goes on to another node. */
  failed(node: UpstreamNode, how: 'tcp_failure' | 'timeout_failure'): void;
  /** The status with which a request ended; nothing where `checks` has no `passive`. */
  ended(node: UpstreamNode, status: number): void;
}

export interface WatchedChecker extends Checker {
  readonly checks: JsonObject;
  /** Other nodes, the same checks: those that stay keep what is known of them. */
  watch(upstream: JsonObject): void;
  /** Starts the probes that are due at this moment, milliseconds since 1970. */
  tick(nowMs: number): void;
}

export interface CheckerOptions {
  readonly upstream: JsonObject;
  readonly checks: JsonObject;
  /** What is still known of the same nodes. */
  readonly known: readonly Target[];
  /** Milliseconds that a second of `checks` lasts. */
  readonly secondMs: number;
  readonly nowMs: number;
  readonly signal: AbortSignal;
}

/** Watches the nodes of one upstream: by probes, and by what requests tell. Counts are by node, not by request. */
export function createChecker({ upstream, checks, known, secondMs, nowMs, signal }: CheckerOptions): WatchedChecker {
  const settings: Checks = readChecks(checks);
  const { active, passive } = settings;
  const lastRun = { up: nowMs, down: nowMs };
  let targets = targetsFor(upstream, active, known);

  const keyOf = (node: UpstreamNode): string =>
    nameOf({ ...addressOf(node), port: active.port ?? node.port, hostname: active.host ?? addressOf(node).hostname });
  const find = (node: UpstreamNode): Target | undefined => targets.find((target) => nameOf(target) === keyOf(node));

  function count(name: string, seen: keyof Counter, limits: Limits): void {
    targets = targets.map((target) =>
      nameOf(target) === name ? { ...target, health: counted(target.health, seen, limits[seen]) } : target,
    );
  }

  function note(name: string, seen: Seen, limits: Limits): void {
    if (seen === 'connected') count(name, 'success', limits);
    else if (typeof seen !== 'number') count(name, seen, limits);
    else if (limits.good.has(seen)) count(name, 'success', limits);
    else if (limits.bad.has(seen) || seen === 0) count(name, 'http_failure', limits);
  }

  async function look(target: Target): Promise<void> {
    const seen = await probe(target, active, active.timeoutSeconds * secondMs, signal);
    if (!signal.aborted) note(nameOf(target), seen, active.limits);
  }

  return {
    checks,
    targets: () => targets,
    watch: (changed) => {
      targets = targetsFor(changed, active, targets);
    },
    isUsable: (node) => {
      const target = find(node);
      return !target || isUsable(target.health);
    },
    failed: (node, how) => count(keyOf(node), how, passive.limits),
    ended: (node, status) => {
      if (passive.counts.has(status)) note(keyOf(node), status, passive.limits);
    },
    tick: (now) => {
      for (const side of ['up', 'down'] as const) {
        const interval = active.intervals[side] * secondMs;
        if (interval === 0 || lastRun[side] + interval > now) continue;
        lastRun[side] = now;
        for (const target of targets) if (isUsable(target.health) === (side === 'up')) void look(target);
      }
    },
  };
}

/** What tells one target from another: nodes that `checks.active.port` sends to one address are one. */
const nameOf = ({ ip, port, hostname }: ProbeTarget): string => `${ip}:${port}:${hostname}`;

/** A gateway looks a name up first and shows the address; here any but `localhost` is shown as it stands. */
function addressOf({ host }: UpstreamNode): { readonly ip: string; readonly hostname: string; readonly name?: string } {
  if (isIP(host) !== 0) return { ip: host, hostname: host };
  const ip = host === 'localhost' ? '127.0.0.1' : host;
  return { ip, hostname: ip, name: host };
}

function targetsFor(
  upstream: JsonObject,
  { host, port }: Checks['active'],
  known: readonly Target[],
): readonly Target[] {
  const rewritten = upstream.pass_host === 'rewrite' ? String(upstream.upstream_host) : undefined;
  const wanted = new Map<string, Target>();
  for (const node of nodesOf(upstream)) {
    const { ip, hostname, name } = addressOf(node);
    const hostheader = rewritten ?? name;
    const target = { ip, port: port ?? node.port, hostname: host ?? hostname, ...(hostheader ? { hostheader } : {}) };
    const before = known.find((one) => nameOf(one) === nameOf(target) && one.hostheader === hostheader);
    if (!wanted.has(nameOf(target))) wanted.set(nameOf(target), { ...target, health: revived(before) });
  }
  return [...wanted.values()];
}

/** One that was to be forgotten keeps the side it was on, and no more. */
function revived(before: Target | undefined): Health {
  if (!before) return NEW;
  if (before.purgeMs === undefined) return before.health;
  return { ...before.health, status: isUsable(before.health) ? 'healthy' : 'unhealthy' };
}
