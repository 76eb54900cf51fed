import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import type { PGlite } from '@electric-sql/pglite';
import type { Clock } from '../../src/clock';
import { schema } from '../../src/ledger/database';
import { type Sealer, SqlStore } from '../../src/ledger/sql-store';
import { freshPglite } from './pglite';

export const LEDGER_KEY = createHash('sha256').update('a key for tests').digest();

/** Encrypts for tests as the program does: what is kept must not be readable. */
export const testSealer: Sealer = {
  seal(text, about) {
    const iv = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', LEDGER_KEY, iv).setAAD(Buffer.from(about));
    return Buffer.concat([iv, cipher.update(text), cipher.final(), cipher.getAuthTag()]).toString('base64');
  },
  open(sealed, about) {
    const bytes = Buffer.from(sealed, 'base64');
    const decipher = createDecipheriv('aes-256-gcm', LEDGER_KEY, bytes.subarray(0, 12)).setAAD(Buffer.from(about));
    decipher.setAuthTag(bytes.subarray(-16));
    return Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]).toString();
  },
};

/** Takes a store's database back to its beginning. */
export async function emptied(pglite: PGlite): Promise<void> {
  for (const table of ['ledger', 'latch', 'operator_use', 'backup_code_used', 'request', 'orders', 'permit'])
    await pglite.exec(`delete from pullcord.${table}`);
  await pglite.exec(`update pullcord.head set seq = 0, at = 0, hash = repeat('0', 64), orders = 0`);
}

/** A store on an embedded Postgres of its own. */
export async function freshStore(now: Clock = Date.now) {
  const pglite = await freshPglite();
  await pglite.exec(schema());
  const another = (timeoutMs = 2_000, clock = now) =>
    new SqlStore({ database: pglite, ledgerKey: LEDGER_KEY, sealer: testSealer, now: clock, timeoutMs });
  return { pglite, store: another(), another, close: () => pglite.close() };
}
