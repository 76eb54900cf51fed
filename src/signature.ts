import { createHmac } from 'node:crypto';

export const SIGNATURE_HEADER = 'X-Pullcord-Signature';

/**
 * Signs a body together with the time, so that an old one can't be sent again: `t=<unix seconds>,v1=<HMAC-SHA256 of
 * "t.body", hexadecimal>`. The receiver compares in constant time, and refuses a `t` that is more than five minutes off.
 */
export function signature(secret: string, body: string, unixSeconds: number): string {
  const mac = createHmac('sha256', secret).update(`${unixSeconds}.${body}`).digest('hex');
  return `t=${unixSeconds},v1=${mac}`;
}
