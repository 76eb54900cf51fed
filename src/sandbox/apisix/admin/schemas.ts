import { desc, host, id, labels, METHODS, metadata, name, timeout, timestamp, upstream } from './schemas-upstream';
import type { Schema } from './validator';

const plugins: Schema = { type: 'object' };
const script: Schema = { type: 'string', minLength: 10, maxLength: 102400 };
const hosts: Schema = { type: 'array', items: host, minItems: 1, uniqueItems: true };

const octet = '([0-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5])';
const address: Schema = {
  type: 'string',
  anyOf: [
    { type: 'string', format: 'ipv4' },
    { type: 'string', pattern: `^${[octet, octet, octet, octet].join('\\.')}/([12]?[0-9]|3[0-2])$` },
    { type: 'string', format: 'ipv6' },
    {
      type: 'string',
      pattern: '^([a-fA-F0-9]{0,4}:){1,8}(:[a-fA-F0-9]{0,4}){0,8}([a-fA-F0-9]{0,4})?/[0-9]{1,3}$',
    },
  ],
};

/** At most one of two properties. */
const either = (one: string, other: string): Schema => ({
  oneOf: [{ not: { anyOf: [{ required: [one] }, { required: [other] }] } }, { required: [one] }, { required: [other] }],
});

const route: Schema = {
  type: 'object',
  properties: {
    ...metadata,
    uri: { type: 'string', minLength: 1, maxLength: 4096 },
    uris: { type: 'array', items: { type: 'string' }, minItems: 1, uniqueItems: true },
    priority: { type: 'integer', default: 0 },
    methods: { type: 'array', items: { type: 'string', enum: METHODS }, uniqueItems: true },
    host,
    hosts,
    remote_addr: address,
    remote_addrs: { type: 'array', items: address, minItems: 1, uniqueItems: true },
    timeout,
    vars: { type: 'array' },
    filter_func: { type: 'string', minLength: 10, pattern: '^function' },
    script,
    script_id: id,
    plugins,
    plugin_config_id: id,
    upstream,
    service_id: id,
    upstream_id: id,
    enable_websocket: { type: 'boolean' },
    status: { type: 'integer', enum: [1, 0], default: 1 },
  },
  allOf: [
    { oneOf: [{ required: ['uri'] }, { required: ['uris'] }] },
    either('host', 'hosts'),
    either('remote_addr', 'remote_addrs'),
  ],
  anyOf: [
    { required: ['plugins', 'uri'] },
    { required: ['upstream', 'uri'] },
    { required: ['upstream_id', 'uri'] },
    { required: ['service_id', 'uri'] },
    { required: ['plugins', 'uris'] },
    { required: ['upstream', 'uris'] },
    { required: ['upstream_id', 'uris'] },
    { required: ['service_id', 'uris'] },
    { required: ['script', 'uri'] },
    { required: ['script', 'uris'] },
  ],
  not: { anyOf: [{ required: ['script', 'plugins'] }, { required: ['script', 'plugin_config_id'] }] },
  additionalProperties: false,
};

const service: Schema = {
  type: 'object',
  properties: { ...metadata, plugins, upstream, upstream_id: id, script, enable_websocket: { type: 'boolean' }, hosts },
  additionalProperties: false,
};

const consumer: Schema = {
  type: 'object',
  properties: {
    id,
    username: { type: 'string', minLength: 1, maxLength: 256, pattern: '^[a-zA-Z0-9_\\-]+$' },
    desc,
    labels,
    create_time: timestamp,
    update_time: timestamp,
    group_id: id,
    plugins,
  },
  required: ['username'],
  additionalProperties: false,
};

const credential: Schema = {
  type: 'object',
  properties: { ...metadata, plugins: { type: 'object', maxProperties: 1 } },
  additionalProperties: false,
};

const globalRule: Schema = {
  type: 'object',
  properties: { id, create_time: timestamp, update_time: timestamp, plugins },
  required: ['id', 'plugins'],
  additionalProperties: false,
};

const named: Schema = {
  type: 'object',
  properties: { ...metadata, plugins },
  required: ['id', 'plugins'],
  additionalProperties: false,
};

/** By the name that `GET /apisix/admin/schema/<name>` knows. */
export const schemas = {
  route,
  service,
  upstream,
  consumer,
  credential,
  global_rule: globalRule,
  plugin_config: { ...named, properties: { ...named.properties, name: { type: 'string' } } },
  consumer_group: { ...named, properties: { ...named.properties, name } },
  plugin_metadata: { type: 'object' },
} as const satisfies Readonly<Record<string, Schema>>;
