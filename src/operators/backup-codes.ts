import { createHmac, randomBytes, randomInt, timingSafeEqual } from 'node:crypto';
import type { BackupCode, Operator } from './operator';

/**
 * Printed codes that let any phone stop, once each, and nothing else. Only their MACs are kept.
 * Fails towards "not found".
 */

export const BACKUP_CODES = 10;
const DIGITS = 12;

export interface NewBackupCodes {
  /** Shown once, to be printed: `1234 5678 9012`. */
  readonly printed: readonly string[];
  readonly kept: readonly BackupCode[];
}

/** Ten new codes. Their ids are new as well, so that what the ledger says of older ones never touches them. */
export function makeBackupCodes(key: Buffer): NewBackupCodes {
  const codes = new Set<string>();
  while (codes.size < BACKUP_CODES) codes.add(String(randomInt(10 ** DIGITS)).padStart(DIGITS, '0'));
  return {
    printed: [...codes].map((digits) => digits.replace(/(\d{4})(?=\d)/g, '$1 ')),
    kept: [...codes].map((digits) => ({ id: randomBytes(6).toString('hex'), mac: backupCodeMac(key, digits) })),
  };
}

/** @param digits the twelve digits, without spaces. */
export function backupCodeMac(key: Buffer, digits: string): string {
  return createHmac('sha256', key).update(digits).digest('hex');
}

/** Whose code this is. Compares with every code there is, each in constant time: how long it takes says nothing. */
export function findBackupCode(
  operators: readonly Operator[],
  key: Buffer,
  digits: string,
): { readonly operator: Operator; readonly id: string } | undefined {
  const mac = Buffer.from(backupCodeMac(key, digits), 'hex');
  let found: { readonly operator: Operator; readonly id: string } | undefined;
  for (const operator of operators)
    for (const code of operator.backupCodes) {
      const kept = Buffer.from(code.mac, 'hex');
      if (kept.length === mac.length && timingSafeEqual(kept, mac)) found = { operator, id: code.id };
    }
  return found;
}
