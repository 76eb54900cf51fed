import { readFileSync } from 'node:fs';
import { type Command, InvalidArgumentError } from 'commander';
import { variables } from '../config/variables';
import { type ApiClient, apiClient } from './api-client';
import { type Cli, Failure } from './cli';

/** What every command takes that talks to a running Pullcord. */
export interface ApiOptions {
  readonly url?: string;
  readonly json?: boolean;
}

export const DEFAULT_URL = 'http://127.0.0.1:8081';

const HELP = `
The bearer token comes from PULLCORD_TOKEN, or from the file that PULLCORD_TOKEN_FILE names.`;

/** Adds `--url` and `--json`, and says where the token comes from. */
export const withApi = (command: Command): Command =>
  command
    .option('--url <address>', `the internal listener; left out: PULLCORD_URL, or ${DEFAULT_URL}`, parseUrl)
    .option('--json', 'print JSON')
    .addHelpText('after', HELP);

/** @throws Failure when there is no token */
export function apiOf({ env }: Pick<Cli, 'env'>, { url }: ApiOptions): ApiClient {
  const token = variables(env, (path) => readFileSync(path, 'utf8')).lookup('PULLCORD_TOKEN');
  if (token.kind === 'fault') throw new Failure(token.message, 2);
  if (token.kind === 'none')
    throw new Failure('No token: set PULLCORD_TOKEN or PULLCORD_TOKEN_FILE. To make one: pullcord token new NAME', 2);
  return apiClient({ url: url ?? urlOf(env.PULLCORD_URL), token: token.value.trim() });
}

function urlOf(text: string | undefined): string {
  try {
    return parseUrl(text || DEFAULT_URL);
  } catch (error) {
    throw new Failure(`PULLCORD_URL: ${(error as Error).message}`, 2);
  }
}

export function parseUrl(text: string): string {
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol))
    throw new InvalidArgumentError(`Write it as http://address:port, for instance ${DEFAULT_URL}`);
  return text.replace(/\/+$/, '');
}

/** `--wait`: whole seconds, as many as the API waits. */
export function parseWait(text: string): number {
  if (!/^\d{1,2}$/.test(text) || Number(text) > 30) throw new InvalidArgumentError('Give 0 to 30 seconds.');
  return Number(text);
}

/** For line numbers and limits; the API knows their bounds. */
export function parseCount(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('Give a whole number.');
  return Number(text);
}
