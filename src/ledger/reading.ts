import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import type { Clock } from '../clock';
import type { Config } from '../config/schema';
import { type Keys, open, seal } from '../config/secrets';
import { settled } from '../queue/wait';
import { Anchor } from './anchor';
import type { Database } from './database';
import { type ClosableDatabase, openEmbeddedCopy } from './embedded-copy';
import { SqlStore } from './sql-store';

/**
 * The ledger for reading alone, beside a Pullcord or without one. Fails towards "not read": nothing that is there is
 * changed, no schema is made, and of the embedded database a copy is opened, because two processes at once would
 * destroy it, and because evidence is not to be touched.
 */
export interface Reading {
  readonly store: SqlStore;
  readonly anchor: Anchor;
  readonly database: Database;
  close(): Promise<void>;
}

export interface ReadingOptions {
  readonly config: Pick<Config, 'dataDir' | 'databaseUrl'>;
  readonly keys: Pick<Keys, 'ledger' | 'snapshots'>;
  readonly now: Clock;
  /** Bound of a connection and of each statement. Milliseconds. */
  readonly timeoutMs: number;
  /** Where a copy is put as long as it is open. Left out: the system's folder for such. */
  readonly scratchDir?: string;
}

/**
 * @throws DataDirInUse when a Pullcord has the embedded ledger
 * @throws NoLedger
 * @throws Error of the database
 */
export async function readLedger({
  config,
  keys,
  now,
  timeoutMs,
  scratchDir = tmpdir(),
}: ReadingOptions): Promise<Reading> {
  const { databaseUrl, dataDir } = config;
  const database = await (databaseUrl === undefined
    ? openEmbeddedCopy(dataDir, scratchDir)
    : connect(databaseUrl, timeoutMs));
  const store = new SqlStore({
    ...{ database, ledgerKey: keys.ledger, now, timeoutMs },
    sealer: {
      seal: (text, about) => seal(keys.snapshots, text, about),
      open: (sealed, about) => open(keys.snapshots, sealed, about),
    },
  });
  return { store, anchor: new Anchor(dataDir), database, close: () => database.close() };
}

/** A server that is frozen never answers a polite goodbye. */
const GOODBYE_MS = 200;

async function connect(url: string, timeoutMs: number): Promise<ClosableDatabase> {
  const { Client } = require('pg') as typeof import('pg');
  const socket = new Socket();
  const client = new Client({
    connectionString: url,
    stream: () => socket,
    connectionTimeoutMillis: timeoutMs,
    query_timeout: timeoutMs,
    statement_timeout: timeoutMs,
    application_name: 'pullcord-read',
  });
  // A connection that breaks is told by the next query; without a listener it would end the process.
  client.on('error', () => undefined);
  const close = async (): Promise<void> => {
    await settled(client.end(), GOODBYE_MS);
    socket.destroy();
  };
  try {
    await client.connect();
  } catch (error) {
    await close();
    throw error;
  }
  return { query: (text, params) => client.query(text, params), close };
}
