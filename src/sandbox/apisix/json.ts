/** What JSON can hold. An APISIX object is a `JsonObject` throughout: nothing here knows its schema at compile time. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const isList = (value: unknown): value is readonly Json[] => Array.isArray(value);

/** The value at a path of keys and indexes, or undefined where the path leaves the document. */
export function at(value: Json | undefined, ...path: readonly (string | number)[]): Json | undefined {
  let here: Json | undefined = value;
  for (const step of path) {
    if (isList(here) && typeof step === 'number') here = here[step];
    else if (isObject(here) && typeof step === 'string' && Object.hasOwn(here, step)) here = here[step];
    else return undefined;
  }
  return here;
}

export const textAt = (value: Json | undefined, ...path: readonly (string | number)[]): string | undefined => {
  const found = at(value, ...path);
  return typeof found === 'string' ? found : undefined;
};

export const numberAt = (value: Json | undefined, ...path: readonly (string | number)[]): number | undefined => {
  const found = at(value, ...path);
  return typeof found === 'number' ? found : undefined;
};

export const objectAt = (value: Json | undefined, ...path: readonly (string | number)[]): JsonObject | undefined => {
  const found = at(value, ...path);
  return isObject(found) ? found : undefined;
};

export const listAt = (value: Json | undefined, ...path: readonly (string | number)[]): readonly Json[] | undefined => {
  const found = at(value, ...path);
  return isList(found) ? found : undefined;
};

export const textsAt = (
  value: Json | undefined,
  ...path: readonly (string | number)[]
): readonly string[] | undefined => listAt(value, ...path)?.filter((item) => typeof item === 'string');
