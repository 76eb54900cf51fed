import type { Command } from 'commander';
import { printable } from '../printable';
import { Tally } from '../tripwire/replay/tally';
import { type Trip, tripOf } from '../tripwire/replay/trip';
import { windows } from '../tripwire/replay/tune/history';
import type { Proposals } from '../tripwire/replay/tune/propose';
import { caveat, limitOf, profileReason, reasonOf } from '../tripwire/replay/tune/reasons';
import { type Tuned, tryOut, tune } from '../tripwire/replay/tune/tune';
import { yamlOf } from '../tripwire/replay/tune/yaml';
import type { Signal } from '../tripwire/signal';
import { type Cli, Failure } from './cli';
import { progressOn } from './progress';
import { parseTop, type SamplesOptions, showRead, watchedFor, withSamples, withSource } from './tripwire-samples';

interface TuneOptions extends SamplesOptions {
  readonly json?: boolean;
  readonly top: number;
}

const TOP = 20;
/** Trips by a ceiling that are told one by one. */
const TOLD = 20;

interface Counts {
  readonly ceilings: number;
  readonly others: number;
}

const HELP = `
The file is read twice: once for what was spent, once to see what the proposal would have tripped.

Exit code 0: proposed; 1: nothing in the file; 2: wrong use or configuration.`;

export function registerTune(cli: Cli, tripwire: Command): void {
  const command = tripwire
    .command('tune')
    .description("propose ceilings and profiles from one's own history, as lines for pullcord.yaml")
    .option('--json', 'print JSON')
    .option('--top <keys>', 'how many keys get ceilings of their own, those that spent most', parseTop, TOP);
  withSamples(command)
    .addHelpText('after', HELP)
    .action((file: string, options: TuneOptions) => tuneFile(cli, file, options));
}

async function tuneFile(cli: Cli, file: string, options: TuneOptions): Promise<void> {
  if (file === '-') throw new Failure('The recording is read twice: name a file, not the standard input.', 2);
  const watched = watchedFor(cli, options);
  const progress = progressOn(cli.stderr);
  const tally = new Tally();
  const read = <T>(onFault: Tally['fault'], use: (reading: Parameters<typeof tune>[0]) => Promise<T>): Promise<T> =>
    withSource(cli, file, async (source) => {
      const done = await use({ source, onFault, onChunk: (rows) => showRead(progress, source, rows) });
      progress.clear();
      return done;
    });
  const tuned = await read(
    (fault, line) => tally.fault(fault, line),
    (reading) => tune(reading, watched, options.top),
  );
  if (tuned.replayed.rows === 0) throw new Failure('There is no row of samples in it.');
  const trips: Signal[] = [];
  const counts = { ceilings: 0, others: 0 };
  await read(
    () => undefined,
    (reading) =>
      tryOut(reading, watched, tuned, (signal) => {
        const isCeiling = signal.rule === 'ceiling';
        counts[isCeiling ? 'ceilings' : 'others'] += 1;
        if (isCeiling && trips.length < TOLD) trips.push(signal);
      }),
  );
  const yaml = yamlOf(tuned, watched.aliasOf);
  const told = trips.map((signal) => tripOf(signal, watched.explain(signal)));
  for (const line of tally.leftOut()) cli.warn(line);
  if (options.json) {
    const tripped = { ...counts, byCeilings: told };
    cli.say(JSON.stringify({ ...jsonOf(tuned), tripped, yaml: `${yaml.join('\n')}\n` }));
    return;
  }
  sayProposal(cli, tuned, tally, (key) => watched.nameOf({ kind: 'key', id: key }));
  cli.say();
  sayTrips(cli, told, counts);
  cli.say('\nFor pullcord.yaml:\n');
  for (const line of yaml) cli.say(printable(line));
}

function sayProposal({ say }: Cli, tuned: Tuned, tally: Tally, nameOf: (key: string) => string): void {
  const [seen = ''] = tally.summary(tuned.replayed);
  say(seen);
  const doubt = caveat(tuned.days);
  if (doubt !== undefined) say(doubt);
  sayCeilings(say, 'all keys together', tuned.whole);
  for (const { key, proposals } of tuned.keys) {
    sayCeilings(say, printable(nameOf(key)), proposals);
    say(`  profile ${proposals.profile}: ${profileReason(proposals)}`);
  }
  if (tuned.rest.length === 0) return;
  say(`\nevery other key (${tuned.replayed.keys - tuned.keys.length}), after the one of them that spent most`);
  for (const line of ceilingLines(tuned.rest)) say(line);
}

function sayCeilings(say: Cli['say'], title: string, { ceilings }: Proposals): void {
  say(`\n${title}`);
  for (const line of ceilingLines(ceilings)) say(line);
}

const ceilingLines = (ceilings: Proposals['ceilings']): readonly string[] =>
  ceilings.map((one) => `  ${limitOf(one).padEnd(24)} ${reasonOf(one)}`);

function sayTrips({ say }: Cli, told: readonly Trip[], { ceilings, others }: Counts): void {
  const learnt = others === 0 ? '' : ` By what it learns: ${times(others)}; pullcord tripwire replay tells of those.`;
  if (ceilings === 0) say(`None of these ceilings would have tripped in this history.${learnt}`);
  else say(`These ceilings would have tripped ${times(ceilings)} in this history.${learnt}`);
  for (const { ts, reason } of told)
    say(printable(`  ${new Date(ts * 1000).toISOString().slice(0, 19).replace('T', ' ')}  ${reason}`));
  if (ceilings > told.length) say(`  and ${ceilings - told.length} more`);
}

const times = (count: number): string => (count === 1 ? 'once' : `${count} times`);

/** Amounts are US dollars or tokens, times are in seconds since 1970. */
function jsonOf({ days, replayed, whole, keys, rest }: Tuned) {
  const ceilings = (of: Proposals['ceilings']) =>
    of.map((one) => ({
      ...{ unit: one.unit, windowSeconds: windows[one.window].seconds, limit: one.limit, reason: reasonOf(one) },
      highest: { amount: one.highest.amount, ts: one.highest.at / 1000 },
      leftOut: one.outliers.map(({ amount: outlying, at }) => ({ amount: outlying, ts: at / 1000 })),
    }));
  return {
    ...{ days, rows: replayed.rows, caveat: caveat(days) },
    whole: { ceilings: ceilings(whole.ceilings) },
    keys: keys.map(({ key, totalUsd, proposals }) => ({
      ...{ key, totalUsd, profile: proposals.profile, profileReason: profileReason(proposals) },
      ceilings: ceilings(proposals.ceilings),
    })),
    others: { ceilings: ceilings(rest) },
  };
}
