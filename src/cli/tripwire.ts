import type { Register } from './cli';
import { registerRecord } from './tripwire-record';
import { registerReplay } from './tripwire-replay';
import { registerSpend } from './tripwire-spend';
import { registerTune } from './tripwire-tune';

/** What a person does with the tripwire: look at what it would have done beforehand, and at what it sees. */
export const registerTripwire: Register = (cli) => {
  const tripwire = cli.program
    .command('tripwire')
    .description('try the spend watcher on recorded samples, before trusting it; look at what it sees');
  registerReplay(cli, tripwire);
  registerRecord(cli, tripwire);
  registerTune(cli, tripwire);
  registerSpend(cli, tripwire);
};
