import { Pool } from 'pg';
import { type OpenDatabase, schema } from './database';

/** Any number: the same in every instance, so that they make the schema one after the other. */
const SCHEMA_LOCK = 7_209_112;

/**
 * A pool of connections to Postgres. Doesn't wait for the server: a Pullcord whose ledger is away still has to start,
 * and to stop.
 * @param timeoutMs bound of a connection and of a statement, in milliseconds.
 */
export function openPostgres(url: string, timeoutMs: number): OpenDatabase & { kind: 'postgres' } {
  const pool = new Pool({
    connectionString: url,
    max: 4,
    connectionTimeoutMillis: timeoutMs,
    query_timeout: timeoutMs,
    statement_timeout: timeoutMs,
    idle_in_transaction_session_timeout: timeoutMs,
    application_name: 'pullcord',
    keepAlive: true,
  });
  // An idle connection that breaks is replaced at the next query; without a listener it would end the process.
  pool.on('error', () => undefined);
  let made: Promise<void> | undefined;
  const ensureSchema = (): Promise<void> => {
    made ??= makeSchema(pool).catch((error) => {
      made = undefined;
      throw error;
    });
    return made;
  };
  return {
    kind: 'postgres',
    pool,
    query: async (text, params) => {
      await ensureSchema();
      return pool.query(text, params);
    },
    send: async (text, params, way) => {
      await ensureSchema();
      const client = await pool.connect();
      // While it is lent out the pool doesn't listen: a server that dies then would end the process.
      client.on('error', broken);
      try {
        if (way.givenUp) throw new Error('given up before it was sent');
        way.sent = true;
        const answer = await client.query(text, params);
        client.off('error', broken);
        client.release();
        return answer;
      } catch (error) {
        // As pg's own `pool.query` does: what failed once is not used again. It is listened to until it is gone.
        client.release(true);
        throw error;
      }
    },
    close: () => pool.end(),
  };
}

/** The query that is under way tells it. */
const broken = (): void => undefined;

async function makeSchema(pool: Pool): Promise<void> {
  await pool.query(`begin; select pg_advisory_xact_lock(${SCHEMA_LOCK}); ${schema()}; commit;`);
}
