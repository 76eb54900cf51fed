import { Socket } from 'node:net';
import { createPostgresBackend, DEFAULT_SCHEMA, type PgPool, runMigrations } from 'bullmq';
import { Pool } from 'pg';
import { openBull } from './bull';
import type { Place, PlaceOptions } from './place';
import { settled } from './wait';

const SECOND_MS = 1_000;
/** Deletes nothing. A server that is read-only, a standby for instance, refuses it all the same. */
export const WRITES = `delete from ${DEFAULT_SCHEMA}.job where false`;

/**
 * BullMQ on Postgres, over a pool of its own: its statements name no schema, so that every session needs another
 * `search_path`, and jobs that hang must not take the ledger's connections.
 */
export function postgresPlace(url: string, { process, onError }: PlaceOptions): Place {
  const sockets = new Set<Socket>();
  const pool = new Pool({
    connectionString: url,
    // Two of them listen for new jobs, for ever.
    max: 6,
    connectionTimeoutMillis: 2 * SECOND_MS,
    query_timeout: 5 * SECOND_MS,
    application_name: 'pullcord-queue',
    keepAlive: true,
    onConnect: async (client) => {
      await client.query(`set search_path to ${DEFAULT_SCHEMA}`);
    },
    stream: () => {
      const socket = new Socket();
      sockets.add(socket);
      return socket.once('close', () => sockets.delete(socket));
    },
  });
  pool.on('error', onError);
  // BullMQ means this class; the two packages' types write the listeners differently.
  const connection = pool as unknown as PgPool;
  return {
    kind: 'postgres',
    async prepare() {
      const client = await pool.connect();
      // While it is lent out the pool doesn't listen: a server that dies then would end the process.
      client.on('error', onError);
      try {
        await runMigrations(client, DEFAULT_SCHEMA, {});
      } finally {
        client.off('error', onError);
        client.release();
      }
    },
    open: () =>
      openBull({ factory: createPostgresBackend, producer: connection, consumer: connection, process, onError }),
    ping: async () => void (await pool.query(WRITES)),
    async close() {
      await settled(pool.end(), 200);
      for (const socket of sockets) socket.destroy();
    },
  };
}
