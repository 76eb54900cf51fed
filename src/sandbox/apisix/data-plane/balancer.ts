import { isList, isObject, type JsonObject, numberAt, objectAt, textAt } from '../json';
import type { Checker } from './health/checker';
import type { Resource } from './health/resource';

export interface UpstreamNode {
  readonly host: string;
  readonly port: number;
  readonly weight: number;
  /** The highest is tried first. */
  readonly priority: number;
}

/** Deals an upstream's requests out to its nodes: by priority and, within one, by weight, in turn. */
export interface Balancer {
  /** The tries of one request, at most as many as its retries allow; undefined when no node is left. */
  tries(resource: Resource, checker: Checker | undefined): Tries;
}

/** @returns the node for the next try. */
export type Tries = () => UpstreamNode | undefined;

export function createBalancer(): Balancer {
  /** Of each upstream, per priority: whose turn it is. Others begin anew with each version of it. */
  const turns = new Map<string, { readonly version: number; readonly rounds: Map<number, number> }>();

  function roundsOf({ key, version }: Resource): Map<number, number> {
    const known = turns.get(key);
    if (known?.version === version) return known.rounds;
    const rounds = new Map<number, number>();
    turns.set(key, { version, rounds });
    return rounds;
  }

  return {
    tries: (resource, checker) => {
      const nodes = nodesOf(resource.conf);
      const [only] = nodes;
      if (nodes.length <= 1) return () => only;
      const healthy = checker ? nodes.filter((node) => checker.isUsable(node)) : nodes;
      const groups = byPriority(healthy.length > 0 ? healthy : nodes);
      const rounds = roundsOf(resource);
      let tried: UpstreamNode[] = [];
      return () => {
        for (;;) {
          const [group] = groups;
          if (!group) return undefined;
          // A node without weight is never dealt a request, and yet counts as one that could be tried.
          if (tried.length < group.length) {
            const node = inTurn(group, tried, rounds);
            tried.push(node);
            return node;
          }
          groups.shift();
          tried = [];
        }
      };
    },
  };
}

function byPriority(nodes: readonly UpstreamNode[]): UpstreamNode[][] {
  const priorities = [...new Set(nodes.map(({ priority }) => priority))].sort((a, b) => b - a);
  return priorities.map((priority) => nodes.filter((node) => node.priority === priority));
}

/** Each node stands in the round as often as it weighs. Where all have been tried, one is tried again. */
function inTurn(
  group: readonly UpstreamNode[],
  tried: readonly UpstreamNode[],
  rounds: Map<number, number>,
): UpstreamNode {
  const weighty = group.filter(({ weight }) => weight > 0);
  const round = (weighty.length > 0 ? weighty : group).flatMap((node) =>
    Array<UpstreamNode>(Math.max(1, node.weight)).fill(node),
  );
  const priority = group[0]?.priority ?? 0;
  const turn = rounds.get(priority) ?? 0;
  const step = round.findIndex((_, index) => !tried.includes(round[(turn + index) % round.length] as UpstreamNode));
  const place = turn + Math.max(0, step);
  rounds.set(priority, place + 1);
  return round[place % round.length] as UpstreamNode;
}

/** How often a request is sent again (`set_balancer_opts`). */
export const retriesOf = (upstream: JsonObject): number =>
  numberAt(upstream, 'retries') ?? Math.max(0, nodesOf(upstream).length - 1);

const PORTS: Readonly<Record<string, number>> = { http: 80, https: 443 };

export function nodesOf(upstream: JsonObject): readonly UpstreamNode[] {
  const standard = PORTS[textAt(upstream, 'scheme') ?? 'http'] ?? 80;
  if (isList(upstream.nodes))
    return upstream.nodes.filter(isObject).map((node) => ({
      host: textAt(node, 'host') ?? '',
      port: numberAt(node, 'port') ?? standard,
      weight: numberAt(node, 'weight') ?? 1,
      priority: numberAt(node, 'priority') ?? 0,
    }));
  return Object.entries(objectAt(upstream, 'nodes') ?? {}).map(([address, weight]) => {
    const [, host = address, port] = /^(.*):(\d+)$/.exec(address) ?? [];
    return { host, port: port === undefined ? standard : Number(port), weight: Number(weight), priority: 0 };
  });
}
