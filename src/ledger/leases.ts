import { bounded } from './bounded';
import type { Database } from './database';
import { StoreUnavailable } from './store';

export interface ClaimOptions {
  /** How long it is wanted. Milliseconds. */
  readonly ms: number;
  /** The number of the order on whose behalf it is wanted; 0 where there is none. */
  readonly fence?: number;
}

export type Claim =
  | {
      readonly held: true;
      /** Until when, on this process's monotonic clock. Earlier than the database's end of it, never later. */
      readonly untilMs: number;
    }
  | {
      readonly held: false;
      readonly holder: string;
      /** Greater than the one that was claimed for: a later order has overtaken it. */
      readonly fence: number;
      /** When it is worth while to ask again. Milliseconds. */
      readonly leftMs: number;
    };

/**
 * What only one instance may do at a time (Kleppmann, "How to do distributed locking": a lease with a fencing token).
 * A greater fence takes a lease over at once, a smaller one never gets it. Whoever holds one must have looked at
 * `untilMs` right before each act: a process that was frozen meanwhile holds nothing any more.
 */
export interface Leases {
  /** This process's name among the holders; another one after each start. */
  readonly holder: string;
  /** Takes it, or keeps it for longer. @throws StoreUnavailable when the database does not answer: nothing is held then. */
  claim(name: string, options: ClaimOptions): Promise<Claim>;
  /** Gives it to whoever asks next; the fence stays. @throws StoreUnavailable */
  release(name: string): Promise<void>;
}

export interface SqlLeasesOptions {
  readonly database: Database;
  readonly holder: string;
  /** Milliseconds, on a clock that nobody sets and that goes on while the process is frozen. */
  readonly monotonic: () => number;
  /** Bound of every call. Milliseconds. */
  readonly timeoutMs: number;
}

/** Leases on PGlite or Postgres; the table is in `leases.sql`. */
export function createSqlLeases({ database, holder, monotonic, timeoutMs }: SqlLeasesOptions): Leases {
  const query = async (text: string, params: unknown[]): Promise<{ rows: unknown[] }> => {
    try {
      return await bounded(database.query(text, params), timeoutMs, 'the ledger');
    } catch (error) {
      if (error instanceof StoreUnavailable) throw error;
      throw new StoreUnavailable(`the ledger refuses: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  return {
    holder,
    claim: async (name, { ms, fence = 0 }) => {
      // Before the question is asked: however long the answer takes, the database's end of it is later.
      const untilMs = monotonic() + ms;
      const { rows } = await query('select pullcord.claim($1, $2, $3, $4) as standing', [name, holder, fence, ms]);
      const { standing } = rows[0] as { standing: { holder: string; fence: number; leftMs: number } };
      return standing.holder === holder && standing.fence === fence
        ? { held: true, untilMs }
        : { held: false, ...standing };
    },
    release: async (name) => {
      await query('update pullcord.lease set until = clock_timestamp() where name = $1 and holder = $2', [
        name,
        holder,
      ]);
    },
  };
}
