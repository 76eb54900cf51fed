import { type Change, type Changed, HIDDEN } from '../changed';
import { type Doc, differences, docAt, isDoc, own, same, without } from './document';
import { abort, isRefusal } from './refusal';

/** One object as it was before a write and as it is after it. Held in memory only: it may hold keys. */
export interface ObjectWrite {
  readonly object: string;
  readonly before: Doc | undefined;
  readonly after: Doc | undefined;
  /** It was written back: how it was before Pullcord first wrote it. */
  readonly was?: Doc;
}

/** Fields that hold no secret in any object of APISIX. What is not named here is not shown. */
const SHOWN: ReadonlySet<string> = new Set([
  ...['id', 'uri', 'uris', 'host', 'hosts', 'methods', 'status', 'priority', 'enable_websocket'],
  ...['service_id', 'upstream_id', 'plugin_config_id', 'create_time', 'update_time'],
]);
/** Objects that one entry names. */
const NAMED = 1_000;
/** Characters of one text, and items of one list. */
const [LONGEST, MOST] = [200, 2_000];

/** What was changed, objects alike together: a thousand routes that are rewritten alike are one entry. Pure. */
export function changedBy(gateway: string, writes: readonly ObjectWrite[]): Changed[] {
  const alike = new Map<string, { readonly objects: string[]; readonly changes: Change[]; readonly exact?: boolean }>();
  for (const write of writes) {
    const changes = changesOf(write.before, write.after);
    const exact = write.was && write.after ? { exact: differences(write.after, write.was).length === 0 } : {};
    if (changes.length === 0) continue;
    const key = JSON.stringify([changes, exact]);
    const known = alike.get(key) ?? { objects: [], changes, ...exact };
    alike.set(key, known);
    known.objects.push(write.object);
  }
  return [...alike.values()].map(({ objects, ...rest }) => ({
    ...{ gateway, objects: objects.slice(0, NAMED).sort(), ...rest },
    ...(objects.length > NAMED ? { more: objects.length - NAMED } : {}),
  }));
}

/** Where two states of an object differ, its own time of change aside. */
export function changesOf(before: Doc | undefined, after: Doc | undefined): Change[] {
  if (!before || !after)
    return same(before, after) ? [] : [change('', before && shownDoc(before), after && shownDoc(after))];
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  keys.delete('update_time');
  return [...keys].sort().flatMap((key) => {
    const [was, is] = [own(before, key), own(after, key)];
    if (same(was, is)) return [];
    if (key === 'plugins') return pluginChanges(docAt(before, key), docAt(after, key));
    return [change(pointer(key), shownField(key, was), shownField(key, is))];
  });
}

function pluginChanges(before: Doc, after: Doc): Change[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].sort().flatMap((name) => {
    const [was, is] = [own(before, name), own(after, name)];
    if (same(was, is)) return [];
    const path = pointer('plugins', name);
    // Our own is shown to the last field; of others only whether they are switched on.
    if (isRefusal(was) && isRefusal(is)) {
      const changes = deep(path, shownPlugin(was), shownPlugin(is));
      return changes.length > 0 ? changes : [change(path, HIDDEN, HIDDEN)];
    }
    if (isDoc(was) && isDoc(is) && same(without(was, '_meta'), without(is, '_meta'))) {
      const [then, now] = [docAt(was, '_meta').disable, docAt(is, '_meta').disable];
      if (isSwitch(then) && isSwitch(now) && then !== now) return [change(`${path}/_meta/disable`, then, now)];
    }
    return [change(path, shownPlugin(was), shownPlugin(is))];
  });
}

const isSwitch = (value: unknown): boolean => value === undefined || typeof value === 'boolean';

/** Of what is all our own. A list of words is one value: which of them stands where says nothing. */
function deep(path: string, was: unknown, is: unknown): Change[] {
  if (same(was, is)) return [];
  if (isDoc(was) && isDoc(is))
    return [...new Set([...Object.keys(was), ...Object.keys(is)])]
      .sort()
      .flatMap((key) => deep(`${path}${pointer(key)}`, own(was, key), own(is, key)));
  if (Array.isArray(was) && Array.isArray(is) && was.length === is.length && [...was, ...is].every(Array.isArray))
    return was.flatMap((one, i) => deep(`${path}/${i}`, one, is[i]));
  if (Array.isArray(was) && Array.isArray(is) && was.length === 3 && is.length === 3 && Array.isArray(was[2]))
    return was.flatMap((one, i) => deep(`${path}/${i}`, one, is[i]));
  return [change(path, cut(was), cut(is))];
}

function shownDoc(doc: Doc): Doc {
  return Object.fromEntries(
    Object.entries(doc).map(([key, value]) => {
      if (key !== 'plugins' || !isDoc(value)) return [key, shownField(key, value)];
      return [key, Object.fromEntries(Object.entries(value).map(([name, one]) => [name, shownPlugin(one)]))];
    }),
  );
}

function shownPlugin(plugin: unknown): unknown {
  if (plugin === undefined) return undefined;
  if (!isDoc(plugin) || !isRefusal(plugin)) return HIDDEN;
  const shown = refusals.get(plugin) ?? cut(alikeIn(plugin, { _meta: { disable: true }, abort }));
  refusals.set(plugin, shown);
  return shown;
}

/** Each as it is shown: a thousand routes are given one and the same. */
const refusals = new WeakMap<Doc, unknown>();

/** What is as we write it; all else may have been put in by somebody else. */
function alikeIn(value: unknown, ours: unknown): unknown {
  if (same(value, ours) || (typeof value === 'boolean' && typeof ours === 'boolean')) return value;
  if (!isDoc(value) || !isDoc(ours)) return HIDDEN;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [key, isOurVars(key, one) ? one : alikeIn(one, own(ours, key))]),
  );
}

/** The clamp's own: a list of routes. */
const isOurVars = (key: string, value: unknown): boolean => {
  const list: unknown =
    key === 'vars' ? [0, 0, 2].reduce<unknown>((at, i) => (Array.isArray(at) ? at[i] : undefined), value) : undefined;
  return Array.isArray(list) && list.every((id) => typeof id === 'string') && same(value, [[['route_id', 'in', list]]]);
};

function shownField(key: string, value: unknown): unknown {
  if (value === undefined) return undefined;
  const isPlain = !isDoc(value) && (!Array.isArray(value) || value.every((one) => typeof one === 'string'));
  return SHOWN.has(key) && isPlain ? cut(value) : HIDDEN;
}

/** The ledger is kept for ever: nothing in it is longer than it has to be. */
function cut(value: unknown): unknown {
  if (typeof value === 'string') return value.length > LONGEST ? `${value.slice(0, LONGEST)}...` : value;
  if (Array.isArray(value)) return value.slice(0, MOST).map(cut);
  if (!isDoc(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, cut(one)]));
}

const change = (path: string, before: unknown, after: unknown): Change => ({
  path,
  ...(before === undefined ? {} : { before }),
  ...(after === undefined ? {} : { after }),
});

/** RFC 6901, 3. */
const pointer = (...keys: readonly string[]): string =>
  keys.map((key) => `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
