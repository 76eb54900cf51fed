import type { PGlite } from '@electric-sql/pglite';
import { createPostgresBackend, DEFAULT_SCHEMA, runMigrations } from 'bullmq';
import { openBull } from './bull';
import { pglitePool } from './pglite-pool';
import type { Place, PlaceOptions } from './place';
import { WRITES } from './postgres';

/** PGlite has no autovacuum: without this the room of finished jobs would never be used again. Takes some 20 ms. */
const TIDY = `vacuum ${DEFAULT_SCHEMA}.job, ${DEFAULT_SCHEMA}.event`;
const TIDY_EVERY_MS = 3_600_000;

/** BullMQ inside of this process, on the database that holds the ledger. */
export function pglitePlace(db: PGlite, { process, onError }: PlaceOptions): Place {
  const pool = pglitePool(db);
  let timer: NodeJS.Timeout | undefined;
  return {
    kind: 'pglite',
    async prepare() {
      const client = await pool.connect();
      try {
        await runMigrations(client, DEFAULT_SCHEMA, {});
      } finally {
        client.release();
      }
      await db.exec(TIDY);
      timer ??= setInterval(() => void db.exec(TIDY).catch(onError), TIDY_EVERY_MS).unref();
    },
    open: () => openBull({ factory: createPostgresBackend, producer: pool, consumer: pool, process, onError }),
    ping: async () => void (await pool.query(WRITES)),
    async close() {
      clearInterval(timer);
    },
  };
}
