import { type JsonObject, objectAt, textAt } from '../json';
import type { View } from './view';

export interface Consumer {
  readonly name: string;
  readonly groupId: string | undefined;
  /** Its own and its group's, without those that authenticate. */
  readonly plugins: JsonObject;
}

const CREDENTIALS = /\/consumers\/([^/]+)\/credentials\//;

/** Who a secret belongs to: it stands on the consumer itself, or on one of its credentials. */
export function findConsumer(view: View, plugin: string, field: string, secret: string): Consumer | undefined {
  for (const { key, value } of view.list('consumers')) {
    if (textAt(value, 'plugins', plugin, field) !== secret) continue;
    const name = CREDENTIALS.exec(key)?.[1] ?? textAt(value, 'username') ?? '';
    const conf = view.get('consumers', name)?.value;
    if (!conf) return undefined;
    const groupId = textAt(conf, 'group_id');
    const group = groupId === undefined ? undefined : view.get('consumer_groups', groupId);
    const { [plugin]: _, ...own } = objectAt(conf, 'plugins') ?? {};
    return { name, groupId, plugins: { ...objectAt(group?.value, 'plugins'), ...own } };
  }
  return undefined;
}
