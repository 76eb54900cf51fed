import type { IncomingMessage, ServerResponse } from 'node:http';
import { errorPage } from '../error-page';
import type { Json } from '../json';

/** What a handler of the Admin or the Control API says. A text body is sent as it is, everything else as JSON. */
export interface Answer {
  readonly status: number;
  readonly body?: Json;
}

export const SERVER = 'APISIX/3.18.0';

const CORS = {
  'access-control-allow-origin': '*',
  'access-control-allow-credentials': 'true',
  'access-control-expose-headers': '*',
  'access-control-max-age': '3600',
};

/** @param versioned the request got as far as the handler of an object: then `x-api-version` is shown. */
export function sendAdmin(
  request: IncomingMessage,
  response: ServerResponse,
  { status, body }: Answer,
  versioned: boolean,
): void {
  // nginx judges If-Match itself, after the handler has written: no answer has an ETag, so it never matches.
  const ifMatch = request.headers['if-match'];
  if (status === 200 && ifMatch !== undefined && ifMatch !== '*') {
    sendPage(response, 412, 'openresty');
    return;
  }
  response.writeHead(status, {
    'content-type': 'application/json',
    server: SERVER,
    ...CORS,
    ...(versioned ? { 'x-api-version': 'v3' } : {}),
  });
  response.end(text(body));
}

/** OPTIONS of anything is answered before the key is looked at. */
export function sendPreflight(response: ServerResponse): void {
  response.writeHead(200, {
    'content-type': 'text/plain; charset=utf-8',
    server: SERVER,
    'access-control-allow-origin': '*',
    'access-control-allow-methods': 'POST, GET, PUT, OPTIONS, DELETE, PATCH',
    'access-control-max-age': '3600',
    'access-control-allow-headers': '*',
    'access-control-allow-credentials': 'true',
    'content-length': '0',
  });
  response.end();
}

/** No handler at all: nginx's own page under the headers that were already set. */
export function sendAdminPage(response: ServerResponse, status: number): void {
  sendPage(response, status, SERVER, CORS);
}

/** nginx's own error page. */
export function sendPage(
  response: ServerResponse,
  status: number,
  server: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  const page = errorPage(status);
  response.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'content-length': Buffer.byteLength(page),
    server,
    ...headers,
  });
  response.end(page);
}

export function text(body: Json | undefined): string {
  if (body === undefined) return '';
  return typeof body === 'string' ? body : `${JSON.stringify(body)}\n`;
}
