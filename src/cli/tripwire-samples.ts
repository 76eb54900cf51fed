import { readFileSync } from 'node:fs';
import { type Command, InvalidArgumentError } from 'commander';
import { readTripwire } from '../config/read-tripwire';
import { NotSamples } from '../tripwire/replay/columns';
import { type KeysFile, parseKeysFile } from '../tripwire/replay/keys-file';
import { openSource, type Source, Unreadable } from '../tripwire/replay/source';
import { type Watched, watchedBy } from '../tripwire/replay/watched';
import { parseCount } from './api-options';
import { type Cli, Failure } from './cli';
import type { Progress } from './progress';

/** What every command takes that reads a recording. */
export interface SamplesOptions {
  readonly keys?: string;
}

const HELP = `
The file is CSV, packed by gzip or not: ts,key,model,spend_total,prompt_tokens_total,completion_tokens_total, counters
as they stood at each look; ts in seconds since 1970. There may be source, process,
team, alias and counting_since besides.

With --config, or PULLCORD_CONFIG, everybody is watched as the block tripwire says; nothing else is read of that file, and
no variable has to be set but those that name keys. Without it there are no ceilings.`;

export const withSamples = (command: Command): Command =>
  command
    .argument('<samples.csv[.gz]>', 'the recording; - for the standard input')
    .option('--keys <file>', '{"<key>": {"profile": "agent" or "service", "daily_budget_usd": 100}}')
    .addHelpText('after', HELP);

/**
 * The block `tripwire` of the configuration, where one is named: a recording is looked at on any machine, so the
 * default file isn't, and nothing but that block is read of it.
 * @throws Failure, ConfigError
 */
export function watchedFor({ program, env }: Pick<Cli, 'program' | 'env'>, { keys }: SamplesOptions): Watched {
  const path = program.opts<{ config?: string }>().config || env.PULLCORD_CONFIG;
  const config = path ? readTripwire({ path, env, asks: false }) : undefined;
  return watchedBy(config, keys === undefined ? new Map() : readKeys(keys));
}

function readKeys(file: string): KeysFile {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    throw new Failure(`${file} cannot be read; --keys takes a file of keys, as JSON.`, 2);
  }
  return parseKeysFile(file, text);
}

/** Opens a recording and lets `use` read it. What is wrong with the file is wrong use. @throws Failure */
export async function withSource<T>({ stdin }: Cli, file: string, use: (source: Source) => Promise<T>): Promise<T> {
  try {
    return await use(await openSource(file, stdin));
  } catch (error) {
    if (error instanceof Unreadable || error instanceof NotSamples) throw new Failure(error.message, 2);
    throw error;
  }
}

const MEBIBYTE = 1024 * 1024;

/** Says how much of a recording was read. */
export function showRead(progress: Progress, { read, size }: Source, rows: number): void {
  const part = size === undefined || size === 0 ? undefined : Math.min(1, read() / size);
  progress.show(part, `${rows.toLocaleString('en-US')} rows, ${(read() / MEBIBYTE).toFixed(1)} MiB`);
}

/** `--top` */
export function parseTop(text: string): number {
  const top = parseCount(text);
  if (top < 1 || top > 100) throw new InvalidArgumentError('Give 1 to 100 keys.');
  return top;
}
