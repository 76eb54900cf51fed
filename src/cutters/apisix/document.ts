/** A JSON object as the Admin API answers it. */
export type Doc = Readonly<Record<string, unknown>>;

export const isDoc = (value: unknown): value is Doc =>
  value !== null && typeof value === 'object' && !Array.isArray(value);

/** Not what a prototype has: a key may be called anything. */
export const own = (doc: Doc, key: string): unknown => (Object.hasOwn(doc, key) ? doc[key] : undefined);

/** The document at a key, or an empty one. */
export function docAt(doc: Doc, key: string): Doc {
  const value = own(doc, key);
  return isDoc(value) ? value : {};
}

export function without(doc: Doc, ...keys: readonly string[]): Doc {
  return Object.fromEntries(Object.entries(doc).filter(([key]) => !keys.includes(key)));
}

/** Same JSON, in whatever order its keys stand: APISIX answers them at random. */
export function same(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((item, i) => same(item, b[i]));
  if (!isDoc(a) || !isDoc(b)) return false;
  const keys = keysOf(a);
  return keys.length === keysOf(b).length && keys.every((key) => Object.hasOwn(b, key) && same(a[key], b[key]));
}

/** JSON knows no undefined. */
const keysOf = (doc: Doc): string[] => Object.keys(doc).filter((key) => doc[key] !== undefined);

/**
 * Same but for what Lua can lose in passing: null against absent, `[]` against `{}`. A PATCH decodes and encodes the
 * whole object, and an empty Lua table does not know which of the two it was.
 */
export const alike = (a: unknown, b: unknown): boolean => same(blurred(a), blurred(b));

function blurred(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? {} : value.map(blurred);
  if (!isDoc(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== null && inner !== undefined)
      .map(([key, inner]) => [key, blurred(inner)]),
  );
}

/** The fields in which two objects of APISIX differ, their own timestamps aside; none when there is but one. */
export function differences(a: Doc | undefined, b: Doc): string[] {
  if (!a) return [];
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  keys.delete('update_time');
  return [...keys].filter((key) => !same(a[key], b[key])).sort();
}
