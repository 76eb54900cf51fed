import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { AdminFault } from '../faults';
import type { Json } from '../json';
import { targetOf } from '../listener';
import type { Store } from '../store';
import { type Answer, sendAdmin, sendAdminPage, sendPreflight } from './answer';
import { readBody } from './body';
import { kindOf, ROOT } from './kinds';
import { PLUGINS, pluginSchema } from './plugins';
import { readList, readOne } from './read';
import { schemas } from './schemas';
import { validateConfigs, validateSchema } from './validate';
import { patch, post, put, remove, type Target, unsupported, type Write } from './write';

export interface AdminOptions {
  readonly store: Store;
  readonly adminKey: string;
  /** May read, not write. */
  readonly viewerKey: string;
  readonly now: () => number;
  readonly latency: () => Promise<void>;
  readonly faultOf: (method: string, path: string) => AdminFault | undefined;
}

interface Asked {
  readonly method: string;
  /** Segments of the path behind `/apisix/admin`. */
  readonly segments: readonly string[];
  readonly query: URLSearchParams;
}

/** The Admin API, as `apisix/admin/init.lua` dispatches it. */
export function adminApi(options: AdminOptions): RequestListener {
  return (request, response) => {
    serve(options, request, response).catch(() => response.destroy());
  };
}

async function serve(options: AdminOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = targetOf(request);
  const method = request.method ?? 'GET';
  const [root, admin, ...segments] = url.pathname
    .split('/')
    .filter((segment) => segment !== '')
    .map(decodeURIComponent);
  const asked = { method, segments, query: url.searchParams };

  // The gateway's clock is the one that it was given: codes are judged by how far it is from ours.
  response.setHeader('date', new Date(options.now() * 1000).toUTCString());
  const fault = options.faultOf(method, url.pathname);
  if (fault?.how === 'answer') return sendFault(request, response, fault.status);
  if (fault?.how === 'delay') await fault.over;
  // Read at once: the client will be gone by the time that the request is carried out.
  const read = fault?.how === 'hold' ? await readBody(request) : undefined;
  if (fault?.how === 'hold' && !(await fault.over)) return void response.destroy();

  if (method === 'OPTIONS') return sendPreflight(response);
  if (root !== 'apisix' || admin !== 'admin' || !ROUTED.has(method)) return sendAdminPage(response, 404);
  if ((method === 'HEAD') !== (segments.length === 0)) return sendAdminPage(response, 404);
  if (method === 'HEAD') return sendAdmin(request, response, { status: 200 }, false);

  const reason = keyFault(options, request, asked);
  if (reason !== undefined) return sendAdmin(request, response, refused(reason), false);
  const body = read ?? (await readBody(request));
  if ('answer' in body) return sendAdmin(request, response, body.answer, false);
  const { answer, versioned } = await handle(options, asked, body.json);
  sendAdmin(request, response, answer, versioned);
}

const ROUTED = new Set(['GET', 'PUT', 'POST', 'DELETE', 'PATCH', 'HEAD']);

function keyFault({ adminKey, viewerKey }: AdminOptions, request: IncomingMessage, asked: Asked): string | undefined {
  const cookie = /(?:^|;\s*)x_api_key=([^;]*)/.exec(request.headers.cookie ?? '')?.[1];
  const key = asked.query.get('api_key') ?? request.headers['x-api-key'] ?? cookie;
  if (key === undefined || key === '') return 'missing apikey';
  if (key === adminKey) return undefined;
  if (key !== viewerKey) return 'wrong apikey';
  return asked.method === 'GET' ? undefined : 'invalid method for role viewer';
}

const refused = (description: string): Answer => ({
  status: 401,
  body: { error_msg: 'failed to check token', description },
});

function sendFault(request: IncomingMessage, response: ServerResponse, status: 401 | 500 | 503): void {
  if (status === 500) sendAdminPage(response, status);
  else if (status === 401) sendAdmin(request, response, refused('wrong apikey'), false);
  else sendAdmin(request, response, { status, body: { error_msg: 'has no healthy etcd endpoint available' } }, true);
}

interface Handled {
  readonly answer: Answer;
  /** Whether it got as far as the handler of an object. */
  readonly versioned: boolean;
}

const early = (status: number, body: Json): Handled => ({ answer: { status, body }, versioned: false });
const late = (answer: Answer): Handled => ({ answer, versioned: true });

async function handle(options: AdminOptions, asked: Asked, body: Json | undefined): Promise<Handled> {
  const { method, query } = asked;
  const [segment = '', ...rest] = asked.segments;
  const path = [segment, ...rest].join('/');
  if (path === 'plugins/list' && method === 'GET')
    return early(
      200,
      Object.keys(PLUGINS).filter((name) => !PLUGINS[name]?.added),
    );
  if (path === 'configs/validate' && method === 'POST') return { answer: validateConfigs(body), versioned: false };
  if (segment === 'schema' && rest[0] === 'validate' && method === 'POST')
    return { answer: validateSchema(rest[1] ?? '', body), versioned: false };
  if (segment === 'schema' || segment === 'plugins')
    return method === 'GET' ? late(readSchema(segment, rest)) : early(404, { error_msg: 'not found' });

  const target = locate(segment, rest);
  if (!target) return early(404, { error_msg: `Unsupported resource type: ${segment}` });
  const ttl = query.get('ttl');
  if (ttl !== null && (ttl.trim() === '' || Number.isNaN(Number(ttl))))
    return early(400, { error_msg: 'invalid argument ttl: should be a number' });
  const write: Write = {
    ...target,
    body,
    ttlSeconds: ttl === null ? undefined : Number(ttl),
    force: query.get('force') === 'true',
  };
  return late(await carryOut(options, method, write, query));
}

async function carryOut(options: AdminOptions, method: string, write: Write, query: URLSearchParams): Promise<Answer> {
  const { kind, id } = write;
  switch (method) {
    case 'GET':
      return id === undefined
        ? readList(kind, write.listKey, query, options.store)
        : readOne(kind, write.keyOf(id), options.store);
    case 'PUT':
      return put(write, options);
    case 'POST':
      return post(write, options);
    case 'PATCH':
      return patch(write, options);
    case 'DELETE':
      return remove(write, options);
    default:
      return unsupported(method, kind);
  }
}

function locate(segment: string, rest: readonly string[]): Target | undefined {
  const [id, sub, ...deeper] = rest;
  if (segment === 'consumers' && id !== undefined && sub === 'credentials') {
    const kind = kindOf('credentials');
    const listKey = `${ROOT}/consumers/${id}/credentials`;
    return kind && { kind, id: deeper[0], subPath: deeper.slice(1), keyOf: (name) => `${listKey}/${name}`, listKey };
  }
  const kind = segment === 'credentials' ? undefined : kindOf(segment);
  const listKey = `${ROOT}/${segment}`;
  return kind && { kind, id, subPath: rest.slice(1), keyOf: (name) => `${listKey}/${name}`, listKey };
}

function readSchema(segment: string, rest: readonly string[]): Answer {
  const [name = '', plugin = ''] = rest;
  if (segment === 'schema' && name !== 'plugins') {
    const schema = Object.hasOwn(schemas, name) ? schemas[name as keyof typeof schemas] : undefined;
    return schema
      ? { status: 200, body: schema as unknown as Json }
      : { status: 400, body: { error_msg: `not found schema: ${name}` } };
  }
  const schema = pluginSchema(segment === 'plugins' ? name : plugin);
  return schema
    ? { status: 200, body: schema as unknown as Json }
    : { status: 404, body: { error_msg: 'plugin not found in subsystem http' } };
}
