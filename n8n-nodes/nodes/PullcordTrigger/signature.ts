import { createHmac, timingSafeEqual } from 'node:crypto';

/** How far the time of a delivery may be off. Seconds. */
const TOLERANCE_SECONDS = 5 * 60;

export interface Delivery {
  /** Given once, when the subscription was made; empty or undefined when it isn't known. */
  readonly secret: unknown;
  /** The header X-Pullcord-Signature: `t=<unix seconds>,v1=<HMAC-SHA256 of "t.body", hexadecimal>`. */
  readonly header: unknown;
  /** The body as it came, byte for byte. */
  readonly body: unknown;
  /** Epoch, in milliseconds. */
  readonly now: number;
}

export type Verdict = 'good' | 'secret-missing' | 'signature-missing' | 'signature-old' | 'signature-wrong';

const SIGNATURE = /^t=(\d{1,12}),v1=([0-9a-f]{64})$/;

/**
 * Whether Pullcord sent this. Fails towards "no": what is missing, malformed, older or newer than five minutes, or
 * changed by one bit is refused. Compares in constant time.
 */
export function checkSignature({ secret, header, body, now }: Delivery): Verdict {
  if (typeof secret !== 'string' || secret === '') return 'secret-missing';
  if (typeof header !== 'string' || !(typeof body === 'string' || Buffer.isBuffer(body))) return 'signature-missing';
  const [, time, sent] = SIGNATURE.exec(header) ?? [];
  if (time === undefined || sent === undefined) return 'signature-wrong';
  const due = createHmac('sha256', secret).update(`${time}.`).update(body).digest();
  if (!timingSafeEqual(due, Buffer.from(sent, 'hex'))) return 'signature-wrong';
  return Math.abs(now / 1000 - Number(time)) > TOLERANCE_SECONDS ? 'signature-old' : 'good';
}
