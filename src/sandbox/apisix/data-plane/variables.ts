import type { IncomingMessage } from 'node:http';
import type { Variables } from '../expression';
import { targetOf } from '../listener';

/** What a request's phases learn on the way, and its variables show: `route_id`, `service_id`, `consumer_name`. */
export type Learned = Record<string, string | undefined>;

/** The variables of a request as `vars`, `$name` and the router see them. */
export function requestVariables(request: IncomingMessage, learned: Learned): Variables {
  const url = targetOf(request);
  const fixed: Learned = {
    uri: decoded(url.pathname).replace(/\/{2,}/g, '/'),
    request_uri: request.url,
    args: url.search === '' ? undefined : url.search.slice(1),
    is_args: url.search === '' ? '' : '?',
    host: hostOf(request),
    request_method: request.method,
    scheme: 'http',
    remote_addr: request.socket.remoteAddress?.replace(/^::ffff:/, ''),
    server_port: String(request.socket.localPort ?? ''),
  };
  return (name) => {
    if (Object.hasOwn(learned, name)) return learned[name];
    if (Object.hasOwn(fixed, name)) return fixed[name];
    if (name.startsWith('http_')) return headerOf(request, name.slice(5).replaceAll('_', '-').toLowerCase());
    if (name.startsWith('arg_')) return url.searchParams.get(name.slice(4)) ?? undefined;
    if (name.startsWith('cookie_')) return cookieOf(request, name.slice(7));
    return undefined;
  };
}

/** Puts variables into a text: `$route_id`, `${route_id}`; an unknown one is empty (`core.utils.resolve_var`). */
export function resolveVariables(text: string, variables: Variables): string {
  return text.replace(/(?<!\\)\$(?:\{(\w+)\}|(\w+))/g, (_, braced, bare) => variables(braced ?? bare) ?? '');
}

export function headerOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
}

const hostOf = (request: IncomingMessage): string => (request.headers.host ?? '').replace(/:\d+$/, '').toLowerCase();

function cookieOf(request: IncomingMessage, name: string): string | undefined {
  for (const part of (request.headers.cookie ?? '').split(';')) {
    const [key, ...value] = part.split('=');
    if (key?.trim() === name) return value.join('=').trim();
  }
  return undefined;
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
