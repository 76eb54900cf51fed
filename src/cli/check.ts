import { readFileSync } from 'node:fs';
import { DEFAULT_PATH, readConfig } from '../config/read';
import { deriveKeys, parseMasterKey } from '../config/secrets';
import { variables } from '../config/variables';
import { jsonLine, printable } from '../printable';
import { check } from '../supervision/check';
import type { Finding } from '../supervision/checks/finding';
import { type Cli, Failure, type Register } from './cli';

const HELP = `
Safe while Pullcord serves: nothing is changed. A signed message from a number that is nobody's goes to the public URL
and is answered with silence; Twilio's API is asked for your numbers. With PULLCORD_TOKEN set, it is tried as well.

Exit code 0: no fault; 1: something would make the switch fail; 2: wrong use or configuration.`;

export const registerCheck: Register = (cli) => {
  cli.program
    .command('check')
    .description('look for everything that would make the switch fail on the day')
    .option('--json', 'print JSON')
    .addHelpText('after', HELP)
    .action(async ({ json }: { json?: boolean }) => {
      const findings = await check(optionsOf(cli));
      const [faults, warnings] = [count(findings, 'fault'), count(findings, 'warning')];
      if (json) cli.say(jsonLine({ ok: faults === 0, faults, warnings, findings }));
      else for (const finding of findings) sayFinding(cli, finding);
      const numbers = `${inWords(faults, 'fault')}, ${inWords(warnings, 'warning')}`;
      if (faults > 0) throw new Failure(`\n${numbers}: as it stands, the switch may fail on the day.`);
      const verdict = warnings > 0 ? 'nothing is broken, but read the warnings' : 'the switch is ready';
      if (!json) cli.say(`\n${numbers}: ${verdict}.`);
    });
};

/** @throws ConfigError */
function optionsOf({ program, env, now }: Cli): Parameters<typeof check>[0] {
  const path = program.opts<{ config?: string }>().config || env.PULLCORD_CONFIG || DEFAULT_PATH;
  const { config, warnings } = readConfig({ path, env });
  const token = variables(env, (file) => readFileSync(file, 'utf8')).lookup('PULLCORD_TOKEN');
  if (token.kind === 'fault') throw new Failure(token.message, 2);
  const twilioApiUrl = env.PULLCORD_TWILIO_API_URL;
  return {
    ...{ config, warnings, configFile: path, now, keys: deriveKeys(parseMasterKey(config.key)) },
    ...(token.kind === 'value' ? { token: token.value.trim() } : {}),
    ...(twilioApiUrl ? { twilioApiUrl } : {}),
  };
}

const labels = { ok: 'ok', warning: 'WARNING', fault: 'FAULT' } as const satisfies Record<Finding['level'], string>;
/** Wide enough for `WARNING`, and for `gateway` with a short name. */
const [LABEL, CHECK] = [9, 18];

function sayFinding({ say }: Cli, { check: name, level, what, advice }: Finding): void {
  say(printable(`${labels[level].padEnd(LABEL)}${name.padEnd(CHECK - 1)} ${what}`));
  if (advice !== undefined) say(printable(`${' '.repeat(LABEL + CHECK)}-> ${advice}`));
}

const count = (findings: readonly Finding[], level: Finding['level']): number =>
  findings.filter((finding) => finding.level === level).length;

const inWords = (n: number, what: string): string => `${n === 0 ? 'no' : n} ${what}${n === 1 ? '' : 's'}`;
