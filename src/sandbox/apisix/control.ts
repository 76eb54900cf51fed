import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { SIGNATURE_HEADER } from '../../signature';
import { type Answer, sendPage, text } from './admin/answer';
import { nodesOf } from './data-plane/balancer';
import type { SandboxGuard } from './data-plane/guard';
import type { HealthChecks } from './data-plane/health/health';
import { resourceOf } from './data-plane/health/resource';
import type { View } from './data-plane/view';
import { isList, type Json, type JsonObject, objectAt, textAt } from './json';
import { targetOf } from './listener';
import type { Entry } from './store';

export interface ControlParts {
  readonly view: View;
  readonly guard: SandboxGuard;
  readonly health: HealthChecks;
}

/** The Control API of one gateway node: what its workers hold, defaults and all. It knows nothing of global rules. */
export function controlApi({ view, guard, health }: ControlParts): RequestListener {
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
    const answer = version === 'v1' && request.method === 'GET' ? read({ view, health }, segments) : undefined;
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

type Seen = Omit<ControlParts, 'guard'>;

function read(seen: Seen, [topic = '', id, ...rest]: readonly string[]): Answer | undefined {
  const { view } = seen;
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
  return topic === 'healthcheck' ? readHealth(seen, id, rest[0]) : undefined;
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

const CHECKED = ['routes', 'services', 'upstreams'];

/** Objects whose upstream stands elsewhere have no checker of their own. */
function readHealth({ view, health }: Seen, segment: string | undefined, id: string | undefined): Answer {
  if (segment === undefined)
    return listed(CHECKED.flatMap((one) => view.list(one).flatMap((entry) => healthOf(entry, health) ?? [])));
  if (id === undefined) return missing(`missing src id for src type ${segment}`);
  if (segment === 'stream_routes') return missing(`${segment}[${id}] not found`);
  if (!CHECKED.includes(segment)) return { status: 400, body: { error_msg: `invalid src type ${segment}` } };
  const entry = view.get(segment, id);
  if (!entry) return missing(`${segment}[${id}] not found`);
  const found = healthOf(entry, health);
  return found ? ok(found) : missing(`no checker for ${segment}[${id}]`);
}

function healthOf(entry: Entry, health: HealthChecks): JsonObject | undefined {
  const checks = objectAt(resourceOf(entry)?.conf, 'checks');
  if (!checks) return undefined;
  const nodes = health.targets(entry.key).map(
    ({ ip, port, hostname, hostheader, health: { status, counter }, purgeMs }): JsonObject => ({
      ...{ ip, port, hostname, status, counter: { ...counter } },
      ...(hostheader === undefined ? {} : { hostheader }),
      ...(purgeMs === undefined ? {} : { purge_time: purgeMs / 1000 }),
    }),
  );
  const type = textAt(checks, 'active', 'type') ?? 'http';
  return { name: entry.key, type, nodes: nodes.length > 0 ? nodes : {} };
}
