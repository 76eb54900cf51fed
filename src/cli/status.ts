import type { ReadinessAnswer, ScopeAnswer } from '../intake/http/schemas';
import { type ApiOptions, apiOf, withApi } from './api-options';
import { type Cli, Failure, type Register } from './cli';
import { printable } from './printable';

const HELP = `
Exit code 0: armed, whatever is severed; 1: degraded, disarmed, or no answer; 2: wrong use.`;

export const registerStatus: Register = (cli) => {
  const command = cli.program
    .command('status')
    .description('say whether the cord would work, and how every scope stands');
  withApi(command)
    .addHelpText('after', HELP)
    .action(async (options: ApiOptions) => {
      const api = apiOf(cli, options);
      const [readiness, scopes] = await Promise.all([api.readiness(), api.scopes()]);
      if (options.json) cli.say(JSON.stringify({ ...readiness, scopes }));
      else sayStatus(cli, readiness, scopes);
      if (readiness.state === 'degraded')
        throw new Failure('DEGRADED: a stop would still cut, with less than you set up.');
      if (readiness.state === 'disarmed') throw new Failure('DISARMED: a stop would not work now.');
    });
};

function sayStatus({ say }: Pick<Cli, 'say'>, { state, parts }: ReadinessAnswer, scopes: readonly ScopeAnswer[]): void {
  if (state === 'armed') say('ARMED: all parts work.');
  for (const { name, ok, detail } of parts) if (ok && name === 'tripwire') say(`  ${printable(`tripwire ${detail}`)}`);
  for (const { name, detail } of parts.filter(({ ok }) => !ok)) say(`  ! ${printable(`${name}: ${detail}`)}`);
  const width = Math.max(0, ...scopes.map(({ scope }) => scope.length));
  for (const scope of scopes) {
    say(`  ${printable(scope.scope.padEnd(width))}  ${standing(scope)}`);
    for (const missing of scope.missing) say(`  ${' '.repeat(width)}  missing: ${printable(missing)}`);
  }
}

function standing({ state, since, order, seen, pending }: ScopeAnswer): string {
  const from = since === undefined ? '' : ` since ${since} (order ${order})`;
  const atRest = state === 'live' || state === 'severed';
  const unseen = atRest && !seen ? ', but not seen so now' : '';
  const waits = pending ? `; ${printable(pending.operator)} wants it restored, a second operator is needed` : '';
  return `${state === 'live' ? state : state.toUpperCase()}${from}${unseen}${waits}`;
}
