import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { NotSamples } from '../tripwire/replay/columns';
import { type KeysFile, parseKeysFile } from '../tripwire/replay/keys-file';
import type { Replayed } from '../tripwire/replay/replay';
import { type RowFault, rowFaults } from '../tripwire/replay/rows';
import { settingsOfKeys } from '../tripwire/replay/settings';
import { openSource, type Source, Unreadable } from '../tripwire/replay/source';
import type { SubjectSettings } from '../tripwire/settings';
import type { Subject } from '../tripwire/signal';
import { type Cli, Failure } from './cli';

/** What every command takes that reads a recording. */
export interface SamplesOptions {
  readonly keys?: string;
}

const HELP = `
The file is CSV, packed by gzip or not: ts,key,model,spend_total,prompt_tokens_total,completion_tokens_total, counters
as they stood at each look; ts in seconds since 1970. Columns may be source, process and team besides.`;

export const withSamples = (command: Command): Command =>
  command
    .argument('<samples.csv[.gz]>', 'the recording; - for the standard input')
    .option('--keys <file>', '{"<key>": {"profile": "agent" or "service", "daily_budget_usd": 100}}')
    .addHelpText('after', HELP);

/** @throws Failure, ConfigError */
export function settingsFor({ keys }: SamplesOptions): (subject: Subject) => SubjectSettings {
  return settingsOfKeys(keys === undefined ? new Map() : readKeys(keys));
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

/** Rows that are told one by one. */
const TOLD = 5;

export interface Samples {
  readonly source: Source;
  readonly onFault: (fault: RowFault, line: number) => void;
  /** Says what was left out. @throws Failure when nothing could be read */
  close(done: Replayed): void;
}

/** @throws Failure */
export async function openSamples({ stdin, warn }: Cli, file: string): Promise<Samples> {
  const source = await translated(openSource(file, stdin));
  let faults = 0;
  return {
    source,
    onFault: (fault, line) => {
      faults += 1;
      if (faults <= TOLD) warn(`line ${line} is left out: ${rowFaults[fault]}`);
    },
    close: ({ rows }) => {
      if (faults > TOLD) warn(`${faults} lines in all are left out`);
      if (source.cutShort()) warn('the file ends in the midst of its packing: read as far as it goes');
      if (rows === 0) throw new Failure('There is no row of samples in it.');
    },
  };
}

/** What is wrong with the file is wrong use. */
export async function translated<T>(work: Promise<T>): Promise<T> {
  return work.catch((error: unknown) => {
    if (error instanceof Unreadable || error instanceof NotSamples) throw new Failure(error.message, 2);
    throw error;
  });
}
