import { randomUUID } from 'node:crypto';
import type { Clock } from '../../clock';
import type { Config } from '../../config/schema';
import type { Keys } from '../../config/secrets';
import { components } from '../../intake/http/schemas';
import { DataDirInUse } from '../../ledger/data-dir';
import { NoLedger } from '../../ledger/embedded-copy';
import { type Reading, readLedger } from '../../ledger/reading';
import type { State } from '../../ledger/store';
import { ask } from './ask';
import type { Service } from './service';

/** The ledger as it can be seen from here, without touching what is in it. */
export type LedgerSight =
  | { readonly kind: 'read'; readonly state: State; readonly ms: number; readonly lost: boolean }
  /** Nothing was written yet: it is made at the first start. */
  | { readonly kind: 'new' }
  /** The embedded one belongs to the Pullcord that serves. `newestAt`: its newest line, where a token may ask. */
  | { readonly kind: 'served'; readonly service: Service & { kind: 'serves' }; readonly newestAt?: number }
  /** It was left alone; that is no fault of it. */
  | { readonly kind: 'unseen'; readonly why: string }
  | { readonly kind: 'failed'; readonly why: string };

const TIMEOUT_MS = 2_000;

export interface SightOptions {
  readonly config: Config;
  readonly keys: Keys;
  readonly now: Clock;
  /** PULLCORD_TOKEN, where there is one. */
  readonly token?: string;
  service(): Promise<Service>;
}

export async function seeLedger({ config, keys, now, token, service }: SightOptions): Promise<LedgerSight> {
  if (config.databaseUrl === undefined) {
    const found = await service();
    if (found.kind === 'serves') return { kind: 'served', service: found, ...(await newestLine(found.url, token)) };
  }
  let reading: Reading | undefined;
  try {
    reading = await readLedger({ config, keys, now, timeoutMs: TIMEOUT_MS });
    return config.databaseUrl === undefined ? await read(reading) : await readPostgres(reading);
  } catch (error) {
    if (error instanceof NoLedger) return { kind: 'new' };
    if (error instanceof DataDirInUse) return { kind: 'unseen', why: error.message };
    return { kind: 'failed', why: wordsOf(error) };
  } finally {
    await reading?.close().catch(() => undefined);
  }
}

async function read({ store, anchor }: Reading): Promise<LedgerSight> {
  const began = performance.now();
  const state = await store.refresh();
  const ms = performance.now() - began;
  return { kind: 'read', state, ms, lost: (anchor.read()?.seq ?? 0) > state.head.seq };
}

interface Server {
  readonly standby: boolean;
  readonly made: boolean;
  readonly may: boolean;
}

async function readPostgres(reading: Reading): Promise<LedgerSight> {
  const { database } = reading;
  const [server] = (
    await database.query(
      `select pg_is_in_recovery() as standby, to_regprocedure('pullcord.state()') is not null as made,
       has_database_privilege(current_database(), 'create') as may`,
    )
  ).rows as Server[];
  if (server?.standby) return { kind: 'failed', why: 'this is a standby, which takes no writes' };
  if (!server?.made)
    return server?.may ? { kind: 'new' } : { kind: 'failed', why: 'this user may not create a schema in the database' };
  // A write that shows whether writes are taken, and is never made true.
  await database.query('begin');
  await database.query("insert into pullcord.memory (name, sealed) values ($1, '')", [`check ${randomUUID()}`]);
  await database.query('rollback');
  return read(reading);
}

/** Its time alone; undefined when the token may not read. */
async function newestLine(url: string, token: string | undefined): Promise<{ newestAt?: number }> {
  if (token === undefined) return {};
  const headers = { authorization: `Bearer ${token}` };
  const came = await ask(TIMEOUT_MS, { url: `${url}/api/v1/ledger`, params: { limit: 1 }, headers });
  const parsed = components.LedgerLines.safeParse('code' in came ? undefined : came.data);
  const [line] = parsed.data?.lines ?? [];
  return line ? { newestAt: Date.parse(line.at) } : {};
}

/** Postgres and Node put several tries of one connection into one error without words of its own. */
function wordsOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(wordsOf).join('; ');
  return error instanceof Error ? error.message || error.name : String(error);
}
