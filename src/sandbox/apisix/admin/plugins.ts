import { parseExpression } from '../expression';
import { at, isList, isObject, type Json, type JsonObject, listAt, textsAt } from '../json';
import { fault, type Schema } from './validator';

/** What the Admin API knows of a plugin. Most of them it only stores: the data plane runs the few that a cut needs. */
interface Plugin {
  /** Plugins run from the highest to the lowest. */
  readonly priority: number;
  readonly auth?: true;
  readonly schema?: Schema;
  readonly consumerSchema?: Schema;
  /** More than a schema can say. */
  readonly check?: (conf: JsonObject) => string | undefined;
  /** Fields that are kept encrypted: of the plugin anywhere, or on a consumer. */
  readonly encrypted?: readonly string[];
  readonly consumerEncrypted?: readonly string[];
  /** Pullcord's own: it was not on the gateway that was recorded. */
  readonly added?: true;
}

const vars: Schema = { type: 'array', items: { type: 'array' }, maxItems: 20 };
const percentage: Schema = { type: 'integer', minimum: 0, maximum: 100 };

const serverless = (priority: number): Plugin => ({
  priority,
  schema: {
    type: 'object',
    properties: {
      phase: {
        type: 'string',
        default: 'access',
        enum: ['rewrite', 'access', 'header_filter', 'body_filter', 'log', 'before_proxy'],
      },
      functions: { type: 'array', items: { type: 'string' }, minItems: 1 },
    },
    required: ['functions'],
  },
  check: (conf) =>
    textsAt(conf, 'functions')
      ?.map(luaFault)
      .find((reason) => reason !== undefined),
});

const authAt = (path: string): readonly string[] =>
  ['header', 'query', 'gcp.service_account_json', 'aws.secret_access_key', 'aws.session_token'].map(
    (field) => `${path}.${field}`,
  );

/** The plugins of the gateway that was recorded, by falling priority. */
export const PLUGINS: Readonly<Record<string, Plugin>> = {
  'pullcord-guard': {
    priority: 24000,
    added: true,
    schema: { type: 'object', properties: {}, additionalProperties: false },
  },
  'real-ip': { priority: 23000 },
  'client-control': { priority: 22000 },
  'proxy-buffering': { priority: 21991 },
  'proxy-control': { priority: 21990 },
  'fault-injection': {
    priority: 11000,
    schema: {
      type: 'object',
      properties: {
        abort: {
          type: 'object',
          properties: {
            http_status: { type: 'integer', minimum: 200 },
            body: { type: 'string', minLength: 0 },
            headers: {
              type: 'object',
              minProperties: 1,
              patternProperties: { '^[^:]+$': { oneOf: [{ type: 'string' }, { type: 'number' }] } },
            },
            percentage,
            vars,
          },
          required: ['http_status'],
        },
        delay: {
          type: 'object',
          properties: { duration: { type: 'number', minimum: 0 }, percentage, vars },
          required: ['duration'],
        },
      },
      minProperties: 1,
    },
    check: (conf) =>
      [...(listAt(conf, 'abort', 'vars') ?? []), ...(listAt(conf, 'delay', 'vars') ?? [])]
        .map(expressionFault)
        .find((reason) => reason !== undefined),
  },
  mocking: { priority: 10900 },
  'serverless-pre-function': serverless(10000),
  cors: { priority: 4000 },
  'ip-restriction': { priority: 3000 },
  'ua-restriction': { priority: 2999 },
  'uri-blocker': { priority: 2900 },
  'request-validation': { priority: 2800 },
  'basic-auth': { priority: 2520, auth: true, consumerEncrypted: ['password'] },
  'jwt-auth': { priority: 2510, auth: true, consumerEncrypted: ['secret'] },
  'key-auth': {
    priority: 2500,
    auth: true,
    consumerSchema: { type: 'object', properties: { key: { type: 'string' } }, required: ['key'] },
    consumerEncrypted: ['key'],
  },
  'consumer-restriction': { priority: 2400 },
  'attach-consumer-label': { priority: 2399 },
  'forward-auth': { priority: 2002 },
  'ai-prompt-guard': { priority: 1072 },
  'ai-prompt-template': { priority: 1071 },
  'ai-prompt-decorator': { priority: 1070 },
  'ai-proxy-multi': { priority: 1041, encrypted: authAt('instances.auth') },
  'ai-proxy': { priority: 1040, encrypted: authAt('auth') },
  'ai-rate-limiting': { priority: 1030, encrypted: ['redis_password', 'sentinel_password'] },
  'proxy-rewrite': { priority: 1008 },
  workflow: { priority: 1006 },
  'api-breaker': { priority: 1005 },
  'limit-conn': { priority: 1003, encrypted: ['redis_password'] },
  'limit-count': { priority: 1002, encrypted: ['redis_password', 'sentinel_password'] },
  'limit-req': { priority: 1001, encrypted: ['redis_password'] },
  'node-status': { priority: 1000 },
  'traffic-split': { priority: 966 },
  redirect: { priority: 900 },
  'response-rewrite': { priority: 899 },
  'public-api': { priority: 501 },
  prometheus: { priority: 500 },
  echo: { priority: 412 },
  'http-logger': { priority: 410, encrypted: ['auth_header'] },
  'serverless-post-function': serverless(-2000),
};

const META: Schema = {
  type: 'object',
  properties: {
    disable: { type: 'boolean' },
    error_response: { oneOf: [{ type: 'string' }, { type: 'object' }] },
    priority: { type: 'integer' },
    filter: { type: 'array' },
    pre_function: { type: 'string' },
  },
  additionalProperties: false,
};

/** The plugin's schema as APISIX shows and checks it: with `_meta` put in. */
export function pluginSchema(name: string, onConsumer = false): Schema | undefined {
  const plugin = PLUGINS[name];
  if (!plugin) return undefined;
  const schema: Schema = (onConsumer ? plugin.consumerSchema : plugin.schema) ?? { type: 'object' };
  return {
    ...schema,
    $comment: 'this is a mark for our injected plugin schema',
    properties: { ...schema.properties, _meta: META },
  };
}

/** The first fault in a `plugins` object, in APISIX's words (`apisix/plugin.lua`). */
export function pluginsFault(plugins: JsonObject, onConsumer: boolean): string | undefined {
  for (const [name, conf] of Object.entries(plugins)) {
    const plugin = PLUGINS[name];
    const table = isObject(conf) ? conf : isList(conf) ? {} : undefined;
    if (!table)
      return `invalid plugin conf ${conf === null ? '"userdata: NULL"' : JSON.stringify(conf)} for plugin [${name}]`;
    if (!plugin) return `unknown plugin [${name}]`;

    const reason = fault(pluginSchema(name, onConsumer) ?? {}, table) ?? plugin.check?.(table);
    // A plugin that is switched off is stored as it is: it will never run.
    if (reason !== undefined && at(table, '_meta', 'disable') !== true)
      return `failed to check the configuration of plugin ${name} err: ${reason}`;
    const filter = expressionFault(at(table, '_meta', 'filter') ?? []);
    if (filter !== undefined) return `failed to validate the 'vars' expression: ${filter}`;
  }
  return undefined;
}

export function expressionFault(rule: Json): string | undefined {
  if (!isList(rule)) return 'invalid expression';
  const parsed = parseExpression(rule);
  return 'fault' in parsed ? parsed.fault : undefined;
}

/** There is no Lua here: what returns no function is refused, the rest is believed. */
function luaFault(source: string): string | undefined {
  if (!/\breturn\s+(function\b|[A-Za-z_]\w*\s*$)/.test(source))
    return 'only accept Lua function, the input code type is nil';
  if (!/\bend\s*$/.test(source))
    return `failed to loadstring: [string "${source.split('\n')[0]}"]:1: 'end' expected near '<eof>'`;
  return undefined;
}

/** Puts every encrypted field of a `plugins` object through a cipher, and leaves the rest as it is. */
export function recode(plugins: JsonObject, onConsumer: boolean, cipher: (text: string) => string): JsonObject {
  return Object.fromEntries(
    Object.entries(plugins).map(([name, conf]) => {
      const plugin = PLUGINS[name];
      const fields = (onConsumer ? plugin?.consumerEncrypted : plugin?.encrypted) ?? [];
      return [name, fields.reduce((value, field) => recodeField(value, field.split('.'), cipher), conf)];
    }),
  );
}

function recodeField(value: Json, path: readonly string[], cipher: (text: string) => string): Json {
  const [field, ...rest] = path;
  if (isList(value)) return value.map((item) => recodeField(item, path, cipher));
  if (field === undefined) {
    if (typeof value === 'string') return cipher(value);
    if (!isObject(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, typeof item === 'string' ? cipher(item) : item]),
    );
  }
  if (!isObject(value) || !Object.hasOwn(value, field)) return value;
  return { ...value, [field]: recodeField(value[field] ?? null, rest, cipher) };
}
