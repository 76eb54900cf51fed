import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { DataDirInUse, holderOf } from './data-dir';
import type { Database } from './database';

/** Where the embedded ledger should be, there is none. */
export class NoLedger extends Error {
  override readonly name = 'NoLedger';
}

export type ClosableDatabase = Database & { close(): Promise<void> };

/**
 * Opens a copy of `<dataDir>/ledger`, which goes when it is closed; what a crash left half done is mended in the copy
 * alone. Fails towards "not read": a process that lives in another container can't be seen, so that a ledger which
 * changes while it is copied is one that somebody has.
 * @param scratchDir where the copy is put.
 * @throws NoLedger, DataDirInUse, and what the embedded database throws
 */
export async function openEmbeddedCopy(dataDir: string, scratchDir: string): Promise<ClosableDatabase> {
  const ledger = join(dataDir, 'ledger');
  if (!existsSync(ledger)) throw new NoLedger(`There is no ledger in ${dataDir} yet.`);
  const holder = holderOf(dataDir);
  if (holder !== undefined) throw inUse(dataDir, `process ${holder}`);
  const folder = mkdtempSync(join(scratchDir, 'pullcord-ledger-'));
  const forget = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    const copy = join(folder, 'ledger');
    await copyAtRest(ledger, copy, () => inUse(dataDir, 'a process that cannot be seen from here'));
    const { PGlite } = require('@electric-sql/pglite') as typeof import('@electric-sql/pglite');
    const pglite = new PGlite(copy);
    await pglite.waitReady;
    return {
      query: (text, params) => pglite.query(text, params),
      close: async () => {
        await pglite.close();
        forget();
      },
    };
  } catch (error) {
    forget();
    throw error;
  }
}

const inUse = (dataDir: string, whom: string): DataDirInUse =>
  new DataDirInUse(`${dataDir} is in use by ${whom}. Ask the Pullcord that serves, or stop it.`);

async function copyAtRest(from: string, to: string, moved: () => Error): Promise<void> {
  const before = fingerprint(from);
  try {
    await cp(from, to, { recursive: true });
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'ENOENT' ? moved() : error;
  }
  if (fingerprint(from) !== before) throw moved();
}

/** Changes whenever a file in the folder does. */
function fingerprint(folder: string): string {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
  const looks = files.map((name) => {
    const stat = statSync(join(folder, name), { bigint: true, throwIfNoEntry: false });
    return `${name} ${stat?.size} ${stat?.mtimeNs}`;
  });
  return looks.join('\n');
}
