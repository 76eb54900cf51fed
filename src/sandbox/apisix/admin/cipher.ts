import { createCipheriv, createDecipheriv } from 'node:crypto';

/**
 * How APISIX keeps secrets in etcd: AES-128-CBC with one word as key and as vector, in base64. The word is the default
 * of its configuration file (`data_encryption.keyring`), published with its source; it protects nothing here.
 */
const KEYRING = 'qeddd145sfvddff3';

export function encrypt(text: string): string {
  const cipher = createCipheriv('aes-128-cbc', KEYRING, KEYRING);
  return cipher.update(text, 'utf8', 'base64') + cipher.final('base64');
}

/** Answers the text as it is when it was never encrypted, as APISIX does. */
export function decrypt(text: string): string {
  try {
    const decipher = createDecipheriv('aes-128-cbc', KEYRING, KEYRING);
    return decipher.update(text, 'base64', 'utf8') + decipher.final('utf8');
  } catch {
    return text;
  }
}
