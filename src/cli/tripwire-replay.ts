import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { printable } from '../printable';
import { plot } from '../tripwire/replay/plot/plot';
import { Traces } from '../tripwire/replay/plot/traces';
import { type Replayed, replay } from '../tripwire/replay/replay';
import { Tally } from '../tripwire/replay/tally';
import { nameOf, tripOf } from '../tripwire/replay/trip';
import type { SubjectSettings } from '../tripwire/settings';
import type { Signal, Subject } from '../tripwire/signal';
import { type Cli, Failure } from './cli';
import { type Progress, progressOn } from './progress';
import { parseTop, type SamplesOptions, showRead, watchedFor, withSamples, withSource } from './tripwire-samples';

interface ReplayOptions extends SamplesOptions {
  readonly json?: boolean;
  readonly plot?: string;
  readonly key?: readonly string[];
  readonly top: number;
}

const TOP = 8;

const HELP = `
Nothing is cut and nobody is told. After a trip the recording goes on, as if nobody had acted on it.

Exit code 0: replayed, whatever it tripped; 1: nothing in the file, or no picture; 2: wrong use or configuration.`;

export function registerReplay(cli: Cli, tripwire: Command): void {
  const command = tripwire
    .command('replay')
    .description('say what the tripwire would have done over a recording of samples')
    .option('--json', 'print JSON: [{"ts","key","reason"}]')
    .option('--plot <out.svg>', 'draw spend, what is usual, what would trip, and trips', parsePicture)
    .option('--key <key>', 'tell and draw this key alone; * for all together; may be given several times', collect)
    .option('--top <keys>', 'how many keys are drawn, those that spent most', parseTop, TOP);
  withSamples(command)
    .addHelpText('after', HELP)
    .action((file: string, options: ReplayOptions) => replayFile(cli, file, options));
}

async function replayFile(cli: Cli, file: string, options: ReplayOptions): Promise<void> {
  const watched = watchedFor(cli, options);
  const isWanted = (subject: Subject): boolean => options.key?.includes(nameOf(subject)) ?? true;
  const traces = options.plot === undefined ? undefined : new Traces(isWanted);
  const progress = progressOn(cli.stderr);
  const tally = new Tally();
  const teller = options.json ? jsonTeller(cli) : lineTeller(cli, progress);
  const isGone = watchReader(cli.stdout);
  const replayed = await withSource(cli, file, async (source) => {
    const done = await replay({
      ...{ source, watched },
      onFault: (fault, line) => tally.fault(fault, line),
      onSignal: (signal) => {
        if (!isWanted(signal.subject)) return;
        const severs = watched.severs(signal.subject);
        tally.signal(signal, severs);
        if (signal.level !== 'trip' || !severs) return;
        const reason = watched.explain(signal);
        traces?.trip(signal, reason);
        teller.trip(signal, reason);
      },
      ...(traces ? { onIncrement: (...spent) => traces.increment(...spent) } : {}),
      onChunk: async (rows) => {
        showRead(progress, source, rows);
        if (!isGone() && needsDrain(cli.stdout)) await once(cli.stdout, 'drain').catch(() => undefined);
        if (isGone()) throw new Failure('Whoever read the output has gone: not replayed to the end.');
      },
    });
    progress.clear();
    if (source.cutShort()) cli.warn('The file ends in the midst of its packing: it was read as far as it goes.');
    return done;
  });
  teller.end(replayed, tally);
  if (replayed.rows === 0) throw new Failure('There is no row of samples in it.');
  if (traces && options.plot !== undefined)
    draw(cli, { ...options, plot: options.plot }, { file, traces, settingsOf: watched.settingsOf, replayed });
}

interface Teller {
  trip(signal: Signal, reason: string): void;
  end(replayed: Replayed, tally: Tally): void;
}

/** One trip a line as they come, so that nothing is gathered. */
function jsonTeller({ stdout, warn }: Cli): Teller {
  let between = '[';
  return {
    trip: (signal, reason) => {
      stdout.write(`${between}${JSON.stringify(tripOf(signal, reason))}`);
      between = ',\n';
    },
    end: (_, tally) => {
      stdout.write(between === '[' ? '[]\n' : ']\n');
      for (const line of tally.leftOut()) warn(line);
    },
  };
}

function lineTeller({ say }: Cli, progress: Progress): Teller {
  let trips = 0;
  return {
    trip: ({ at }, reason) => {
      progress.clear();
      if (trips === 0) say('time (UTC)           trip');
      trips += 1;
      say(printable(`${new Date(at).toISOString().slice(0, 19).replace('T', ' ')}  ${reason}`));
    },
    end: (replayed, tally) => {
      if (trips > 0) say();
      for (const line of tally.summary(replayed)) say(line);
    },
  };
}

interface Drawing {
  readonly file: string;
  readonly traces: Traces;
  readonly settingsOf: (subject: Subject) => SubjectSettings;
  readonly replayed: Replayed;
}

function draw(
  { warn }: Cli,
  { plot: out, top }: ReplayOptions & { plot: string },
  { file, traces, ...rest }: Drawing,
): void {
  const all = traces.all();
  const keys = all.filter(({ subject }) => subject.kind !== 'whole');
  // Where there is one key, all together are that one.
  const drawn =
    keys.length === 1 ? keys : [...all.filter(({ subject }) => subject.kind === 'whole'), ...keys.slice(0, top)];
  if (drawn.length === 0) throw new Failure('There is nothing to draw: none of these keys has spent anything.');
  const more = keys.length > top || traces.isFull;
  const note = more
    ? `Drawn: the ${top} that spent most${traces.isFull ? ' of those that came first' : ` of ${keys.length}`}.`
    : undefined;
  const name = file === '-' ? 'standard input' : basename(file);
  try {
    writeFileSync(out, plot({ drawn, name, note, ...rest }));
  } catch (error) {
    throw new Failure(`${out} cannot be written: ${(error as NodeJS.ErrnoException).code ?? String(error)}`);
  }
  warn(`Drawn: ${out}`);
}

/** `| head` closes the output when it has enough. @returns whether that has happened. */
function watchReader(stdout: NodeJS.WritableStream): () => boolean {
  let isGone = false;
  stdout.on('error', () => {
    isGone = true;
  });
  return () => isGone;
}

const needsDrain = (stream: NodeJS.WritableStream): boolean =>
  'writableNeedDrain' in stream && stream.writableNeedDrain === true;

const collect = (key: string, before: readonly string[] = []): readonly string[] => [...before, key];

/** A slip would put the picture in the place of the recording. */
function parsePicture(path: string): string {
  if (!path.endsWith('.svg')) throw new InvalidArgumentError('Name a file that ends in .svg.');
  return path;
}
