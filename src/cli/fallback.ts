import { createAdminApi } from '../cutters/apisix/client';
import { isGatewayError } from '../cutters/apisix/fault';
import { objectName, pathOf, rolesOf, sideOf, subjectOf } from '../fallback/configured';
import { judgeFallback } from '../fallback/judge';
import { planFallback, planWrite } from '../fallback/plan';
import type { FallbackAnswer } from '../intake/http/schemas';
import { jsonLine, printable } from '../printable';
import { type ApiOptions, apiOf, parseWait, withApi } from './api-options';
import { askProof, type Proof } from './ask';
import { type Cli, Failure, type Register } from './cli';

interface Decided extends ApiOptions, Proof {
  readonly reason?: string;
  readonly wait: number;
}

export const registerFallback: Register = (cli) => {
  const group = cli.program.command('fallback').description('ways out of the house for the day when inference is down');
  registerStatus(cli, group);
  registerPermit(cli, group);
  registerPrimary(cli, group);
  registerPlan(cli, group);
};

type Group = Cli['program'];

function registerStatus(cli: Cli, group: Group): void {
  withApi(group.command('status').description('say how every fallback stands'))
    .addHelpText('after', '\nExit code 0: all is seen as it stands; 1: something is not seen; 2: wrong use.')
    .action(async (options: ApiOptions) => {
      const all = await apiOf(cli, options).fallbacks();
      if (options.json) cli.say(jsonLine({ fallbacks: all }));
      else for (const one of all) sayFallback(cli, one);
      if (all.length === 0 && !options.json) cli.say('No fallback is configured.');
      const unseen = all.filter(({ missing }) => missing.length > 0);
      if (unseen.length > 0) throw new Failure(`Not seen as it stands: ${unseen.map(({ name }) => name).join(', ')}.`);
    });
}

const NAME = 'as in `fallbacks` of the configuration';

function registerPermit(cli: Cli, group: Group): void {
  const command = group
    .command('permit')
    .description('go over to a fallback, for its time')
    .argument('<name>', NAME)
    .option('--reason <text>', 'why; for the ledger')
    .option('--operator <name>', 'who permits')
    .option('--code <digits>', 'the 6 digits that the app shows now')
    .option('--wait <seconds>', 'how long to wait until it is seen', parseWait, 10);
  withApi(command)
    .addHelpText('after', '\nA token alone cannot permit: an operator and a fresh code are asked for.')
    .action(async (name: string, { reason, wait, ...options }: Decided) => {
      const api = apiOf(cli, options);
      const proof = await askProof(cli, options);
      sayDecided(cli, await api.decideFallback(name, { wish: 'fallback', reason, ...proof }, wait), options);
    });
}

function registerPrimary(cli: Cli, group: Group): void {
  const command = group
    .command('primary')
    .description('go back to the primary, and stay there until it was well')
    .argument('<name>', NAME)
    .option('--reason <text>', 'why; for the ledger')
    .option('--wait <seconds>', 'how long to wait until it is seen', parseWait, 10);
  withApi(command).action(async (name: string, { reason, wait, ...options }: Decided) => {
    sayDecided(cli, await apiOf(cli, options).decideFallback(name, { wish: 'primary', reason }, wait), options);
  });
}

const PLAN_HELP = `
Reads the object at the Admin API and changes nothing. Exit code 0: it fails over as it stands; 1: it does not, or only
partly, and the write that would do it is printed; 2: wrong use or configuration.`;

function registerPlan(cli: Cli, group: Group): void {
  group
    .command('plan')
    .description('say whether a fallback would take over at all, and what would do it')
    .argument('<name>', NAME)
    .option('--json', 'print JSON')
    .addHelpText('after', PLAN_HELP)
    .action(async (name: string, { json }: { json?: boolean }) => {
      const plan = await planOf(cli, name);
      if (json) cli.say(jsonLine(plan));
      else sayPlan(cli, plan);
      if (plan.goesOver !== 'yes') throw new Failure(`${name} ${VERDICTS[plan.goesOver]}`);
    });
}

const VERDICTS = {
  never: 'would never take over, as it stands.',
  partly: 'would take over for some failures only, as it stands.',
} as const;

/** @throws Failure, ConfigError */
async function planOf(cli: Cli, name: string) {
  const { fallbacks, gateways } = cli.config();
  const config = Object.hasOwn(fallbacks, name) ? fallbacks[name] : undefined;
  const gateway = config && gateways[config.gateway];
  if (!gateway)
    throw new Failure(`There is no fallback ${name}; there are: ${Object.keys(fallbacks).join(', ') || 'none'}.`, 2);
  const { adminUrl: url, adminKey: key, timeoutMs, caFile } = gateway;
  const api = createAdminApi({ url, key, timeoutMs, caFile });
  try {
    const object = await api.get(pathOf(config));
    if (sideOf(config, object) === 'primary')
      throw new Failure(
        `${objectName(config)} goes to the primary alone: it has no fallback, or Pullcord keeps it out just now. ` +
          'A plan is made of an object that has its fallback: stop Pullcord and give it one, or permit it for a moment.',
      );
    const [subject, roles] = [subjectOf(config), rolesOf(config, object)];
    const { goesOver, comesBack, findings, members } = judgeFallback(subject, object, roles);
    const plan = planFallback(subject, object, roles, { failures: Math.min(config.failures, MOST_FAILURES) });
    // Of a plugin the plan holds the providers' keys: its instances are left to whoever has them.
    const shown = plan && subject.kind === 'upstream' ? planWrite(subject, object, plan) : undefined;
    const names = (list: typeof members.primary): string[] => list.map((member) => member.name);
    return {
      ...{ goesOver, comesBack, findings, primary: names(members.primary), fallbacks: names(members.fallbacks) },
      ...(shown?.kind === 'write' ? { write: shown.write } : {}),
    };
  } catch (error) {
    if (isGatewayError(error)) throw new Failure(error.message);
    throw error;
  } finally {
    api.close();
  }
}

/** Of APISIX's checks. */
const MOST_FAILURES = 254;

function sayPlan({ say }: Cli, { primary, fallbacks, findings, comesBack, write }: Awaited<ReturnType<typeof planOf>>) {
  say(printable(`Primary: ${primary.join(', ') || 'none'}. Fallback: ${fallbacks.join(', ') || 'none'}.`));
  for (const { what, remedy } of findings) {
    say(printable(`! ${what}`));
    say(printable(`  -> ${remedy}`));
  }
  if (!comesBack) say('! it would not come back by itself');
  if (!write) return;
  say(printable(`What would do it: PATCH /apisix/admin/${write.path}`));
  say(printable(JSON.stringify(write.patch)));
}

function sayFallback({ say }: Cli, { name, state, seen, missing, since, until, by, why, forbiddenBy }: FallbackAnswer) {
  const from = since === undefined ? '' : ` since ${since}`;
  const who = by === undefined ? '' : ` by ${by}: ${why}`;
  const what = state === 'forbidden' ? ` by ${forbiddenBy.join(', ')}` : until === undefined ? '' : ` until ${until}`;
  say(printable(`${name}: ${state}${what}${from}${who}; the gateway is seen at ${seen}`));
  for (const one of missing) say(printable(`  missing: ${one}`));
}

function sayDecided(cli: Cli, answer: FallbackAnswer, { json }: ApiOptions): void {
  if (json) cli.say(jsonLine(answer));
  else sayFallback(cli, answer);
  if (answer.missing.length > 0) throw new Failure('It stands, and is not seen at every gateway yet.');
}
