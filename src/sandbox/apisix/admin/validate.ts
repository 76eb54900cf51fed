import { isList, isObject, type Json, type JsonObject } from '../json';
import type { Answer } from './answer';
import { confFault } from './check';
import { KINDS, kindOf } from './kinds';
import { fault } from './validator';

/** `POST /configs/validate`: whole objects with their plugins, without asking what they point at. */
export function validateConfigs(body: Json | undefined): Answer {
  if (body === undefined) return { status: 400, body: { error_msg: 'invalid request body: empty request body' } };
  const errors: JsonObject[] = [];
  for (const kind of KINDS) {
    const items = isObject(body) ? body[kind.segment] : undefined;
    const seen = new Set<string>();
    for (const [index, item] of (isList(items) ? items : []).entries()) {
      const conf = isObject(item) ? item : {};
      const id = conf.id ?? conf.username;
      const told = { resource_type: kind.segment, resource_id: id ?? '', index };
      const reason = confFault(kind, id === undefined ? undefined : String(id), conf, undefined);
      if (reason !== undefined) errors.push({ ...told, error: reason });
      if (id !== undefined && seen.has(String(id)))
        errors.push({
          ...told,
          error: `found duplicate ${conf.id === undefined ? 'username' : 'id'} ${id} in ${kind.segment}`,
        });
      seen.add(String(id));
    }
  }
  if (errors.length === 0) return { status: 200, body: {} };
  return { status: 400, body: { error_msg: 'Configuration validation failed', errors } };
}

/** `POST /schema/validate/<kind>`: the object's own schema alone; its plugins are not looked at. */
export function validateSchema(segment: string, body: Json | undefined): Answer {
  const kind = kindOf(segment);
  if (!kind) return { status: 404, body: { error_msg: `Unsupported resource type: ${segment}` } };
  const reason = body === undefined ? 'wrong type: expected object, got nil' : fault(kind.schema, body);
  return reason === undefined ? { status: 200 } : { status: 400, body: { error_msg: reason } };
}
