import type { ScopeAnswer, StatusAnswer } from '../intake/http/schemas';
import { jsonLine, printable } from '../printable';
import { type ApiOptions, apiOf, withApi } from './api-options';
import { type Cli, Failure, type Register } from './cli';

const HELP = `
! is broken, or nobody knows; ~ works, and wants looking after.

Exit code 0: armed, whatever is severed; 1: degraded, disarmed, or no answer; 2: wrong use.`;

export const registerStatus: Register = (cli) => {
  const command = cli.program
    .command('status')
    .description('say whether the cord would work, and how every scope stands');
  withApi(command)
    .addHelpText('after', HELP)
    .action(async (options: ApiOptions) => {
      const status = await apiOf(cli, options).status();
      if (options.json) cli.say(jsonLine(status));
      else sayStatus(cli, status);
      if (status.state === 'degraded')
        throw new Failure('DEGRADED: a stop would still cut, with less than you set up.');
      if (status.state === 'disarmed') throw new Failure('DISARMED: a stop would not work now.');
    });
};

/** What is worth a line although it is as it should be. */
const TOLD_WELL = ['tripwire', 'drills'];

type Part = StatusAnswer['parts'][number];

function sayStatus({ say }: Pick<Cli, 'say'>, { state, works = [], parts, scopes }: StatusAnswer): void {
  if (state === 'armed') say('ARMED: all parts work.');
  for (const { name, ok, signal = 'normal', detail } of parts)
    if (ok && signal === 'normal' && TOLD_WELL.includes(name)) say(`  ${printable(`${name} ${detail}`)}`);
  for (const part of parts.filter(({ ok }) => !ok)) sayPart(say, '!', part);
  for (const part of parts.filter(({ signal }) => signal === 'supervisory')) sayPart(say, '~', part);
  if (state !== 'armed') for (const sentence of works) say(`  ${printable(sentence)}`);
  const width = Math.max(0, ...scopes.map(({ scope }) => scope.length));
  for (const scope of scopes) {
    say(`  ${printable(scope.scope.padEnd(width))}  ${standing(scope)}`);
    for (const missing of scope.missing) say(`  ${' '.repeat(width)}  missing: ${printable(missing)}`);
  }
}

function sayPart(say: Cli['say'], mark: '!' | '~', { name, detail, since, lastWell, todo }: Part): void {
  const well = lastWell === undefined ? 'not seen well' : `last well ${lastWell}`;
  const times = since === undefined ? '' : mark === '!' ? ` (since ${since}, ${well})` : ` (since ${since})`;
  say(`  ${mark} ${printable(`${name}: ${detail}`)}${times}`);
  if (todo !== undefined) say(`    -> ${printable(todo)}`);
}

function standing({ state, since, order, by, reason, seen, pending }: ScopeAnswer): string {
  const who = by === undefined ? '' : ` by ${printable(by)}${reason === undefined ? '' : `: ${printable(reason)}`}`;
  const from = since === undefined ? '' : ` since ${since} (order ${order}${who})`;
  const atRest = state === 'live' || state === 'severed';
  const unseen = atRest && !seen ? ', but not seen so now' : '';
  const waits = pending ? `; ${printable(pending.operator)} wants it restored, a second operator is needed` : '';
  return `${state === 'live' ? state : state.toUpperCase()}${from}${unseen}${waits}`;
}
