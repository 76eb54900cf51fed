import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { lockDataDir } from './data-dir';
import { type OpenDatabase, schema } from './database';

/**
 * The embedded database in `<dataDir>/ledger`, made if it isn't there.
 * @throws DataDirInUse
 */
export async function openPglite(dataDir: string): Promise<OpenDatabase> {
  const unlock = lockDataDir(dataDir);
  try {
    const pglite = new PGlite(join(dataDir, 'ledger'));
    await pglite.waitReady;
    await pglite.exec(schema());
    return {
      kind: 'pglite',
      pglite,
      query: (text, params) => pglite.query(text, params),
      send: (text, params, way) => {
        // It waits in line inside of PGlite, where nobody can take it back.
        way.sent = true;
        return pglite.query(text, params);
      },
      close: async () => {
        await pglite.close();
        unlock();
      },
    };
  } catch (error) {
    unlock();
    throw error;
  }
}
