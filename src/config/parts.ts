import { z } from 'zod';

/** What several parts of the configuration are made of. */

/** Of an operator, a gateway, a scope, a token. Also a label in the ledger, beside `token:<name>`: so no colon. */
export const name = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,31}$/, 'use a-z, 0-9 and -, beginning with a letter, at most 32');
export const e164 = z.string().regex(/^\+[1-9]\d{1,14}$/, 'write the number as E.164: + and 2 to 15 digits, no spaces');
export const httpUrl = z.url({ protocol: /^https?$/, error: 'write an http:// or https:// address' });
export const secret = z.string().min(1, 'empty: set the variable, or its _FILE twin');
export const listen = z
  .string()
  .regex(/^(\[[0-9a-f:]+\]|[^:[\]]+):\d{1,5}$/i, 'write address:port, for instance 127.0.0.1:8081');
