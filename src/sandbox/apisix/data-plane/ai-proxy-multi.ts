import { type ClientRequest, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isObject, type JsonObject, listAt, numberAt, objectAt, textAt, textsAt } from '../json';
import type { Entry } from '../store';
import { nodesOf, type UpstreamNode } from './balancer';
import type { Checker } from './health/checker';
import type { Resource } from './health/resource';
import type { Decision } from './phases';
import { bodyOf, exchange, follow, type ProxyParts, refuse, relay } from './relay';
import type { TriesParts } from './tries';
import { UpstreamTimeout } from './upstream';

/**
 * The plugin `ai-proxy-multi`, as far as failover goes: which instance is asked, and after which failures another one is.
 * It asks as it was asked, with the instance's key and options; protocols are not translated.
 */
export async function respondByModel(
  request: IncomingMessage,
  response: ServerResponse,
  models: Resource,
  decision: Decision,
  parts: ProxyParts,
): Promise<void> {
  const asked = readQuestion(request, (await bodyOf(request)).toString('utf8'));
  if ('fault' in asked) return refuse(response, { status: 400, body: asked.fault }, decision);
  const { left, opened } = follow(response, decision, parts);
  const next = triesOf(models, parts);
  const sendsOn = strategyOf(models.conf);
  const statuses: string[] = [];
  let retries = numberAt(models.conf, 'max_retries') ?? Number.POSITIVE_INFINITY;
  let instance = next();
  while (instance) {
    const began = parts.nowMs();
    decision.way.node = textAt(instance, 'name') ?? '';
    const connection = open(request, instance, asked.question, numberAt(models.conf, 'timeout') ?? 30_000, left);
    opened(connection);
    let answer: IncomingMessage | undefined;
    const failure = await exchange(Buffer.alloc(0), connection, (come) => {
      answer = come;
    });
    if (left.aborted) return;
    const status = answer?.statusCode ?? (failure === 'timeout_failure' ? 504 : 500);
    statuses.push(String(status));
    const isFast = parts.nowMs() - began <= (numberAt(models.conf, 'retry_on_failure_within_ms') ?? Infinity);
    const goesOn = sendsOn(status) && isFast && retries > 0;
    retries -= 1;
    const another = goesOn ? next() : undefined;
    if (!another) return give(goesOn ? 502 : status, answer, connection);
    answer?.destroy();
    instance = another;
  }
  refuse(response, { status: 503 }, decision);

  /** Where all have been tried, the last one's answer is given under a status of the gateway's own. */
  function give(status: number, answer: IncomingMessage | undefined, connection: ClientRequest): void {
    if (!answer) {
      refuse(response, { status }, decision, { 'x-apisix-upstream-status': statuses.join(', ') });
      return;
    }
    answer.statusCode = status;
    decision.way.answered = true;
    relay(answer, response, connection, decision, parts.view, statuses);
  }
}

/** The checked upstream that an instance of a route stands for (`construct_upstream`). */
export function instanceOf({ key, value, modifiedIndex }: Entry, index: number): Resource | undefined {
  const conf = objectAt(value, 'plugins', 'ai-proxy-multi');
  return conf && instanceAt({ key, version: modifiedIndex, conf }, index);
}

function instanceAt({ key, version, conf: plugin }: Resource, index: number): Resource | undefined {
  const instance = listAt(plugin, 'instances')?.[index];
  if (!isObject(instance)) return undefined;
  const checks = objectAt(instance, 'checks');
  const { hostname: host, port, protocol } = endpointOf(instance);
  const nodes = [{ host, port: Number(port || (protocol === 'https:' ? 443 : 80)), weight: 1 }];
  const conf = { nodes, ...(checks ? { checks: withKey(checks, instance) } : {}) };
  return { key: `${key}#${index}`, version, conf };
}

/** Its probes bear the instance's own headers. */
function withKey(checks: JsonObject, instance: JsonObject): JsonObject {
  const own = Object.entries(objectAt(instance, 'auth', 'header') ?? {}).map(([name, value]) => `${name}: ${value}`);
  const active = objectAt(checks, 'active') ?? {};
  return { ...checks, active: { ...active, req_headers: [...(textsAt(active, 'req_headers') ?? []), ...own] } };
}

/** @returns the instance for the next try; undefined when none is left. */
function triesOf({ key, version, conf }: Resource, { balancer, health }: TriesParts): () => JsonObject | undefined {
  const instances = (listAt(conf, 'instances') ?? []).filter(isObject);
  const named = new Map(instances.map((instance) => [textAt(instance, 'name') ?? '', instance]));
  const isUsable = (node: UpstreamNode): boolean => {
    const index = instances.findIndex(({ name }) => name === node.host);
    const watched = instanceAt({ key, version, conf }, index);
    const [address] = watched ? nodesOf(watched.conf) : [];
    return !watched || !address || (health.of(watched)?.isUsable(address) ?? true);
  };
  // Names stand in for addresses: the balancer deals out either.
  const nodes = [...named].map(([host, { weight = 1, priority = 0 }]) => ({ host, port: 1, weight, priority }));
  const checker: Checker = { targets: () => [], isUsable, failed: () => undefined, ended: () => undefined };
  const tries = balancer.tries({ key: `${key}#`, version, conf: { nodes } }, checker);
  return () => named.get(tries()?.host ?? '');
}

/** After which answers another instance is asked. A single one has no other. */
function strategyOf(conf: JsonObject): (status: number) => boolean {
  if ((listAt(conf, 'instances') ?? []).length < 2) return () => false;
  const strategies = [conf.fallback_strategy ?? []].flat();
  return (status) =>
    (status === 429 && strategies.includes('http_429')) ||
    (status >= 500 && status < 600 && strategies.includes('http_5xx'));
}

function readQuestion(
  { headers }: IncomingMessage,
  text: string,
): { readonly question: JsonObject } | { readonly fault: JsonObject | string } {
  const type = headers['content-type'] ?? 'application/json';
  if (!type.startsWith('application/json'))
    return { fault: `unsupported content-type: ${type}, only application/json is supported` };
  if (text === '') return { fault: { message: 'could not get body: request body is empty' } };
  try {
    const question: unknown = JSON.parse(text);
    if (isObject(question)) return { question };
  } catch {
    // Said below.
  }
  return { fault: { message: 'could not parse JSON request body' } };
}

/** Providers' own addresses are on the internet, where a sandbox has no business: an endpoint has to be given. */
function endpointOf(instance: JsonObject): URL {
  return new URL(textAt(instance, 'override', 'endpoint') ?? 'http://127.0.0.1:1/');
}

function open(
  { headers }: IncomingMessage,
  instance: JsonObject,
  question: JsonObject,
  timeoutMs: number,
  signal: AbortSignal,
): ClientRequest {
  const url = endpointOf(instance);
  const body = JSON.stringify({ ...question, ...objectAt(instance, 'options') });
  const { host: _host, connection: _connection, 'transfer-encoding': _encoding, ...passed } = headers;
  const own = Object.fromEntries(
    Object.entries(objectAt(instance, 'auth', 'header') ?? {}).map(([name, value]) => [
      name.toLowerCase(),
      String(value),
    ]),
  );
  const connection = (url.protocol === 'https:' ? httpsRequest : httpRequest)({
    ...{
      host: url.hostname,
      port: url.port,
      path: url.pathname === '/' ? COMPLETIONS : `${url.pathname}${url.search}`,
    },
    ...{ method: 'POST', agent: false, signal, rejectUnauthorized: false },
    headers: { ...passed, ...own, 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
  });
  connection.setTimeout(timeoutMs, () => connection.destroy(new UpstreamTimeout()));
  connection.write(body);
  return connection;
}

const COMPLETIONS = '/v1/chat/completions';
