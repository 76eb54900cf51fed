import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PGlite } from '@electric-sql/pglite';
import type { Pool } from 'pg';

/** What the store needs of a database: PGlite and a pool of Postgres connections both have it. */
export interface Database {
  query(text: string, params?: unknown[]): Promise<{ rows: unknown[] }>;
  /** The same, and tells how far the statement got. */
  send?(text: string, params: unknown[], way: Way): Promise<{ rows: unknown[] }>;
}

/** How far a statement got. */
export interface Way {
  /** It went to the database. */
  sent?: boolean;
  /** Nobody waits for it any more: it isn't sent if it wasn't yet. */
  givenUp?: boolean;
}

/** An open database: PGlite inside of this process, or a pool of connections to Postgres. */
export type OpenDatabase = Database & { close(): Promise<void> } & (
    | { readonly kind: 'pglite'; readonly pglite: PGlite }
    | { readonly kind: 'postgres'; readonly pool: Pool }
  );

/** Makes all tables; may run again at every start. */
export const schema = (): string =>
  ['schema.sql', 'outbox.sql', 'leases.sql'].map((file) => readFileSync(join(__dirname, file), 'utf8')).join('\n');
