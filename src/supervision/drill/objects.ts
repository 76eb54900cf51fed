import { createHash } from 'node:crypto';
import { CANARY_ID } from '../../cutters/apisix/canary';
import { CLAMP_PATH } from '../../cutters/apisix/clamp';
import type { AdminApi } from '../../cutters/apisix/client';
import { type Doc, without } from '../../cutters/apisix/document';
import { isGatewayError } from '../../cutters/apisix/fault';
import { canonicalJson } from '../../ledger/chain';

/** What can stand on a gateway that a cut could touch, or that somebody could have changed beside it. */
const COLLECTIONS = [
  ...(['routes', 'services', 'upstreams', 'consumers', 'consumer_groups', 'plugin_configs', 'global_rules'] as const),
];

/** A digest of each object by its path: the objects hold secrets, and are not kept. */
export type Objects = ReadonlyMap<string, string>;

/** @throws GatewayError */
export async function readObjects(api: AdminApi): Promise<Objects> {
  const lists = await Promise.all(COLLECTIONS.map(async (kind) => [kind, await listed(api, kind)] as const));
  const all = lists.flatMap(([kind, values]) => values.map((value) => [pathOf(kind, value), value] as const));
  return new Map(
    all.filter(([path]) => path !== `routes/${CANARY_ID}`).map(([path, value]) => [path, digest(path, value)]),
  );
}

/** Collections that this APISIX doesn't have hold nothing. */
async function listed(api: AdminApi, kind: string): Promise<readonly Doc[]> {
  try {
    return await api.list(kind);
  } catch (error) {
    if (isGatewayError(error, 'rejected')) return [];
    throw error;
  }
}

const pathOf = (kind: string, value: Doc): string => `${kind}/${String(value.id ?? value.username)}`;

/** Without its own timestamps, as law 6 has it: whoever syncs a gateway writes the same objects again and again. */
function digest(path: string, value: Doc): string {
  const timeless = without(value, 'update_time', ...(path === CLAMP_PATH ? ['create_time'] : []));
  return createHash('sha256').update(canonicalJson(timeless)).digest('hex');
}

/** Paths of what is not what it was, or came, or went. */
export function changed(before: Objects, after: Objects): string[] {
  const paths = new Set([...before.keys(), ...after.keys()]);
  return [...paths].filter((path) => before.get(path) !== after.get(path)).sort();
}
