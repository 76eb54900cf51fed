import { isIPv4, isIPv6 } from 'node:net';
import { isList, isObject, type Json, type JsonObject } from '../json';

/** The part of JSON Schema that APISIX's own schemas use. */
export interface Schema {
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean';
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: false;
  readonly required?: readonly string[];
  readonly dependencies?: Readonly<Record<string, Schema>>;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly items?: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: true;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly format?: 'ipv4' | 'ipv6';
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly enum?: readonly Json[];
  readonly default?: Json;
  readonly allOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly not?: Schema;
  readonly encrypt_fields?: readonly string[];
  readonly $comment?: string;
}

/**
 * Checks a value and answers the first fault in the words of api7/jsonschema (`lib/jsonschema.lua`), which APISIX
 * puts into its `error_msg`; undefined when there is none. Where the original walks a Lua table in no order, this
 * walks the schema in its own.
 */
export function fault(schema: Schema, value: Json): string | undefined {
  return (
    typeFault(schema, value) ??
    (isObject(value) || isEmpty(value) ? objectFault(schema, isObject(value) ? value : {}) : undefined) ??
    (isList(value) || isEmpty(value) ? listFault(schema, isList(value) ? value : []) : undefined) ??
    (typeof value === 'string' ? stringFault(schema, value) : undefined) ??
    (typeof value === 'number' ? numberFault(schema, value) : undefined) ??
    (schema.enum && !schema.enum.includes(value) ? 'matches none of the enum values' : undefined) ??
    combinedFault(schema, value)
  );
}

/** `string.format('%q')` of LuaJIT: what stands in its messages around names and values. */
export function quoted(text: string): string {
  const escaped = text.replace(/[\\"\n\r\0\t]/g, (character) => LUA_ESCAPES[character] ?? character);
  return `"${escaped}"`;
}

const LUA_ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '"': '\\"',
  '\n': '\\\n',
  '\r': '\\13',
  '\0': '\\0',
  '\t': '\\9',
};

/** A JSON null arrives in Lua as a userdata. */
const luaType = (value: Json): string =>
  value === null ? 'userdata' : typeof value === 'object' ? 'table' : typeof value;

/** Lua can't tell an empty object from an empty list: both pass for either. */
const isEmpty = (value: Json): boolean =>
  typeof value === 'object' && value !== null && Object.keys(value).length === 0;

const TYPES: Readonly<Record<NonNullable<Schema['type']>, (value: Json) => boolean>> = {
  object: (value) => isObject(value) || isEmpty(value),
  array: (value) => isList(value) || isEmpty(value),
  string: (value) => typeof value === 'string',
  integer: (value) => typeof value === 'number' && Number.isInteger(value),
  number: (value) => typeof value === 'number',
  boolean: (value) => typeof value === 'boolean',
};

function typeFault({ type }: Schema, value: Json): string | undefined {
  if (type === undefined || TYPES[type](value)) return undefined;
  return `wrong type: expected ${type}, got ${luaType(value)}`;
}

function objectFault(schema: Schema, value: JsonObject): string | undefined {
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const found = Object.hasOwn(value, name) ? value[name] : undefined;
    if (found !== undefined) {
      const inner = fault(property, found);
      if (inner !== undefined) return `property ${quoted(name)} validation failed: ${inner}`;
    } else if (schema.required?.includes(name)) return `property ${quoted(name)} is required`;
  }
  const missing = schema.required?.find((name) => !Object.hasOwn(value, name));
  if (missing !== undefined) return `property ${quoted(missing)} is required`;

  for (const [name, dependency] of Object.entries(schema.dependencies ?? {})) {
    const inner = Object.hasOwn(value, name) ? fault(dependency, value) : undefined;
    if (inner !== undefined) return `failed to validate dependent schema for ${quoted(name)}: ${inner}`;
  }
  for (const [name, item] of Object.entries(value)) {
    const patterns = Object.entries(schema.patternProperties ?? {}).filter(([pattern]) =>
      new RegExp(pattern).test(name),
    );
    for (const [pattern, inner] of patterns) {
      const reason = fault(inner, item);
      if (reason !== undefined) return `failed to validate ${name} (matching ${quoted(pattern)}): ${reason}`;
    }
    if (schema.additionalProperties === false && patterns.length === 0 && !schema.properties?.[name])
      return `additional properties forbidden, found ${name}`;
  }
  const count = Object.keys(value).length;
  if (schema.minProperties !== undefined && count < schema.minProperties)
    return `expect object to have at least ${schema.minProperties} properties`;
  if (schema.maxProperties !== undefined && count > schema.maxProperties)
    return `expect object to have at most ${schema.maxProperties} properties`;
  return undefined;
}

function listFault(schema: Schema, value: readonly Json[]): string | undefined {
  if (schema.minItems !== undefined && value.length < schema.minItems)
    return `expect array to have at least ${schema.minItems} items`;
  if (schema.maxItems !== undefined && value.length > schema.maxItems)
    return `expect array to have at most ${schema.maxItems} items`;
  if (schema.items) {
    for (const [index, item] of value.entries()) {
      const inner = fault(schema.items, item);
      if (inner !== undefined) return `failed to validate item ${index + 1}: ${inner}`;
    }
  }
  if (schema.uniqueItems) {
    const seen = new Map<string, number>();
    for (const [index, item] of value.entries()) {
      const same = seen.get(JSON.stringify(item));
      if (same !== undefined) return `expected unique items but items ${same} and ${index + 1} are equal`;
      seen.set(JSON.stringify(item), index + 1);
    }
  }
  return undefined;
}

function stringFault(schema: Schema, value: string): string | undefined {
  const length = [...value].length;
  if (schema.minLength !== undefined && length < schema.minLength)
    return `string too short, expected at least ${schema.minLength}, got ${length}`;
  if (schema.maxLength !== undefined && length > schema.maxLength)
    return `string too long, expected at most ${schema.maxLength}, got ${length}`;
  if (schema.pattern !== undefined && !new RegExp(schema.pattern).test(value))
    return `failed to match pattern ${quoted(schema.pattern)} with ${quoted(value)}`;
  if (schema.format === 'ipv4' && !isIPv4(value)) return `expected ${schema.format}, got ${quoted(value)}`;
  if (schema.format === 'ipv6' && !isIPv6(value)) return `expected ${schema.format}, got ${quoted(value)}`;
  return undefined;
}

function numberFault(schema: Schema, value: number): string | undefined {
  if (schema.minimum !== undefined && value < schema.minimum)
    return `expected ${value} to be at least ${schema.minimum}`;
  if (schema.exclusiveMinimum !== undefined && value <= schema.exclusiveMinimum)
    return `expected ${value} to be greater than ${schema.exclusiveMinimum}`;
  if (schema.maximum !== undefined && value > schema.maximum)
    return `expected ${value} to be at most ${schema.maximum}`;
  return undefined;
}

function combinedFault(schema: Schema, value: Json): string | undefined {
  for (const [index, part] of (schema.allOf ?? []).entries()) {
    const inner = fault(part, value);
    if (inner !== undefined) return `allOf ${index + 1} failed: ${inner}`;
  }
  if (schema.anyOf && !schema.anyOf.some((part) => fault(part, value) === undefined)) {
    const wanted = schema.anyOf.flatMap((part) => (part.required ? [JSON.stringify(part.required)] : []));
    return `object matches none of the required${wanted.length > 0 ? `: ${wanted.join(' or ')}` : ''}`;
  }
  if (schema.oneOf) {
    const [first, second] = schema.oneOf.flatMap((part, index) =>
      fault(part, value) === undefined ? [index + 1] : [],
    );
    if (first === undefined) return 'value should match only one schema, but matches none';
    if (second !== undefined)
      return `value should match only one schema, but matches both schemas ${first} and ${second}`;
  }
  if (schema.not && fault(schema.not, value) === undefined) return "value wasn't supposed to match schema";
  return undefined;
}
