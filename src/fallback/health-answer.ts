import { z } from 'zod';
import { type Doc, docAt, isDoc, own } from '../cutters/apisix/document';
import { listOf, nameOf, type Subject } from './subject';

/** What a gateway thinks of a node. `unknown` is no news, and never good news. */
export type NodeHealth = 'healthy' | 'unhealthy' | 'unknown';

/** In a row. A failure sets `success` back, a success all the failures. */
export interface NodeCounters {
  readonly success: number;
  readonly httpFailure: number;
  readonly tcpFailure: number;
  readonly timeoutFailure: number;
}

/** A node of an upstream as one gateway sees it. */
export interface NodeSight {
  /** `host:port`, as in the upstream. */
  readonly name: string;
  readonly health: NodeHealth;
  /** In the gateway's own words: `mostly_healthy` is still used, `mostly_unhealthy` not yet. Undefined: it has none. */
  readonly status: string | undefined;
  readonly counters: NodeCounters | undefined;
}

/** Why a gateway shows no health at all. */
export type Blind = 'unreachable' | 'not-understood' | 'no-object' | 'no-checks' | 'not-begun';

export interface Blindness {
  readonly why: Blind;
  readonly what: string;
  readonly remedy: string;
}

const whole = z.number().int().nonnegative();
const target = z.object({
  ip: z.string(),
  hostname: z.string().optional(),
  hostheader: z.string().optional(),
  port: whole,
  status: z.string(),
  counter: z.object({ success: whole, http_failure: whole, tcp_failure: whole, timeout_failure: whole }),
  /** Nobody watches it any more. */
  purge_time: z.number().optional(),
});
type Target = z.infer<typeof target>;

const answer = z.object({
  name: z.string(),
  /** An empty Lua table is written as an object. */
  nodes: z.union([z.array(target), z.strictObject({})]),
});

const JUDGED: ReadonlyMap<string, NodeHealth> = new Map([
  ['healthy', 'healthy'],
  ['mostly_healthy', 'healthy'],
  ['mostly_unhealthy', 'unhealthy'],
  ['unhealthy', 'unhealthy'],
]);

const blindness = (why: Blind, what: string, remedy: string): Blindness => ({ why, what, remedy });

export const UNREACHABLE =
  'Check that the Control API of that gateway listens where Pullcord can reach it (apisix.control).';

/**
 * What an answer of `GET /v1/healthcheck/<holder>/<id>` says of the nodes of an upstream.
 * @param upstream as it stands in the Admin API: its nodes are those that are told of, whatever the gateway lists.
 */
export function readHealthAnswer(
  status: number,
  body: unknown,
  { holder, id }: Subject,
  upstream: Doc,
): { readonly nodes: readonly NodeSight[] } | { readonly blind: Blindness } {
  const words = isDoc(body) && typeof body.error_msg === 'string' ? body.error_msg : '';
  if (status === 404 && words === `no checker for ${holder}[${id}]`)
    return { blind: blindness('no-checks', `${holder}/${id} has no checks`, 'Add checks: pullcord fallback plan.') };
  if (status === 404 && words === `${holder}[${id}] not found`)
    return { blind: blindness('no-object', `that gateway knows no ${holder}/${id}`, 'Check the id, and its etcd.') };
  const read = status === 200 ? answer.safeParse(body) : undefined;
  if (!read?.success || read.data.name !== `/apisix/${holder}/${id}`)
    return {
      blind: blindness('not-understood', `it answered ${status}, and not as the Control API does`, UNREACHABLE),
    };
  const { nodes } = read.data;
  if (!Array.isArray(nodes) || nodes.length === 0)
    return { blind: blindness('not-begun', 'its checks begin with the first request', 'Send one through the route.') };
  return { nodes: sights(upstream, nodes) };
}

const UPSTREAM: Subject = { kind: 'upstream', holder: 'upstreams', id: '' };

/** Of its nodes, in its order. */
export const namesOf = (upstream: Doc): readonly string[] =>
  listOf(UPSTREAM, upstream).map((item) => nameOf(UPSTREAM, upstream, item));

function sights(upstream: Doc, targets: readonly Target[]): readonly NodeSight[] {
  const probed = own(docAt(docAt(upstream, 'checks'), 'active'), 'port');
  const watched = targets.filter(({ purge_time }) => purge_time === undefined);
  const names = namesOf(upstream);
  const portOf = (name: string): number => Number(name.slice(name.lastIndexOf(':') + 1));
  return names.map((name) => {
    const host = name.slice(0, name.lastIndexOf(':'));
    const onPort = watched.filter(({ port }) => port === (probed ?? portOf(name)));
    const named = onPort.filter(({ ip, hostname, hostheader }) => [ip, hostname, hostheader].includes(host));
    // A name that the gateway has looked up, and a Host of its own: the port alone tells whose it is, if it is one's own.
    const isAlone = probed === undefined && names.filter((other) => portOf(other) === portOf(name)).length === 1;
    return sight(name, named.length > 0 || !isAlone ? named : onPort);
  });
}

/** A name may have several addresses: as long as one of them is used, the node is. */
function sight(name: string, targets: readonly Target[]): NodeSight {
  const judged = targets.map((one) => ({ one, health: JUDGED.get(one.status) ?? ('unknown' as const) }));
  const unknown = judged.find(({ health }) => health === 'unknown');
  const chosen = unknown ?? judged.find(({ health }) => health === 'healthy') ?? judged[0];
  if (!chosen) return { name, health: 'unknown', status: undefined, counters: undefined };
  const { success, http_failure, tcp_failure, timeout_failure } = chosen.one.counter;
  return {
    name,
    health: chosen.health,
    status: chosen.one.status,
    counters: { success, httpFailure: http_failure, tcpFailure: tcp_failure, timeoutFailure: timeout_failure },
  };
}
