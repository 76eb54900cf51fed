import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { SIGNATURE_HEADER } from '../../signature';
import { type Answer, sendPage, text } from './admin/answer';
import { nodesOf } from './data-plane/balancer';
import type { SandboxGuard } from './data-plane/guard';
import type { View } from './data-plane/view';
import { isList, type Json, type JsonObject, objectAt } from './json';
import { targetOf } from './listener';
import type { Entry } from './store';

/** The Control API of one gateway node: what its workers hold, defaults and all. It knows nothing of global rules. */
export function controlApi(view: View, guard: SandboxGuard): RequestListener {
  return (request, response) => {
    void bodyOf(request).then((body) => {
      const { pathname } = targetOf(request);
      const answer = guard.answer(request.method ?? '', pathname, textHeader(request, SIGNATURE_HEADER), body);
      if (answer) send(response, answer);
      else readOnly(request, response);
    });
  };

  function readOnly(request: IncomingMessage, response: ServerResponse): void {
    const [version, ...segments] = targetOf(request).pathname.split('/').filter(Boolean);
    const answer = version === 'v1' && request.method === 'GET' ? read(view, segments) : undefined;
    if (answer) send(response, answer);
    else sendPage(response, 404, 'openresty');
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

const textHeader = (request: IncomingMessage, name: string): string =>
  String(request.headers[name.toLowerCase()] ?? '');

/** `/status` and `/status/ready`, which real gateways have on a port of their own: well, whatever happens to etcd. */
export function statusApi(): RequestListener {
  return (request, response) => {
    const { pathname } = targetOf(request);
    if (pathname === '/status' || pathname === '/status/ready')
      send(response, { status: 200, body: { status: 'ok' } }, 'text/plain; charset=utf-8');
    else sendPage(response, 404, 'openresty');
  };
}

function send(response: ServerResponse, { status, body }: Answer, type = 'application/json'): void {
  response.writeHead(status, { 'content-type': type, server: 'openresty' });
  response.end(text(body));
}

const ok = (body: Json): Answer => ({ status: 200, body });
const missing = (error_msg: string): Answer => ({ status: 404, body: { error_msg } });
/** An empty Lua table is written as an object. */
const listed = (items: readonly Json[]): Answer => ok(items.length > 0 ? items : {});

const DUMPS: Readonly<Record<string, (entry: Entry) => JsonObject>> = {
  route: dumpRoute,
  service: dumpService,
  upstream: dumpUpstream,
};

function read(view: View, [topic = '', id, ...rest]: readonly string[]): Answer | undefined {
  const one = DUMPS[topic];
  if (one && id !== undefined) {
    const entry = view.get(`${topic}s`, id);
    return entry ? ok(one(entry)) : missing(`${topic}[${id}] not found`);
  }
  const all = DUMPS[topic.replace(/s$/, '')];
  if (all && topic.endsWith('s') && id === undefined) return listed(view.list(topic).map(all));
  if (topic === 'plugin_metadatas') return listed(view.list('plugin_metadata').map(({ value }) => value));
  if (topic === 'plugin_metadata' && id !== undefined) {
    const metadata = view.get('plugin_metadata', id);
    return metadata ? ok(metadata.value) : missing(`plugin metadata[${id}] not found`);
  }
  return topic === 'healthcheck' ? readChecks(view, id, rest[0]) : undefined;
}

function dumpRoute({ key, value, createdIndex, modifiedIndex }: Entry): JsonObject {
  const shown = { priority: 0, status: 1, ...value };
  return { key, value: shown, createdIndex, modifiedIndex, orig_modifiedIndex: modifiedIndex, has_domain: false };
}

function dumpService({ key, value, createdIndex, modifiedIndex }: Entry): JsonObject {
  return { key, value, createdIndex, modifiedIndex, has_domain: false };
}

function dumpUpstream({ key, value, createdIndex, modifiedIndex }: Entry): JsonObject {
  const nodes = isList(value.nodes)
    ? value.nodes
    : nodesOf(value).map(({ host, port, weight }) => ({ host, port, weight }));
  const defaults = { scheme: 'http', hash_on: 'vars', pass_host: 'pass', type: 'roundrobin' };
  const resource = { resource_id: value.id ?? '', resource_key: key, resource_version: modifiedIndex };
  return { key, value: { ...defaults, ...value, nodes, ...resource }, createdIndex, modifiedIndex, has_domain: false };
}

/** No checks are run here: a checked node is healthy for ever. */
function readChecks(view: View, segment: string | undefined, id: string | undefined): Answer {
  if (segment === undefined)
    return listed(
      ['routes', 'services', 'upstreams'].flatMap((one) => view.list(one).flatMap((entry) => checkOf(entry) ?? [])),
    );
  if (id === undefined) return missing(`missing src id for src type ${segment}`);
  const entry = view.get(segment, id);
  if (!entry) return missing(`${segment}[${id}] not found`);
  const check = checkOf(entry);
  return check ? ok(check) : missing(`no checker for ${segment}[${id}]`);
}

function checkOf({ key, value }: Entry): JsonObject | undefined {
  const upstream = objectAt(value, 'upstream') ?? value;
  const checks = objectAt(upstream, 'checks');
  if (!checks) return undefined;
  const counter = { success: 0, http_failure: 0, tcp_failure: 0, timeout_failure: 0 };
  const nodes = nodesOf(upstream).map(({ host, port }) => ({
    ip: host,
    hostname: host,
    port,
    status: 'healthy',
    counter,
  }));
  return { name: key, type: String(objectAt(checks, 'active')?.type ?? 'http'), nodes };
}
