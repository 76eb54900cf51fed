import { type ApiOptions, apiOf, parseWait, withApi } from './api-options';
import { askProof, type Proof } from './ask';
import type { Register } from './cli';
import { sayPlaced } from './placed';

interface RestoreOptions extends ApiOptions, Proof {
  readonly reason?: string;
  readonly wait: number;
}

const HELP = `
A token alone cannot restore: an operator and a fresh code are asked for when they are not given.

Exit code 0: seen to be served again (with --wait 0: the order was taken); 1: not seen yet, waiting for a second
operator, or refused; 2: wrong use.`;

export const registerRestore: Register = (cli) => {
  const command = cli.program
    .command('restore')
    .description('put a scope back exactly as it was')
    .argument('[scope]', 'left out: the default scope')
    .option('--reason <text>', 'why; for the ledger')
    .option('--operator <name>', 'who restores')
    .option('--code <digits>', 'the 6 digits that the app shows now')
    .option('--wait <seconds>', 'how long to wait until it is seen', parseWait, 10);
  withApi(command)
    .addHelpText('after', HELP)
    .action(async (scope: string | undefined, options: RestoreOptions) => {
      const { reason, wait, json } = options;
      const api = apiOf(cli, options);
      const proof = await askProof(cli, options);
      const placed = await api.placeOrder({ action: 'restore', scope, reason, ...proof }, wait);
      sayPlaced(cli, placed, wait > 0, json);
    });
};
