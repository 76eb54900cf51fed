import { z } from 'zod';
import type { ConfigPath } from './fault';
import { configSchema } from './schema';
import { fromEnvironment } from './variables';

/** The part of JSON Schema that the configuration needs. */
export interface JsonSchema {
  readonly [keyword: string]: unknown;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly items?: JsonSchema;
  readonly required?: readonly string[];
}

/** Also matches a text that takes from the environment: what stands in its place is not known yet. */
const VARIABLE = '\\$\\{';

/** What is published as `docs/pullcord.schema.json`, for editors: `pullcord.yaml` as it is written, with variables. */
export function configJsonSchema(): JsonSchema {
  const schema = forEditors(z.toJSONSchema(configSchema, { io: 'input' }) as JsonSchema);
  const given: readonly string[] = Object.keys(fromEnvironment);
  const required = (schema.required ?? []).filter((option) => !given.includes(option));
  return { title: 'pullcord.yaml', ...schema, required };
}

function forEditors(schema: JsonSchema): JsonSchema {
  const walked = Object.entries(schema).map(([keyword, value]): [string, unknown] => {
    if (keyword === 'properties') {
      const properties = Object.entries(value as Readonly<Record<string, JsonSchema>>);
      return [keyword, Object.fromEntries(properties.map(([name, of]) => [name, forEditors(of)]))];
    }
    if (keyword === 'pattern') return [keyword, `${value}|${VARIABLE}`];
    // JSON Schema knows no `starts_with`; what it means stands in the pattern beside it.
    if (keyword === 'format') return value === 'uri' ? ['pattern', `^https?://|${VARIABLE}`] : ['type', 'string'];
    const nested = keyword === 'items' || keyword === 'additionalProperties';
    return [keyword, nested && value instanceof Object ? forEditors(value as JsonSchema) : value];
  });
  return Object.fromEntries(walked);
}

/** What the schema says of one place; undefined where it says nothing. */
export function schemaAt(path: ConfigPath): JsonSchema | undefined {
  return path.reduce<JsonSchema | undefined>((schema, step) => {
    if (typeof step === 'number') return schema?.items;
    const named = schema?.properties?.[step];
    const any = schema?.additionalProperties;
    return named ?? (any instanceof Object ? any : undefined);
  }, configJsonSchema());
}
