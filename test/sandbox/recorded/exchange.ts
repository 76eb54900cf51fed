import { readFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { join } from 'node:path';

/** One exchange with a real APISIX 3.18.0, as it was recorded. */
export interface Recorded {
  readonly name: string;
  /** 9180 Admin, 9080 traffic, 9090 Control, 7085 status. */
  readonly port?: number;
  readonly method: string;
  readonly path: string;
  readonly request_headers?: Readonly<Record<string, string>>;
  readonly request_body: unknown;
  readonly status: number | null;
  readonly response_headers: Readonly<Record<string, string>> | null;
  readonly response_body: unknown;
  readonly note?: string;
}

export const FIXTURES = join(__dirname, '../../fixtures/apisix');

/** @param translate puts the addresses of this run into the recording's text. */
export function readRecorded(name: string, translate: (text: string) => string = (text) => text): Recorded {
  return JSON.parse(translate(readFileSync(join(FIXTURES, `${name}.json`), 'utf8'))) as Recorded;
}

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/** One request over a connection of its own, with no header beyond those that are given. */
export function send(
  base: string,
  method: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  body?: string,
): Promise<Reply> {
  const { hostname, port } = new URL(base);
  return new Promise((resolve, reject) => {
    const request = httpRequest({ hostname, port, method, path, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const received = Object.entries(response.headers).map(([name, value]) => [name, String(value)]);
        resolve({
          status: response.statusCode ?? 0,
          headers: Object.fromEntries(received),
          text: Buffer.concat(chunks).toString('utf8'),
        });
      });
    });
    request.on('error', reject);
    request.end(body);
  });
}

/** The body as the recordings hold it: JSON where it is JSON, text otherwise. */
export function bodyOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Headers that say something of the connection or the moment, not of the gateway. */
const PASSING = new Set(['date', 'connection', 'keep-alive']);

export const headersThatMatter = (headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !PASSING.has(name)));

/** The day of the recording, seconds since 1970: times before it were set by hand and have to be kept exactly. */
const RECORDED_FROM = 1_795_000_000;
const INDEXES = new Set(['createdIndex', 'modifiedIndex', 'orig_modifiedIndex', 'resource_version']);
const TIMES = new Set(['create_time', 'update_time']);

/** The body with what differs from run to run replaced by its type: indexes, times of the run, generated ids. */
export function lasting(value: unknown, key = ''): unknown {
  if (typeof value === 'number' && (INDEXES.has(key) || (TIMES.has(key) && value >= RECORDED_FROM))) return '<number>';
  if (typeof value === 'string') return value.replace(/\b\d{20}\b/, '<generated>');
  if (Array.isArray(value)) return value.map((item) => lasting(item));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, lasting(item, name)]));
}
