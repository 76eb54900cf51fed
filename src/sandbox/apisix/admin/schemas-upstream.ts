import type { Schema } from './validator';

/** Schemas of APISIX 3.18.0 as its Admin API shows them (`GET /apisix/admin/schema/route`), without their prose. */
export const id: Schema = {
  anyOf: [
    { type: 'string', minLength: 1, maxLength: 64, pattern: '^[a-zA-Z0-9-_.]+$' },
    { type: 'integer', minimum: 1 },
  ],
};
export const host: Schema = { type: 'string', pattern: '^\\*$|^\\*?[0-9a-zA-Z-._\\[\\]:]+$' };
export const name: Schema = { type: 'string', minLength: 1, maxLength: 256 };
export const desc: Schema = { type: 'string', maxLength: 256 };
export const labels: Schema = {
  type: 'object',
  patternProperties: { '.*': { type: 'string', minLength: 1, maxLength: 256, pattern: '^\\S+$' } },
};
export const timestamp: Schema = { type: 'integer' };
export const metadata = { id, name, desc, labels, create_time: timestamp, update_time: timestamp } as const;

export const METHODS = [
  'GET',
  'POST',
  'PUT',
  'DELETE',
  'PATCH',
  'HEAD',
  'OPTIONS',
  'CONNECT',
  'TRACE',
  'PURGE',
] as const;

const seconds: Schema = { type: 'number', exclusiveMinimum: 0 };
export const timeout: Schema = {
  type: 'object',
  properties: { connect: seconds, send: seconds, read: seconds },
  required: ['connect', 'send', 'read'],
};

const count = (standard: number, minimum: number, maximum?: number): Schema => ({
  type: 'integer',
  default: standard,
  minimum,
  ...(maximum === undefined ? {} : { maximum }),
});
const statuses = (standard: readonly number[]): Schema => ({
  type: 'array',
  minItems: 1,
  uniqueItems: true,
  items: { type: 'integer', minimum: 200, maximum: 599 },
  default: standard,
});
const probeType: Schema = { type: 'string', enum: ['http', 'https', 'tcp'], default: 'http' };

const activeCheck: Schema = {
  type: 'object',
  properties: {
    type: probeType,
    timeout: { type: 'number', default: 1 },
    concurrency: { type: 'integer', default: 10 },
    host,
    port: { type: 'integer', minimum: 1, maximum: 65535 },
    http_method: { type: 'string', enum: METHODS, default: 'GET' },
    http_path: { type: 'string', default: '/' },
    http_req_body: { type: 'string', default: '' },
    https_verify_certificate: { type: 'boolean', default: true },
    req_headers: { type: 'array', minItems: 1, items: { type: 'string', uniqueItems: true } },
    healthy: {
      type: 'object',
      properties: { interval: count(1, 1), http_statuses: statuses([200, 302]), successes: count(2, 1, 254) },
    },
    unhealthy: {
      type: 'object',
      properties: {
        interval: count(1, 1),
        http_statuses: statuses([429, 404, 500, 501, 502, 503, 504, 505]),
        http_failures: count(5, 1, 254),
        tcp_failures: count(2, 1, 254),
        timeouts: count(3, 1, 254),
      },
    },
  },
};

const passiveCheck: Schema = {
  type: 'object',
  properties: {
    type: probeType,
    healthy: {
      type: 'object',
      properties: {
        http_statuses: statuses([
          200, 201, 202, 203, 204, 205, 206, 207, 208, 226, 300, 301, 302, 303, 304, 305, 306, 307, 308,
        ]),
        successes: count(5, 0, 254),
      },
    },
    unhealthy: {
      type: 'object',
      properties: {
        http_statuses: statuses([429, 500, 503]),
        tcp_failures: count(2, 0, 254),
        timeouts: count(7, 0, 254),
        http_failures: count(5, 0, 254),
      },
    },
  },
};

const nodes: Schema = {
  anyOf: [
    { type: 'object', patternProperties: { '.*': { type: 'integer', minimum: 0 } } },
    {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          host,
          port: { type: 'integer', minimum: 1, maximum: 65535 },
          weight: { type: 'integer', minimum: 0 },
          priority: { type: 'integer', default: 0 },
          metadata: { type: 'object' },
        },
        required: ['host', 'weight'],
      },
    },
  ],
};

export const upstream: Schema = {
  type: 'object',
  properties: {
    ...metadata,
    nodes,
    retries: { type: 'integer', minimum: 0 },
    retry_timeout: { type: 'number', minimum: 0 },
    timeout,
    tls: {
      type: 'object',
      properties: {
        client_cert_id: id,
        client_cert: { type: 'string', minLength: 128, maxLength: 65536 },
        client_key: { type: 'string', minLength: 64, maxLength: 65536 },
        verify: { type: 'boolean', default: false },
      },
      dependencies: {
        client_cert: { required: ['client_key'] },
        client_key: { required: ['client_cert'] },
        client_cert_id: { not: { required: ['client_cert', 'client_key'] } },
      },
    },
    keepalive_pool: {
      type: 'object',
      properties: {
        size: count(320, 1),
        idle_timeout: { type: 'number', default: 60, minimum: 0 },
        requests: count(1000, 1),
      },
    },
    type: { type: 'string', default: 'roundrobin' },
    checks: {
      type: 'object',
      properties: { active: activeCheck, passive: passiveCheck },
      anyOf: [{ required: ['active'] }, { required: ['active', 'passive'] }],
    },
    hash_on: { type: 'string', default: 'vars', enum: ['vars', 'header', 'cookie', 'consumer', 'vars_combinations'] },
    key: { type: 'string' },
    scheme: { default: 'http', enum: ['grpc', 'grpcs', 'http', 'https', 'tcp', 'tls', 'udp', 'kafka'] },
    discovery_type: { type: 'string' },
    discovery_args: {
      type: 'object',
      properties: { namespace_id: { type: 'string' }, group_name: { type: 'string' } },
    },
    pass_host: { type: 'string', enum: ['pass', 'node', 'rewrite'], default: 'pass' },
    upstream_host: host,
    service_name: { type: 'string', minLength: 1, maxLength: 256 },
  },
  oneOf: [{ required: ['nodes'] }, { required: ['service_name', 'discovery_type'] }],
  additionalProperties: false,
};
