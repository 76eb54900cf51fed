import type { IncidentAnswer, IncidentStoryAnswer } from '../intake/http/schemas';
import { duration, since } from '../ledger/story/report';
import { jsonLine, printable } from '../printable';
import { type ApiOptions, apiOf, parseCount, withApi } from './api-options';
import { type Cli, Failure, type Register } from './cli';

const HELP = `
Without a number: the newest incidents. With one: what happened, from the first anomaly to the restore.
Exit code 0: told; 1: there is no such incident, or no answer; 2: wrong use.`;

interface IncidentOptions extends ApiOptions {
  readonly markdown?: true;
  readonly limit?: number;
}

export const registerIncident: Register = (cli) => {
  const command = cli.program
    .command('incident')
    .description('what happened: the incidents, or the story of one')
    .argument('[number]', 'number of the order that opened it', parseCount)
    .option('--markdown', 'print the draft of a post-mortem')
    .option('--limit <incidents>', 'how many are listed at most, up to 200', parseCount);
  withApi(command)
    .addHelpText('after', HELP)
    .action(async (number: number | undefined, options: IncidentOptions) => {
      if (options.markdown && (options.json || number === undefined))
        throw new Failure('--markdown goes with the number of an incident, and without --json.', 2);
      if (number !== undefined && options.limit !== undefined)
        throw new Failure('--limit goes with the list, without a number.', 2);
      const api = apiOf(cli, options);
      if (number === undefined) return sayList(cli, await api.incidents(options.limit), options);
      if (options.markdown) return sayLines(cli, await api.incidentReport(number));
      const story = await api.incident(number);
      return options.json ? cli.say(jsonLine(story)) : sayStory(cli, story);
    });
};

function sayList({ say }: Pick<Cli, 'say'>, incidents: readonly IncidentAnswer[], { json }: ApiOptions): void {
  if (json) say(jsonLine({ incidents }));
  else sayEach(say, incidents);
}

function sayEach(say: Cli['say'], incidents: readonly IncidentAnswer[]): void {
  for (const { number, ...incident } of incidents)
    say(printable(`${String(number).padStart(5)}  ${incident.openedAt}  ${headline(incident)}`));
  if (incidents.length === 0) say('There was no incident yet.');
}

function headline(incident: Omit<IncidentAnswer, 'number' | 'orders'>): string {
  const { scope, openedBy, reason, openedAt, severedAt, closedAt } = incident;
  const after = (at: string): string => duration(Date.parse(at) - Date.parse(openedAt));
  return [
    `${scope} severed by ${openedBy}`,
    severedAt === undefined ? 'not seen everywhere' : `seen after ${after(severedAt)}`,
    closedAt === undefined ? 'OPEN' : `restored after ${after(closedAt)}`,
    ...(reason === undefined ? [] : [reason]),
  ].join(', ');
}

function sayStory({ say }: Pick<Cli, 'say'>, story: IncidentStoryAnswer): void {
  const { number, openedAt, timeline, objects, cost, truncated } = story;
  say(printable(`Incident ${number}, ${openedAt}: ${headline(story)}`));
  const steps = timeline.map(({ afterMs, kind, text }) => [since(afterMs), kind, text] as const);
  const width = Math.max(0, ...steps.map(([after]) => after.length));
  for (const [after, kind, text] of steps)
    say(printable(`  ${after.padStart(width)}  ${kind.padEnd(KIND_WIDTH)}  ${text}`));
  if (truncated) say('More happened than is told here: see pullcord ledger show.');
  for (const { gateway, object, changes, restored } of objects) {
    say(printable(`${gateway} ${object}${restored ? ', again as it was' : ', NOT as it was'}`));
    for (const { path, before, after } of changes)
      say(printable(`  ${path || 'all of it'}: ${shown(before)} -> ${shown(after)}`));
  }
  if (cost) sayCost(say, cost);
}

function sayCost(say: Cli['say'], cost: NonNullable<IncidentStoryAnswer['cost']>): void {
  say(`Spent from ${cost.from} until the cut was seen: ${sum(cost.spent)}; beyond usual: ${sum(cost.beyondUsual)}.`);
  say(printable(`Saved, by an estimate: ${sum(cost.saved)}. ${cost.estimate}`));
}

/** Of one line of the terminal. */
const LONGEST = 100;
const KIND_WIDTH = 'restored'.length;

function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  const json = JSON.stringify(value);
  return json.length > LONGEST ? `${json.slice(0, LONGEST)}...` : json;
}

const sum = ({ usd, tokens }: { readonly usd?: number | undefined; readonly tokens?: number | undefined }): string =>
  [
    ...(usd === undefined ? [] : [`$${usd.toFixed(2)}`]),
    ...(tokens === undefined ? [] : [`${Math.round(tokens)} tokens`]),
  ].join(', ') || 'not known';

const sayLines = ({ say }: Pick<Cli, 'say'>, text: string): void => {
  for (const line of text.trimEnd().split('\n')) say(printable(line));
};
