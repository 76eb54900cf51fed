import { STATUS_CODES } from 'node:http';
import type { RefusalReason } from '../../orders/reasons';
import type { Malformed } from './bounded-server';
import { problem } from './problem';

/** Requests that HTTP itself refuses, on each of the two listeners. Neither answer repeats anything of the request. */

/** To the internet: the status, and nothing that tells what runs here. */
export const bareAnswer = (status: Malformed): string => head(status, ['Content-Length: 0']);

const refusals: Readonly<Record<Malformed, RefusalReason>> = {
  400: 'bad-request',
  408: 'too-slow',
  413: 'too-large',
  431: 'headers-too-large',
};

/** To the management network: a problem document, as every other refusal there. */
export function problemAnswer(status: Malformed): string {
  const detail = status === 400 ? { detail: 'It is no HTTP/1.1.' } : {};
  const body = JSON.stringify(problem({ refused: refusals[status], ...detail }));
  const lines = [
    ...['Content-Type: application/problem+json', `Content-Length: ${Buffer.byteLength(body)}`],
    ...['Cache-Control: no-store', 'X-Content-Type-Options: nosniff'],
  ];
  return head(status, lines) + body;
}

const head = (status: Malformed, lines: readonly string[]): string =>
  [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, 'Connection: close', ...lines, '', ''].join('\r\n');
