import { canonicalJson } from '../ledger/chain';
import type { Rig } from './rig';

const KINDS = ['routes', 'services', 'upstreams', 'consumers', 'global_rules', 'plugin_configs'] as const;
/** Pullcord's own rule is written at each order: its times are the only thing that may differ. */
const OWN_RULE = 'global_rules/pullcord-clamp';

interface Listed {
  readonly value: Readonly<Record<string, unknown>>;
  readonly modifiedIndex: number;
}

/** Every object of a gateway as canonical JSON, by kind and id, indexes and times included. */
export async function everything(rig: Pick<Rig, 'admin'>): Promise<ReadonlyMap<string, string>> {
  const objects = new Map<string, string>();
  for (const kind of KINDS) {
    const { list } = (await rig.admin('GET', kind)) as { list: readonly Listed[] | object };
    for (const { value, modifiedIndex } of Array.isArray(list) ? (list as readonly Listed[]) : []) {
      const name = `${kind}/${String(value.id ?? value.username)}`;
      const { update_time: _at, ...timeless } = value;
      objects.set(name, canonicalJson(name === OWN_RULE ? timeless : { value, modifiedIndex }));
    }
  }
  return objects;
}

/** Names of the objects that are not what they were, or came, or went. */
export function differences(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] {
  const names = new Set([...before.keys(), ...after.keys()]);
  return [...names].filter((name) => before.get(name) !== after.get(name)).sort();
}
