import { type ApiOptions, apiOf, parseWait, withApi } from './api-options';
import { askProof } from './ask';
import type { Register } from './cli';
import { sayPlaced } from './placed';

interface SeverOptions extends ApiOptions {
  readonly reason?: string;
  readonly operator?: string;
  readonly code?: string;
  readonly wait: number;
}

const HELP = `
Exit code 0: seen to be severed (with --wait 0: the order was taken); 1: not seen yet, or refused; 2: wrong use.`;

export const registerSever: Register = (cli) => {
  const command = cli.program
    .command('sever')
    .description('cut a scope off at every gateway')
    .argument('[scope]', 'left out: the default scope')
    .option('--reason <text>', 'why; for the ledger')
    .option('--operator <name>', 'order as this person instead of as the token; a code is asked for')
    .option('--code <digits>', 'the 6 digits of the app, or a printed backup code')
    .option('--wait <seconds>', 'how long to wait until it is seen', parseWait, 10);
  withApi(command)
    .addHelpText('after', HELP)
    .action(async (scope: string | undefined, options: SeverOptions) => {
      const { reason, operator, code, wait, json } = options;
      const api = apiOf(cli, options);
      const asPerson = operator !== undefined || code !== undefined;
      const proof = asPerson ? await askProof(cli, given(operator, code)) : {};
      const placed = await api.placeOrder({ action: 'sever', scope, reason, ...proof }, wait);
      sayPlaced(cli, placed, wait > 0, json);
    });
};

const given = (operator: string | undefined, code: string | undefined) => ({
  ...(operator === undefined ? {} : { operator }),
  ...(code === undefined ? {} : { code }),
});
