import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

/**
 * The one configured key, the keys derived from it for each purpose, and how text is sealed with them.
 * Fails towards "closed": what was changed by one bit, or belongs to another name, does not open.
 */

const KEY_BYTES = 32;
const VERSION = 'v1';
/** NIST SP 800-38D, 8.2: 96 random bits for the nonce, a tag of 128 bits. */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const CIPHER = 'aes-256-gcm';

export interface Keys {
  /** Seals the operators' TOTP secrets. */
  readonly operators: Buffer;
  /** Makes the MACs of the printed backup codes. */
  readonly backupCodes: Buffer;
  /** Seals snapshots of routes: they hold provider keys. */
  readonly snapshots: Buffer;
  /** Chains the lines of the ledger. */
  readonly ledger: Buffer;
  /** The secret of the drill operator's one-time passwords. */
  readonly drill: Buffer;
  /** Signs the cookies of the console. */
  readonly console: Buffer;
}

/** Says how to make a good key; never the bad one. */
export class KeyMalformed extends Error {
  override readonly name = 'KeyMalformed';
  constructor() {
    super('must be 32 bytes, as 64 hexadecimal digits or base64; make one with: openssl rand -hex 32');
  }
}

/** Something sealed that this key, or this name, does not open. */
export class SealBroken extends Error {
  override readonly name = 'SealBroken';
  constructor() {
    super('does not open: it was sealed with another key or for another name, or it was changed');
  }
}

/**
 * @param text 64 hexadecimal digits, or the base64 of 32 bytes.
 * @throws KeyMalformed
 */
export function parseMasterKey(text: string): Buffer {
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, 'hex');
  if (/^[A-Za-z0-9+/]{43}=$/.test(text)) return Buffer.from(text, 'base64');
  throw new KeyMalformed();
}

/** A key for each purpose, by HKDF-SHA256 (RFC 5869): none of them gives another one away. */
export function deriveKeys(master: Buffer): Keys {
  const derive = (purpose: keyof Keys): Buffer =>
    Buffer.from(hkdfSync('sha256', master, '', `pullcord/${VERSION}/${purpose}`, KEY_BYTES));
  return {
    operators: derive('operators'),
    backupCodes: derive('backupCodes'),
    snapshots: derive('snapshots'),
    ledger: derive('ledger'),
    drill: derive('drill'),
    console: derive('console'),
  };
}

/**
 * Encrypts text with AES-256-GCM.
 * @param aad what the text belongs to, for instance an operator's name: it opens for that alone.
 * @returns `v1.` and base64url of nonce, ciphertext and tag.
 */
export function seal(key: Buffer, plaintext: string, aad: string): string {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key, nonce).setAAD(boundTo(aad));
  const sealed = Buffer.concat([nonce, cipher.update(plaintext, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return `${VERSION}.${sealed.toString('base64url')}`;
}

/** @throws SealBroken */
export function open(key: Buffer, sealed: string, aad: string): string {
  const [version, text = '', ...more] = sealed.split('.');
  const bytes = Buffer.from(text, 'base64url');
  // Node skips what isn't base64url: without this, several texts would open as the same one.
  const canonical = bytes.toString('base64url') === text;
  if (version !== VERSION || more.length > 0 || !canonical || bytes.length < NONCE_BYTES + TAG_BYTES)
    throw new SealBroken();
  const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES })
    .setAAD(boundTo(aad))
    .setAuthTag(bytes.subarray(-TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]).toString('utf8');
  } catch {
    throw new SealBroken();
  }
}

const boundTo = (aad: string): Buffer => Buffer.from(`${VERSION}.${aad}`, 'utf8');
