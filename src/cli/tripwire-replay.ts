import type { Command } from 'commander';
import { reasonOf } from '../tripwire/replay/reason';
import { replay } from '../tripwire/replay/replay';
import { type Trip, tripOf } from '../tripwire/replay/trip';
import type { Cli } from './cli';
import { openSamples, type SamplesOptions, settingsFor, translated, withSamples } from './tripwire-samples';

interface ReplayOptions extends SamplesOptions {
  readonly json?: boolean;
}

export function registerReplay(cli: Cli, tripwire: Command): void {
  const command = tripwire
    .command('replay')
    .description('say what the tripwire would have done over a recording of samples')
    .option('--json', 'print JSON: [{"ts","key","reason"}]');
  withSamples(command).action(async (file: string, options: ReplayOptions) => {
    const settingsOf = settingsFor(options);
    const samples = await openSamples(cli, file);
    const trips: Trip[] = [];
    const done = await translated(
      replay({
        ...{ source: samples.source, settingsOf, onFault: samples.onFault },
        onSignal: (signal) => {
          if (signal.level === 'trip') trips.push(tripOf(signal, reasonOf(signal)));
        },
      }),
    );
    samples.close(done);
    if (options.json) return cli.say(JSON.stringify(trips));
    for (const { ts, key, reason } of trips) cli.say(`${new Date(ts * 1000).toISOString()}  ${key}  ${reason}`);
  });
}
