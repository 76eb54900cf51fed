import { EventEmitter } from 'node:events';
import type { PGlite, Transaction } from '@electric-sql/pglite';
import { DEFAULT_SCHEMA, type PgPool, type PgPoolClient, type PgQueryResult } from 'bullmq';

/**
 * What BullMQ needs of a `pg.Pool`, on PGlite. There is one session for everybody, the ledger included; PGlite runs
 * one statement after the other, and a transaction as a whole, whoever asks.
 */
export function pglitePool(db: PGlite): PgPool {
  return new PglitePool(db);
}

class PglitePool extends EventEmitter implements PgPool {
  private ready: Promise<unknown> | undefined;

  constructor(readonly db: PGlite) {
    super();
  }

  async query<R>(text: string, params?: readonly unknown[]): Promise<PgQueryResult<R>> {
    await this.prepared();
    return run<R>(this.db, text, params);
  }

  async connect(): Promise<PgPoolClient> {
    await this.prepared();
    return new PgliteClient(this.db);
  }

  /** PGlite ignores `search_path` as a connection's option. `public` stays first: a table made without a schema goes there. */
  private prepared(): Promise<unknown> {
    this.ready ??= this.db.exec(`set search_path to public, ${DEFAULT_SCHEMA}`);
    return this.ready;
  }

  /** The database belongs to whoever opened it. */
  async end(): Promise<void> {}
}

class PgliteClient extends EventEmitter implements PgPoolClient {
  private transaction:
    | { readonly tx: Transaction; readonly commit: () => void; readonly done: Promise<void> }
    | undefined;
  private readonly unlisten: (() => Promise<void>)[] = [];

  constructor(private readonly db: PGlite) {
    super();
  }

  async query<R>(text: string, params?: readonly unknown[]): Promise<PgQueryResult<R>> {
    // A statement may begin with comments: BullMQ's LISTEN does.
    const statement = text.replace(/^(\s|--[^\n]*\n)+/, '');
    const [, verb = '', name = ''] = /^(\w+)\s*(\w*)/.exec(statement) ?? [];
    switch (verb.toUpperCase()) {
      case 'LISTEN':
        this.unlisten.push(
          await this.db.listen(name, (payload) => this.emit('notification', { channel: name, payload })),
        );
        return { rows: [] };
      case 'BEGIN':
        this.transaction = await begin(this.db);
        return { rows: [] };
      case 'COMMIT':
      case 'ROLLBACK':
        await this.end(verb.toUpperCase() === 'COMMIT');
        return { rows: [] };
      default:
        return run<R>(this.transaction?.tx ?? this.db, text, params);
    }
  }

  release(): void {
    this.end(false).catch(() => undefined);
    for (const unlisten of this.unlisten.splice(0)) unlisten().catch(() => undefined);
  }

  private async end(commit: boolean): Promise<void> {
    const { transaction } = this;
    this.transaction = undefined;
    if (!transaction) return;
    if (!commit) await transaction.tx.rollback();
    transaction.commit();
    await transaction.done;
  }
}

/** Holds PGlite's own transaction open until told, so that nobody else's statement comes in between. */
async function begin(db: PGlite) {
  return new Promise<{ tx: Transaction; commit: () => void; done: Promise<void> }>((resolve, reject) => {
    const done = db.transaction(
      (tx) => new Promise<void>((commit) => queueMicrotask(() => resolve({ tx, commit, done }))),
    );
    done.catch(reject);
  });
}

/** Without parameters there may be several statements: a migration is a file. */
async function run<R>(on: PGlite | Transaction, text: string, params?: readonly unknown[]): Promise<PgQueryResult<R>> {
  if (params !== undefined) return on.query<R>(text, [...params]);
  const results = await on.exec(text);
  return { rows: (results.at(-1)?.rows ?? []) as R[] };
}
