import { isList, isObject, type JsonObject, numberAt, objectAt, textAt } from '../json';

export interface UpstreamNode {
  readonly host: string;
  readonly port: number;
  readonly weight: number;
  /** The highest is tried first. */
  readonly priority: number;
}

/** Deals an upstream's requests out to its nodes, by weight, in turn. */
export interface Balancer {
  /** The nodes of one request in the order in which they are tried, as far as its retries reach. */
  order(key: string, upstream: JsonObject): readonly UpstreamNode[];
}

export function createBalancer(): Balancer {
  const turns = new Map<string, number>();
  return {
    order: (key, upstream) => {
      const nodes = nodesOf(upstream);
      const weighty = nodes.filter(({ weight }) => weight > 0);
      // A weight of 0 takes a node out only as long as another one has more.
      const usable = weighty.length > 0 ? weighty : nodes;
      const turn = turns.get(key) ?? 0;
      turns.set(key, turn + 1);
      const priorities = [...new Set(usable.map(({ priority }) => priority))].sort((a, b) => b - a);
      const ordered = priorities.flatMap((priority) =>
        inTurn(
          usable.filter((node) => node.priority === priority),
          turn,
        ),
      );
      return ordered.slice(0, 1 + (numberAt(upstream, 'retries') ?? nodes.length - 1));
    },
  };
}

/** Each node stands in the round as often as it weighs; the one whose turn it is leads, the others follow. */
function inTurn(nodes: readonly UpstreamNode[], turn: number): readonly UpstreamNode[] {
  const round = nodes.flatMap((node) => Array<UpstreamNode>(Math.max(1, node.weight)).fill(node));
  const first = round[turn % round.length];
  return first ? [first, ...nodes.filter((node) => node !== first)] : [];
}

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
