import { type Json, type JsonObject, objectAt, textAt, textsAt } from '../json';
import type { Entry, Store } from '../store';
import type { Answer } from './answer';
import { decrypt } from './cipher';
import type { Kind } from './kinds';
import { recode } from './plugins';

/** GET of one object: its indexes are shown, and its secrets in plain text. */
export function readOne(kind: Kind, key: string, store: Store): Answer {
  const entry = store.get(key);
  return entry ? { status: 200, body: shown(kind, entry) } : { status: 404, body: { message: 'Key not found' } };
}

/** GET of a list: filtered, then cut into pages; `total` counts what passed the filters. */
export function readList(kind: Kind, prefix: string, query: URLSearchParams, store: Store): Answer {
  const found = store
    .list(`${prefix}/`)
    .filter((entry) => !entry.key.slice(prefix.length + 1).includes('/'))
    .filter((entry) => passes(kind, entry.value, query));
  const total = found.length;
  const page = toNumber(query.get('page'));
  const size = toNumber(query.get('page_size'));
  if (page === undefined || size === undefined)
    return { status: 200, body: { total, list: found.map((entry) => shown(kind, entry)) } };
  if (size < 10 || size > 500) return { status: 400, body: 'page_size must be between 10 and 500' };

  const from = (Math.max(1, page) - 1) * size;
  const list = [...found]
    .sort((a, b) => a.createdIndex - b.createdIndex)
    .slice(from, from + size)
    .map((entry) => shown(kind, entry));
  // An empty Lua table that was made by hand is written as an object.
  return { status: 200, body: { total, list: list.length > 0 ? list : {} } };
}

function shown(kind: Kind, { key, value, createdIndex, modifiedIndex }: Entry): JsonObject {
  return { key, value: plain(kind, value), createdIndex, modifiedIndex };
}

/** The object with its plugins' secrets in plain text. */
export function plain(kind: Kind, value: JsonObject): JsonObject {
  const plugins = objectAt(value, 'plugins');
  return plugins ? { ...value, plugins: recode(plugins, kind.ofConsumer ?? false, decrypt) } : value;
}

function passes(kind: Kind, value: JsonObject, query: URLSearchParams): boolean {
  const name = query.get('name');
  if (name !== null && !matches(textAt(value, 'name'), name)) return false;
  const label = query.get('label');
  if (label !== null && !Object.hasOwn(objectAt(value, 'labels') ?? {}, label)) return false;
  const uri = query.get('uri');
  if (uri !== null && ![value.uri, ...(textsAt(value, 'uris') ?? [])].some((one) => matches(one, uri))) return false;
  for (const [field, wanted] of new URLSearchParams(query.get('filter') ?? '')) {
    if (kind.filterFields?.includes(field) && value[field] !== wanted) return false;
  }
  return true;
}

function matches(text: Json | undefined, pattern: string): boolean {
  try {
    return typeof text === 'string' && new RegExp(pattern).test(text);
  } catch {
    return false;
  }
}

function toNumber(text: string | null): number | undefined {
  const number = text === null || text.trim() === '' ? Number.NaN : Number(text);
  return Number.isNaN(number) ? undefined : number;
}
