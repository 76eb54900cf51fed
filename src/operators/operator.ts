import type { Right } from '../config/schema';

/** A person who may order. */
export interface Operator {
  readonly name: string;
  /** E.164. */
  readonly phones: readonly string[];
  readonly rights: readonly Right[];
  /** Base32, RFC 4648. Decrypted in memory alone; never in a log, an error or the ledger. */
  readonly totpSecret: string;
  readonly backupCodes: readonly BackupCode[];
}

export interface BackupCode {
  /** Names the code in the ledger without giving it away. */
  readonly id: string;
  /** HMAC-SHA256 of the twelve digits under a key derived from the configured one. Hexadecimal. */
  readonly mac: string;
}

/** The operators, from a file: authority never depends on a database. Re-read when the file has changed. */
export interface Operators {
  all(): readonly Operator[];
  byName(name: string): Operator | undefined;
  byPhone(phone: string): Operator | undefined;
  /** Whose backup code these twelve digits are, in constant time; used ones are still found. */
  byBackupCode(digits: string): { readonly operator: Operator; readonly id: string } | undefined;
}
