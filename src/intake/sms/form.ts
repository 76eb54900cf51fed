import type { IncomingMessage } from 'node:http';

/**
 * Reads the body of a webhook, bounded in size and in time, and takes it apart as it was sent: nothing trimmed,
 * nothing dropped, because the signature covers every pair. Fails towards "refused".
 */

/** More than any webhook has (Twilio's have about 20), few enough that hashing them costs little. */
export const MAX_PARAMETERS = 100;

export interface BodyBounds {
  readonly bytes: number;
  /** Until the last byte is there. Milliseconds. */
  readonly ms: number;
}

export type Body =
  | { readonly kind: 'read'; readonly raw: Buffer }
  | { readonly kind: 'too-large' | 'too-slow' | 'aborted' };

/** After any answer but `read` the rest of the request is unread: close the connection. */
export function readBody(req: IncomingMessage, { bytes, ms }: BodyBounds): Promise<Body> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const settle = (body: Body): void => {
      clearTimeout(timer);
      req.off('data', onData).off('end', onEnd).off('close', onClose).off('error', onClose);
      if (body.kind !== 'read') req.pause();
      resolve(body);
    };
    const onData = (chunk: Buffer): void => {
      size += chunk.length;
      if (size > bytes) settle({ kind: 'too-large' });
      else chunks.push(chunk);
    };
    const onEnd = (): void => settle({ kind: 'read', raw: Buffer.concat(chunks) });
    const onClose = (): void => settle({ kind: 'aborted' });
    const timer = setTimeout(() => settle({ kind: 'too-slow' }), ms);
    req.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onClose);
  });
}

/** Each key with its value, or with its values when it came more than once. Without a prototype: keys are foreign. */
export type Form = Readonly<Record<string, string | string[]>>;

/** application/x-www-form-urlencoded (WHATWG URL, 5.1). Undefined when there are too many pairs. */
export function parseForm(raw: Buffer): Form | undefined {
  const form: Record<string, string | string[]> = Object.create(null);
  let pairs = 0;
  for (const [key, value] of new URLSearchParams(raw.toString('utf8'))) {
    pairs += 1;
    if (pairs > MAX_PARAMETERS) return undefined;
    const known = form[key];
    form[key] = known === undefined ? value : [...(Array.isArray(known) ? known : [known]), value];
  }
  return form;
}

/** The same pairs as a program hands them on, in an object of JSON. Undefined when it holds anything else, or too many. */
export function formOfJson(json: unknown): Form | undefined {
  if (json === null || typeof json !== 'object' || Array.isArray(json)) return undefined;
  const form: Record<string, string | string[]> = Object.create(null);
  let pairs = 0;
  for (const [key, value] of Object.entries(json)) {
    const values: unknown[] = Array.isArray(value) ? value : [value];
    if (!values.every((one) => typeof one === 'string')) return undefined;
    pairs += values.length;
    if (pairs > MAX_PARAMETERS) return undefined;
    form[key] = value;
  }
  return form;
}
