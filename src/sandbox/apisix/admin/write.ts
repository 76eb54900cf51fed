import { isList, isObject, type Json, type JsonObject, objectAt } from '../json';
import type { Entry, Store } from '../store';
import type { Answer } from './answer';
import { confFault, forbiddenTime } from './check';
import { encrypt } from './cipher';
import { type Kind, ROOT } from './kinds';
import { merge, replaceAt } from './merge';
import { recode } from './plugins';
import { plain } from './read';

/** What a path of the Admin API points at. */
export interface Target {
  readonly kind: Kind;
  /** Undefined where the path ends with the kind. */
  readonly id: string | undefined;
  readonly subPath: readonly string[];
  /** The whole key in etcd, once the id is known. */
  readonly keyOf: (id: string) => string;
  /** What stands before the ids of the kind. */
  readonly listKey: string;
}

export interface Write extends Target {
  /** Undefined when the request had none. */
  readonly body: Json | undefined;
  readonly ttlSeconds: number | undefined;
  /** `?force=true`: a DELETE asks nobody. */
  readonly force: boolean;
}

export interface WriteParts {
  readonly store: Store;
  /** Seconds since 1970, whole. */
  readonly now: () => number;
  /** The way to etcd and back: what was read before it may be old after it. */
  readonly latency: () => Promise<void>;
}

const bad = (error_msg: string): Answer => ({ status: 400, body: { error_msg } });
const notFound: Answer = { status: 404, body: { message: 'Key not found' } };
const written = (status: number, { key, value }: Entry): Answer => ({ status, body: { key, value } });

export async function put(write: Write, { store, now, latency }: WriteParts): Promise<Answer> {
  const { kind } = write;
  const body = asTable(write.body);
  if (body === undefined) return bad('missing configurations');

  const named = identify(write, body);
  if ('fault' in named) return bad(named.fault);
  const reason = forbiddenTime(body) ?? confFault(kind, named.id ?? write.id, named.conf, store);
  if (reason !== undefined) return bad(reason);

  const key = write.keyOf(named.key);
  if (kind.segment === 'credentials' && !store.get(key.replace(/\/credentials\/.*/, '')))
    return { status: 404, body: { error_msg: 'consumer not found' } };
  const before = store.get(key);
  const stored = encrypted(kind, kind.segment === 'plugin_metadata' ? named.conf : stamped(named.conf, before, now()));
  await latency();
  const status = store.get(key) ? 200 : 201;
  return written(status, store.put(key, stored, { ttlSeconds: write.ttlSeconds }));
}

export async function post(write: Write, { store, now, latency }: WriteParts): Promise<Answer> {
  const { kind } = write;
  const body = asTable(write.body);
  if (kind.unsupported.includes('POST')) return unsupported('POST', kind);
  if (body === undefined) return bad('missing configurations');
  if (write.id !== undefined || body.id !== undefined) return bad(`wrong ${kind.label} id, do not need it`);
  const reason = forbiddenTime(body) ?? confFault(kind, undefined, body, store);
  if (reason !== undefined) return bad(reason);

  await latency();
  const id = String(store.nextRevision()).padStart(20, '0');
  const stored = encrypted(kind, stamped({ ...body, id }, undefined, now()));
  return written(201, store.put(write.keyOf(id), stored, { ttlSeconds: write.ttlSeconds }));
}

export async function patch(write: Write, { store, now, latency }: WriteParts): Promise<Answer> {
  const { kind, id, subPath, body } = write;
  if (kind.unsupported.includes('PATCH')) return unsupported('PATCH', kind);
  if (id === undefined) return bad(`missing ${kind.label} id`);
  if (body === undefined) return bad('missing new configuration');
  if (subPath.length === 0 && !isObject(body) && !isList(body)) return bad('invalid configuration');

  const key = write.keyOf(id);
  const before = store.get(key);
  if (!before) return notFound;
  // What is stored is decrypted first, so that a PATCH of something else doesn't encrypt it twice.
  const old = plain(kind, before.value);
  const changed =
    subPath.length > 0 ? replaceAt(old, subPath, body) : { value: merge(old, isObject(body) ? body : {}) };
  if ('fault' in changed) return bad(changed.fault);

  // With a sub-path nobody can have meant to set the time.
  const ownTime = subPath.length === 0 && isObject(body) && (body.update_time ?? null) !== null;
  const conf: JsonObject = {
    ...changed.value,
    id: changed.value.id ?? id,
    create_time: changed.value.create_time ?? now(),
    update_time: ownTime ? (changed.value.update_time ?? now()) : now(),
  };
  if (String(conf.id) !== id) return bad(`wrong ${kind.label} id`);
  const reason = confFault(kind, id, conf, store);
  if (reason !== undefined) return bad(reason);

  await latency();
  const entry = store.compareAndSwap(key, before.modifiedIndex, encrypted(kind, conf), {
    ttlSeconds: write.ttlSeconds,
  });
  return entry ? written(200, entry) : { status: 503, body: { error_msg: 'value changed before overwritten' } };
}

export async function remove(write: Write, { store, latency }: WriteParts): Promise<Answer> {
  const { kind, id } = write;
  if (id === undefined) return bad(`missing ${kind.label} id`);
  const holder = write.force ? undefined : holderOf(kind, id, store);
  if (holder !== undefined) return bad(`${kind.refusal}, ${holder} is still using it now`);

  await latency();
  const key = write.keyOf(id);
  if (kind.segment === 'consumers') for (const entry of store.list(`${key}/credentials/`)) store.delete(entry.key);
  return store.delete(key) ? { status: 200, body: { deleted: '1', key } } : notFound;
}

/** A list is a table, too, to Lua: one that has no field that the schema asks for. */
const asTable = (body: Json | undefined): JsonObject | undefined =>
  body === undefined || isObject(body) ? body : isList(body) ? Object.fromEntries(body.entries()) : {};

export const unsupported = (method: string, kind: Kind): Answer => ({
  status: 405,
  body: { error_msg: `not supported \`${method}\` method for ${kind.label}` },
});

/** Which key a PUT writes, and the body as it will be checked: with its id, where its kind has one. */
function identify(
  { kind, id }: Write,
  body: JsonObject,
): { readonly id: string | undefined; readonly key: string; readonly conf: JsonObject } | { readonly fault: string } {
  if (kind.segment === 'consumers') return { id, key: String(body.username), conf: body };
  if (kind.segment === 'plugin_metadata')
    return id === undefined ? { fault: 'missing plugin name' } : { id, key: id, conf: { ...body, id } };
  const name = id ?? (body.id === undefined ? undefined : String(body.id));
  if (name === undefined) return { fault: `missing ${kind.label} id` };
  if (body.id !== undefined && String(body.id) !== name) return { fault: `wrong ${kind.label} id` };
  return { id: name, key: name, conf: { ...body, id: name } };
}

function stamped(conf: JsonObject, before: Entry | undefined, now: number): JsonObject {
  return { ...conf, create_time: before?.value.create_time ?? now, update_time: now };
}

function encrypted(kind: Kind, conf: JsonObject): JsonObject {
  const plugins = objectAt(conf, 'plugins');
  return plugins ? { ...conf, plugins: recode(plugins, kind.ofConsumer ?? false, encrypt) } : conf;
}

function holderOf(kind: Kind, id: string, store: Store): string | undefined {
  for (const { segment, field, label } of kind.heldBy ?? []) {
    const held = store.list(`${ROOT}/${segment}/`).find(({ value }) => String(value[field]) === id);
    if (held) return `${label} [${held.value.id ?? held.value.username}]`;
  }
  return undefined;
}
