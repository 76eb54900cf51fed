import { type Command, Option } from 'commander';
import type { SpendHistoryAnswer } from '../intake/http/spend-history-schema';
import { jsonLine, printable } from '../printable';
import { amount, duration } from '../tripwire/amounts';
import { OTHER } from '../tripwire/history/dearest';
import { type SpanName, spanNames } from '../tripwire/history/spans';
import { type ApiOptions, apiOf, withApi } from './api-options';
import type { Cli } from './cli';
import { drawer, inColumns, NOTHING, UNSEEN } from './sparkline';

interface SpendOptions extends ApiOptions {
  readonly span: SpanName;
}

const COLUMNS = 60;
const MARKS = 20;
const NAME_WIDTH = 24;

const HELP = `
All lines are drawn to one measure: ${NOTHING} nothing was spent, ${UNSEEN} nobody saw it. What is not among the dearest is "other".

Exit code 0: told; 1: no tripwire, or no answer; 2: wrong use.`;

/** What a running Pullcord saw being spent. */
export function registerSpend(cli: Cli, tripwire: Command): void {
  const command = tripwire
    .command('spend')
    .description('say what was spent in the last hour, day or week, by key and by model')
    .addOption(new Option('--span <span>', 'how far back').choices(spanNames).default('hour'));
  withApi(command)
    .addHelpText('after', HELP)
    .action(async (options: SpendOptions) => {
      const history = await apiOf(cli, options).spendHistory(options.span);
      if (options.json) cli.say(jsonLine(history));
      else sayHistory(cli, history);
    });
}

type Line = Omit<SpendHistoryAnswer['keys'][number], 'name'>;
type Series = Line['usd'];

function sayHistory({ say }: Pick<Cli, 'say'>, history: SpendHistoryAnswer): void {
  const { span, from, stepSeconds, steps, all, keys, models, bounds, marks, marksMissing } = history;
  // Where models cost nothing, what they do is all that there is to see.
  const unit = sum(all.usd) > 0 ? 'usd' : 'tokens';
  const columns = inColumns(all[unit], COLUMNS);
  const draw = drawer(columns);
  const sayLine = (name: string, line: Line): void => {
    const shown = printable(name).slice(0, NAME_WIDTH).padEnd(NAME_WIDTH);
    const spent = amount(sum(line.usd), 'usd').padStart(11);
    const tokens = amount(sum(line.tokens), 'tokens').padStart(13);
    say(`  ${shown}${spent}${tokens}  ${draw(inColumns(line[unit], COLUMNS))}`);
  };

  const each = duration(stepSeconds * Math.ceil(steps / columns.length));
  say(`The last ${span}, from ${from}; ${each} a column${unit === 'tokens' ? ', tokens' : ''}.`);
  sayLine('all keys', all);
  for (const { name, ...line } of keys) sayLine(name === OTHER ? 'other keys' : `key ${name}`, line);
  for (const { name, ...line } of models) sayLine(name === OTHER ? 'other models' : `model ${name}`, line);
  const usual = bounds.usual.some((value) => value !== null) ? amount(sum(bounds.usual), 'usd') : 'not known yet';
  say(`Usual, where it is known: ${usual}.`);
  const unseen = all.usd.filter((value) => value === null).length;
  if (unseen > 0) say(`Nobody saw ${duration(unseen * stepSeconds)} of it: what was spent then is not in the sums.`);
  if (marksMissing) say('The ledger does not answer: whether anything tripped or was severed is not known.');
  if (marks.length > MARKS) say(`${marks.length - MARKS} older events are left out.`);
  for (const { at, kind, subject, text, incident } of marks.slice(-MARKS)) {
    const number = incident === undefined ? '' : ` (incident ${incident})`;
    say(`  ${at}  ${kind.padEnd(8)}  ${printable(`${subject}: ${text}`)}${number}`);
  }
}

const sum = (series: Series): number => series.reduce<number>((all, value) => all + (value ?? 0), 0);
