import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../clock';
import type { Config } from '../config/schema';
import { type Keys, open, seal } from '../config/secrets';
import { Anchor } from './anchor';
import { DataDirInUse } from './data-dir';
import type { Database } from './database';
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
}

/** Where the embedded ledger should be, there is none. */
export class NoLedger extends Error {
  override readonly name = 'NoLedger';
}

type ClosableDatabase = Database & { close(): Promise<void> };

/**
 * @throws DataDirInUse when a Pullcord holds the embedded ledger, or was killed and left its lock
 * @throws NoLedger
 * @throws Error of the database
 */
export async function readLedger({ config, keys, now, timeoutMs }: ReadingOptions): Promise<Reading> {
  const { databaseUrl, dataDir } = config;
  const database = await (databaseUrl === undefined ? openCopy(dataDir) : connect(databaseUrl, timeoutMs));
  const store = new SqlStore({
    ...{ database, ledgerKey: keys.ledger, now, timeoutMs },
    sealer: {
      seal: (text, about) => seal(keys.snapshots, text, about),
      open: (sealed, about) => open(keys.snapshots, sealed, about),
    },
  });
  return { store, anchor: new Anchor(dataDir), database, close: () => database.close() };
}

/** A lock is believed without asking whether its process lives: in another container that could not be seen. */
function refuseLocked(dataDir: string): void {
  const lock = join(dataDir, 'lock');
  if (existsSync(lock))
    throw new DataDirInUse(
      `${dataDir} is in use, or Pullcord was killed. Ask the Pullcord that serves; if none does, remove ${lock}.`,
    );
}

async function openCopy(dataDir: string): Promise<ClosableDatabase> {
  const ledger = join(dataDir, 'ledger');
  if (!existsSync(ledger)) throw new NoLedger(`There is no ledger in ${dataDir} yet.`);
  refuseLocked(dataDir);
  const folder = mkdtempSync(join(tmpdir(), 'pullcord-ledger-'));
  const forget = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    const copy = join(folder, 'ledger');
    await cp(ledger, copy, { recursive: true });
    refuseLocked(dataDir);
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

async function connect(url: string, timeoutMs: number): Promise<ClosableDatabase> {
  const { Client } = require('pg') as typeof import('pg');
  const client = new Client({
    connectionString: url,
    connectionTimeoutMillis: timeoutMs,
    query_timeout: timeoutMs,
    statement_timeout: timeoutMs,
    application_name: 'pullcord-read',
  });
  // A connection that breaks is told by the next query; without a listener it would end the process.
  client.on('error', () => undefined);
  try {
    await client.connect();
  } catch (error) {
    await client.end().catch(() => undefined);
    throw error;
  }
  return { query: (text, params) => client.query(text, params), close: () => client.end() };
}
