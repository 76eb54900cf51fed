import type { Register } from './cli';
import { registerRecord } from './tripwire-record';
import { registerReplay } from './tripwire-replay';
import { registerTune } from './tripwire-tune';

/** What a person does with the tripwire beforehand: look at what it would have done. */
export const registerTripwire: Register = (cli) => {
  const tripwire = cli.program
    .command('tripwire')
    .description('try the spend watcher on recorded samples, before trusting it');
  registerReplay(cli, tripwire);
  registerRecord(cli, tripwire);
  registerTune(cli, tripwire);
};
