import type { DrillAnswer, DrillListAnswer } from '../intake/http/schemas';
import { jsonLine, printable } from '../printable';
import type { ApiClient } from './api-client';
import { type ApiOptions, apiOf, withApi } from './api-options';
import { type Cli, Failure, type Register } from './cli';

const HELP = `
The token needs the right drill. No scope is touched; see docs/drill.md.
Exit code 0: passed; 1: failed, or refused; 2: wrong use. With --list: 1 when the last one failed.`;

/** As long as one call may wait. Seconds. */
const WAIT_SECONDS = 30;
const LISTED = 20;

export const registerDrill: Register = (cli) => {
  const command = cli.program
    .command('drill')
    .description('rehearse the whole way, from a signed text to the refusal and back, on canary routes of its own')
    .option('--list', 'begin none: say how the last ones went, and when the next is due');
  withApi(command)
    .addHelpText('after', HELP)
    .action(async (options: ApiOptions & { readonly list?: true }) => {
      if (options.list) {
        const list = await apiOf(cli, options).drills(LISTED);
        if (options.json) cli.say(jsonLine(list));
        else sayList(cli, list);
        const last = list.drills.find(({ state, brokenOff }) => state !== 'skipped' && brokenOff === undefined);
        if (last?.state === 'failed') throw new Failure(printable(last.text));
        return;
      }
      const drill = await rehearse(apiOf(cli, options));
      if (options.json) cli.say(jsonLine(drill));
      else sayDrill(cli, drill);
      if (drill.state !== 'passed') throw new Failure(printable(drill.text));
    });
};

/** To its end, which always comes: each of its steps is bounded. */
async function rehearse(api: ApiClient): Promise<DrillAnswer> {
  let drill = await api.runDrill(WAIT_SECONDS);
  while (drill.state === 'running') drill = await api.drill(drill.id, WAIT_SECONDS);
  return drill;
}

function sayDrill({ say }: Pick<Cli, 'say'>, { state, steps, compared, text }: DrillAnswer): void {
  const places = steps.map(({ name, gateway }) => (gateway === undefined ? name : `${name} (${printable(gateway)})`));
  const width = Math.max(0, ...places.map((place) => place.length));
  steps.forEach(({ ok, ms, usualMs, slower, detail }, i) => {
    const usually = usualMs === undefined ? '' : ` (usually ${inSeconds(usualMs)}${slower ? ', SLOWER' : ''})`;
    say(`${ok ? '  ' : '! '}${(places[i] ?? '').padEnd(width)}  ${inSeconds(ms).padStart(7)}${usually}`);
    if (detail !== undefined) say(`    ${printable(detail)}`);
  });
  if (state === 'passed') say(printable(text));
  if (compared) say(`The median of earlier drills (${compared.drills}) is ${inSeconds(compared.medianMs)}.`);
}

function sayList({ say }: Pick<Cli, 'say'>, { drills, nextAt }: DrillListAnswer): void {
  for (const { startedAt, state, by, text } of drills)
    say(`${startedAt}  ${state.padEnd(STATE_WIDTH)}  ${printable(by)}: ${printable(text)}`);
  if (drills.length === 0) say('There was no drill yet.');
  say(nextAt === undefined ? 'None is due by schedule (drills.schedule).' : `The next is due at ${nextAt}.`);
}

const STATE_WIDTH = 'running'.length;

const inSeconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;
