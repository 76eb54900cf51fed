import { readFileSync } from 'node:fs';
import { type Command, InvalidArgumentError } from 'commander';
import { readTripwire } from '../config/read-tripwire';
import type { Tripwire } from '../config/tripwire';
import { printable } from '../printable';
import { sourcesOf } from '../tripwire';
import { NotWritable, openRecordFile } from '../tripwire/replay/record/record-file';
import { type Recorded, record } from '../tripwire/replay/record/recorder';
import { parseUrl } from './api-options';
import { type Cli, Failure } from './cli';
import { progressOn } from './progress';

interface RecordOptions {
  readonly out: string;
  readonly url?: string;
  readonly tokenFile?: string;
  readonly every?: number;
  readonly for?: number;
  readonly maxSize: number;
  readonly json?: boolean;
}

const SECOND_MS = 1000;
const [EVERY_MS, TIMEOUT_MS] = [5 * SECOND_MS, 5 * SECOND_MS];
const [MEBIBYTE, MAX_SIZE] = [1024 * 1024, 1024];

const HELP = `
The proxies are those of the block tripwire in the configuration, or the one of --url. What is there already is gone on
with. Every look is in the file at once; one that fails leaves a gap, as for the watch itself. Rows that repeat the one
before are left out, but for one a minute, and one a look. Several proxies are told apart by the column source, one that
was started anew, or a worker of several, by the column process.

It ends after --for, at SIGINT or SIGTERM, or when the file is as large as --max-size.
Exit code 0: recorded; 1: nothing could be seen, or written; 2: wrong use or configuration.`;

export function registerRecord(cli: Cli, tripwire: Command): void {
  tripwire
    .command('record')
    .description("write LiteLLM's counters into a file, for replay and tune")
    .requiredOption('--out <samples.csv[.gz]>', 'the recording; packed when its name ends in .gz')
    .option('--url <address>', 'a proxy, in place of those in the configuration', parseUrl)
    .option('--token-file <file>', 'holds a key that may read /metrics/ of --url')
    .option('--every <time>', 'between two looks; left out: as configured, or 5s', parseDuration)
    .option('--for <time>', 'how long, for instance 24h or 14d; left out: until it is stopped', parseDuration)
    .option('--max-size <MiB>', 'how large the file may become', parseSize, MAX_SIZE)
    .option('--json', 'print JSON when it ends')
    .addHelpText('after', HELP)
    .action((options: RecordOptions) => recordInto(cli, options));
}

async function recordInto(cli: Cli, options: RecordOptions): Promise<void> {
  const { stderr, warn, say } = cli;
  const { litellm, everyMs } = settingsOf(cli, options);
  const monotonic = (): number => performance.now();
  const file = await translated(openRecordFile(options.out), 2);
  const sources = sourcesOf({ litellm }, cli.now, monotonic);
  if (file.found !== undefined) warn(`${options.out}: ${file.found}.`);
  const progress = progressOn(stderr);
  const ending = endOf(options.for);
  const tell = (line: string): void => {
    progress.clear();
    warn(printable(line));
  };
  let recorded: Recorded | undefined;
  try {
    recorded = await translated(
      record({
        ...{ sources, file, monotonic, everyMs, random: Math.random, signal: ending.signal },
        maxBytes: options.maxSize * MEBIBYTE,
        onTrouble: (source, detail) => tell(`${source} is not seen: ${detail}`),
        onSeen: (source) => tell(`${source} is seen again.`),
        onLook: ({ rows, looks }) =>
          progress.show(undefined, `${looks} looks, ${rows} rows, ${(file.size / MEBIBYTE).toFixed(1)} MiB`),
      }),
      1,
    );
  } finally {
    ending.release();
    progress.clear();
    await translated(file.close(), 1);
  }
  const { rows, looks, unseen, isFull } = recorded;
  if (isFull) warn(`The file is as large as --max-size allows.`);
  const facts = { rows, looks, unseen, bytes: file.size };
  say(
    options.json
      ? JSON.stringify(facts)
      : `${rows} rows of ${looks} looks, ${unseen} of which showed nothing: ${options.out}`,
  );
  if (looks === unseen) throw new Failure('Nothing could be seen: there is nothing to replay in it.');
}

/** @throws Failure, ConfigError */
function settingsOf(
  cli: Cli,
  { url, tokenFile, every }: RecordOptions,
): { litellm: Tripwire['litellm']; everyMs: number } {
  if (url !== undefined) {
    const token = tokenFile === undefined ? undefined : readToken(tokenFile);
    return { litellm: [{ url, token, timeoutMs: TIMEOUT_MS }], everyMs: every ?? EVERY_MS };
  }
  if (tokenFile !== undefined)
    throw new Failure('--token-file belongs to --url; the configuration has tokens of its own.', 2);
  const { program, env } = cli;
  const { litellm, everySeconds } = readTripwire({ path: program.opts<{ config?: string }>().config, env, asks: true });
  return { litellm, everyMs: every ?? everySeconds * SECOND_MS };
}

function readToken(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    throw new Failure(`${file} cannot be read; --token-file takes a file with a key of LiteLLM.`, 2);
  }
}

/** Ends after a time, or when somebody asks the process to. */
function endOf(afterMs: number | undefined): { readonly signal: AbortSignal; release(): void } {
  const controller = new AbortController();
  const end = (): void => controller.abort();
  const timer = afterMs === undefined ? undefined : setTimeout(end, afterMs);
  const signals = ['SIGINT', 'SIGTERM'] as const;
  for (const name of signals) process.once(name, end);
  const release = (): void => {
    clearTimeout(timer);
    for (const name of signals) process.removeListener(name, end);
  };
  return { signal: controller.signal, release };
}

async function translated<T>(work: Promise<T>, exitCode: 1 | 2): Promise<T> {
  return work.catch((error: unknown) => {
    if (error instanceof NotWritable) throw new Failure(error.message, exitCode);
    throw error;
  });
}

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

/** @returns milliseconds; a timer takes no more than 24 days of them. */
function parseDuration(text: string): number {
  const [, amount, unit = ''] = /^(\d{1,7})([smhd])$/.exec(text) ?? [];
  const ms = Number(amount) * (UNITS[unit] ?? Number.NaN) * SECOND_MS;
  if (!(ms > 0 && ms <= 2 ** 31 - 1)) throw new InvalidArgumentError('Write it as 30s, 90m, 24h or 14d; at most 24d.');
  return ms;
}

function parseSize(text: string): number {
  if (!/^[1-9]\d{0,6}$/.test(text)) throw new InvalidArgumentError('Give a whole number of MiB, at least 1.');
  return Number(text);
}
