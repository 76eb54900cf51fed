import { createHmac } from 'node:crypto';

/** Proves to the receiver that the body is Pullcord's. Compare it in constant time, over the bytes as they came. */
export const SIGNATURE_HEADER = 'x-pullcord-signature';

/** @returns `sha256=` and the HMAC-SHA256 of the body under the shared secret, hexadecimal. */
export const signatureOf = (body: string, secret: string): string =>
  `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
