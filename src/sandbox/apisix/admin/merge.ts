import { isList, isObject, type Json, type JsonObject } from '../json';

/**
 * How a PATCH without a sub-path changes an object (`core.table.merge`): null takes a key away, objects merge, all else
 * is replaced. Two traps are kept. Lua can't tell an empty object from a list, so `{}` replaces instead of merging. And
 * where there was no object before, the new one is taken as it is: a null inside it stays, and the schema refuses it.
 */
export function merge(origin: JsonObject, patch: JsonObject): JsonObject {
  const merged: Record<string, Json> = { ...origin };
  for (const [key, value] of Object.entries(patch)) {
    const before = Object.hasOwn(merged, key) ? merged[key] : undefined;
    if (value === null) delete merged[key];
    else if (isFilled(before) && isFilled(value)) merged[key] = merge(before, value);
    else merged[key] = value;
  }
  return merged;
}

const isFilled = (value: Json | undefined): value is JsonObject => isObject(value) && Object.keys(value).length > 0;

/** How a PATCH of a sub-path does it (`core.table.patch`): the value at the path is replaced, null and all. */
export function replaceAt(
  origin: JsonObject,
  path: readonly string[],
  value: Json,
): { readonly value: JsonObject } | { readonly fault: string } {
  const [key, ...rest] = path;
  if (key === undefined) return isObject(value) ? { value } : { fault: 'invalid configuration' };
  if (rest.length === 0) return { value: { ...origin, [key]: value } };
  const inner = Object.hasOwn(origin, key) ? origin[key] : {};
  if (isList(inner)) return replaceInList(origin, key, inner, rest, value);
  // The 1 between the parts is the original's: it hands an index over where the separator belongs.
  if (!isObject(inner)) return { fault: `invalid sub-path: /${path.join('1')}` };
  const replaced = replaceAt(inner, rest, value);
  return 'fault' in replaced ? replaced : { value: { ...origin, [key]: replaced.value } };
}

/** A key put into a list makes it a table that is neither: the schema refuses it as something else than a list. */
function replaceInList(
  origin: JsonObject,
  key: string,
  list: readonly Json[],
  path: readonly string[],
  value: Json,
): ReturnType<typeof replaceAt> {
  const table = Object.fromEntries(list.map((item, index) => [String(index + 1), item]));
  const replaced = replaceAt(table, path, value);
  return 'fault' in replaced ? replaced : { value: { ...origin, [key]: replaced.value } };
}
