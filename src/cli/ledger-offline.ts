import type { Command } from 'commander';
import { deriveKeys, parseMasterKey } from '../config/secrets';
import { lineAnswer } from '../intake/http/views';
import { DataDirInUse } from '../ledger/data-dir';
import { NoLedger } from '../ledger/embedded-copy';
import { type Reading, readLedger } from '../ledger/reading';
import { records } from '../ledger/records';
import { StoreUnavailable } from '../ledger/store';
import { findService } from '../supervision/checks/service';
import type { ApiClient } from './api-client';
import { type ApiOptions, apiOf, DEFAULT_URL } from './api-options';
import { type Cli, Failure } from './cli';

/** The ledger for a command, from the Pullcord that serves, or from the database itself when none does. */
export type Paper = Pick<ApiClient, 'lines' | 'verify'>;

export interface LedgerOptions extends ApiOptions {
  readonly offline?: boolean;
}

const HELP = `
When no Pullcord listens there and --url is not given, the ledger of the configuration is read itself, unchanged;
--offline does so at once, for instance for a backup of dataDir. No token is needed for it.`;

export const withOffline = (command: Command): Command =>
  command.option('--offline', 'read the database itself, without Pullcord').addHelpText('after', HELP);

/** Of a page of the ledger: nobody waits for a stop here. Milliseconds. */
const TIMEOUT_MS = 30_000;
const LINES = 100;

/** @throws Failure, ConfigError */
export async function withLedger<T>(cli: Cli, options: LedgerOptions, use: (paper: Paper) => Promise<T>): Promise<T> {
  if (!(await isOffline(cli, options))) return use(apiOf(cli, options));
  const config = cli.config();
  const keys = deriveKeys(parseMasterKey(config.key));
  let reading: Reading | undefined;
  try {
    reading = await readLedger({ config, keys, now: cli.now, timeoutMs: TIMEOUT_MS });
    return await use(paperOf(reading, keys.ledger));
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    if (error instanceof DataDirInUse || error instanceof NoLedger) throw new Failure(what);
    const ofDatabase = reading === undefined || error instanceof StoreUnavailable;
    throw ofDatabase ? new Failure(`The ledger cannot be read: ${what}. Check the database, or dataDir.`) : error;
  } finally {
    await reading?.close();
  }
}

/** @param instead what is done then, for the warning. */
export async function isOffline(
  { env, warn }: Cli,
  { offline, url }: LedgerOptions,
  instead = 'reading the ledger itself',
): Promise<boolean> {
  if (offline || url !== undefined) return offline === true;
  const asked = (env.PULLCORD_URL || DEFAULT_URL).replace(/\/+$/, '');
  // What is no URL is left to the one who takes it for one.
  if (!URL.canParse(asked) || (await findService(asked)).kind !== 'away') return false;
  warn(`No Pullcord listens at ${asked}: ${instead}.`);
  return true;
}

function paperOf({ store, anchor }: Reading, ledgerKey: Buffer): Paper {
  const { lines, verify } = records(store, ledgerKey, anchor);
  return {
    lines: async ({ limit = LINES, ...query }) => (await lines({ ...query, limit })).map(lineAnswer),
    verify: async () => {
      const verdict = await verify();
      return { ...verdict, faults: [...verdict.faults] };
    },
  };
}
