import type { LedgerLineAnswer } from '../intake/http/schemas';
import { jsonLine, printable } from '../printable';
import { parseCount, withApi } from './api-options';
import { Failure, type Register } from './cli';
import { type LedgerOptions, withLedger, withOffline } from './ledger-offline';

interface ShowOptions extends LedgerOptions {
  readonly after?: number;
  readonly limit?: number;
}

const VERIFY_HELP = `
Exit code 0: every line is as it was written, and none is missing; 1: not so, or no answer; 2: wrong use.`;

export const registerLedger: Register = (cli) => {
  const ledger = cli.program.command('ledger').description('what happened, on paper');

  const show = ledger
    .command('show')
    .description('print lines of the ledger, the newest ones unless --after is given')
    .option('--after <line>', 'begin behind the line of this number; 0 begins with the first', parseCount)
    .option('--limit <lines>', 'how many at most, up to 1000', parseCount);
  withOffline(withApi(show)).action(async (options: ShowOptions) => {
    const { after, limit, json } = options;
    const query = { ...(after === undefined ? {} : { after }), ...(limit === undefined ? {} : { limit }) };
    const lines = await withLedger(cli, options, (paper) => paper.lines(query));
    if (json) return cli.say(jsonLine({ lines }));
    const width = String(lines.at(-1)?.seq ?? '').length;
    for (const line of lines) cli.say(lineText(line, width));
  });

  const verify = ledger.command('verify').description('find any changed, missing or swapped line');
  withOffline(withApi(verify))
    .addHelpText('after', VERIFY_HELP)
    .action(async (options: LedgerOptions) => {
      const verdict = await withLedger(cli, options, (paper) => paper.verify());
      if (options.json) cli.say(jsonLine(verdict));
      if (!verdict.ok)
        throw new Failure(
          `The ledger is not what was written:${verdict.faults.map((one) => `\n  ${printable(one)}`).join('')}`,
        );
      if (!options.json) cli.say(`The ledger is whole: ${verdict.lines} lines, none changed, missing or swapped.`);
    });
};

const lineText = ({ seq, at, kind, data }: LedgerLineAnswer, width: number): string =>
  printable(`${String(seq).padStart(width)}  ${at}  ${kind.padEnd(8)}  ${JSON.stringify(data)}`);
