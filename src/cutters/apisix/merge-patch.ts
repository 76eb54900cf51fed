import { type Doc, isDoc, own, same } from './document';

/**
 * The JSON merge patch (RFC 7396) that makes `to` of `from`. It holds `null` only for keys that `from` has: APISIX takes
 * over a subtree that is new to it as it stands, nulls included, and its schema then refuses them. A null as a value is
 * what a merge patch can't say: such a key is taken away.
 */
export function mergePatch(from: Doc, to: Doc): Doc {
  const patch: Record<string, unknown> = {};
  for (const key of Object.keys(from)) if (own(to, key) === undefined && from[key] !== undefined) set(patch, key, null);
  for (const [key, value] of Object.entries(to)) {
    const before = own(from, key);
    if (value === undefined || same(before, value)) continue;
    set(patch, key, isDoc(before) && isDoc(value) ? mergePatch(before, value) : withoutNulls(value));
  }
  return patch;
}

function withoutNulls(value: unknown): unknown {
  return isDoc(value) ? applyMergePatch({}, value) : value;
}

/** RFC 7396, section 2. */
export function applyMergePatch(target: unknown, patch: unknown): unknown {
  if (!isDoc(patch)) return patch;
  const result: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(isDoc(target) ? target : {})) set(result, key, value);
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else set(result, key, applyMergePatch(own(result, key), value));
  }
  return result;
}

/** By definition, not by assignment: a key may be called `__proto__`. */
function set(doc: Record<string, unknown>, key: string, value: unknown): void {
  Object.defineProperty(doc, key, { value, writable: true, enumerable: true, configurable: true });
}
