import type { PGlite } from '@electric-sql/pglite';
import { createPostgresBackend, DEFAULT_SCHEMA, runMigrations } from 'bullmq';
import { openBull } from './bull';
import { pglitePool } from './pglite-pool';
import type { Place, PlaceOptions } from './place';

/** BullMQ inside of this process, on the database that holds the ledger. */
export function pglitePlace(db: PGlite, { process, onError }: PlaceOptions): Place {
  const pool = pglitePool(db);
  return {
    kind: 'pglite',
    async prepare() {
      const client = await pool.connect();
      try {
        await runMigrations(client, DEFAULT_SCHEMA, {});
      } finally {
        client.release();
      }
    },
    open: () => openBull({ factory: createPostgresBackend, producer: pool, consumer: pool, process, onError }),
    ping: async () => void (await pool.query('select 1')),
    async close() {},
  };
}
