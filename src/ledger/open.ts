import { randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import type { PGlite } from '@electric-sql/pglite';
import type { Clock } from '../clock';
import type { Config } from '../config/schema';
import { type Keys, open, seal } from '../config/secrets';
import { Anchor } from './anchor';
import { DataDirInUse } from './data-dir';
import type { Database, OpenDatabase } from './database';
import { createSqlLeases, type Leases } from './leases';
import { SnapshotSpool } from './snapshot-spool';
import { Spool } from './spool';
import { type Sealer, SqlStore } from './sql-store';
import { StoreUnavailable } from './store';

export interface LedgerOptions {
  readonly config: Pick<Config, 'dataDir' | 'databaseUrl'>;
  readonly keys: Pick<Keys, 'ledger' | 'snapshots'>;
  readonly now: Clock;
  readonly onTrouble: (key: string, text: string, error: unknown) => void;
  /** A write ended, well or not, after so many milliseconds. Must not throw. */
  readonly onWrite?: ((ok: boolean, ms: number) => void) | undefined;
}

export interface Ledger {
  readonly store: SqlStore;
  readonly spool: Spool;
  readonly anchor: Anchor;
  readonly snapshots: SnapshotSpool;
  readonly leases: Leases;
  /** For what is kept beside the ledger. */
  readonly database: Database;
  readonly sealer: Sealer;
  /** Where a queue can live beside it. Undefined when the embedded database could not be opened. */
  readonly place: { readonly databaseUrl: string } | { readonly pglite: PGlite } | undefined;
  close(): Promise<void>;
}

/** Bound of every statement. A STOP has a shorter one of its own. Milliseconds. */
export const STATEMENT_MS = 2_000;
/** Bound of what a cut by rewriting waits for: a thousand snapshots are read well within it. Milliseconds. */
const SNAPSHOTS_MS = 1_000;

/**
 * Opens the ledger where the configuration wants it. A database that can't be opened is trouble, and no reason not to
 * start (law 4): every call is then `StoreUnavailable`, STOP works and RESTORE refuses.
 * @throws DataDirInUse
 */
export async function openLedger({ config, keys, now, onTrouble, onWrite }: LedgerOptions): Promise<Ledger> {
  const database = await openDatabase(config, onTrouble);
  const spool = new Spool(config.dataDir, (error) =>
    onTrouble(
      'spool',
      `${config.dataDir} can't be written: a STOP without the ledger would not outlive a restart.`,
      error,
    ),
  );
  const anchor = new Anchor(config.dataDir);
  const sealer: Sealer = {
    seal: (text, about) => seal(keys.snapshots, text, about),
    open: (sealed, about) => open(keys.snapshots, sealed, about),
  };
  const store = new SqlStore({
    ...{ database, sealer, ledgerKey: keys.ledger },
    now,
    timeoutMs: STATEMENT_MS,
    onHead: (head) => anchor.note(head),
    onWrite,
  });
  return {
    ...{ store, spool, anchor, database, sealer },
    leases: createSqlLeases({
      ...{ database, holder: randomUUID(), timeoutMs: STATEMENT_MS },
      monotonic: () => performance.now(),
    }),
    snapshots: new SnapshotSpool({
      ...{ store, sealer, dataDir: config.dataDir, boundMs: SNAPSHOTS_MS },
      unrecorded: () => spool.all().length > 0,
    }),
    place: placeOf(config, database),
    close: async () => {
      await store.close();
      anchor.close();
      await database.close();
    },
  };
}

async function openDatabase(config: LedgerOptions['config'], onTrouble: LedgerOptions['onTrouble']) {
  // Required here: who keeps the ledger in Postgres doesn't pay for the embedded one, nor the other way round.
  try {
    if (config.databaseUrl !== undefined)
      return (require('./postgres') as typeof import('./postgres')).openPostgres(config.databaseUrl, STATEMENT_MS);
    return await (require('./pglite') as typeof import('./pglite')).openPglite(config.dataDir);
  } catch (error) {
    if (error instanceof DataDirInUse) throw error;
    onTrouble(
      'ledger',
      'The ledger can not be opened: STOP works, RESTORE refuses. Check dataDir and the disk.',
      error,
    );
    return unavailable(error);
  }
}

function placeOf({ databaseUrl }: LedgerOptions['config'], database: OpenDatabase | Unavailable): Ledger['place'] {
  if (databaseUrl !== undefined) return { databaseUrl };
  return 'kind' in database && database.kind === 'pglite' ? { pglite: database.pglite } : undefined;
}

type Unavailable = ReturnType<typeof unavailable>;

const unavailable = (error: unknown) => ({
  query: (): Promise<{ rows: unknown[] }> =>
    Promise.reject(new StoreUnavailable(`the ledger could not be opened: ${String(error)}`)),
  close: async (): Promise<void> => undefined,
});
