import { createHash } from 'node:crypto';

/** A hash of 64 hexadecimal digits, or a virtual key of LiteLLM: those begin with `sk-`. */
export const VIRTUAL_KEY = /^([0-9a-fA-F]{64}|sk-\S+)$/;

/**
 * LiteLLM's own name for a key, and its label in Prometheus: the SHA-256 of `sk-…`. A hash stays what it is.
 * Undefined for what can be neither.
 */
export function hashOfKey(key: string): string | undefined {
  if (!VIRTUAL_KEY.test(key)) return undefined;
  return key.startsWith('sk-') ? sha256(key) : key.toLowerCase();
}

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
