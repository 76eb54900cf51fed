import { generateSecret } from 'otplib';
import { name as nameSchema } from '../config/parts';
import { type Right, right } from '../config/schema';
import { makeBackupCodes, type NewBackupCodes } from '../operators/backup-codes';
import type { Operator } from '../operators/operator';
import { DRILL_OPERATOR } from '../orders/drill';
import { TRIPWIRE } from '../orders/order';
import { collectPhones, parsePhone, parseRights, parseWith } from './arguments';
import { type Cli, Failure, type Register } from './cli';
import { enrol } from './enrol';
import { operatorsOf } from './operators-of';

/** Who may order. A running service sees a change within a second. */
export const registerOperator: Register = (cli) => {
  const { program, say } = cli;
  const operator = program.command('operator').description('the people who may pull the cord');
  const parseName = parseWith(nameSchema);

  operator
    .command('add')
    .description('add a person: shows a QR code, checks a first code, prints backup codes once')
    .argument('<name>', 'stands in the ledger', parseName)
    .requiredOption('--phone <number>', 'E.164, for instance +15550100001; may be given several times', collectPhones)
    .option('--rights <list>', right.options.join(', '), parseRights, [...right.options])
    .action(async (name: string, { phone, rights }: { phone: readonly string[]; rights: readonly Right[] }) => {
      const operators = operatorsOf(cli);
      const refuseTwice = (all: readonly Operator[]): void => {
        if (name === TRIPWIRE || name === DRILL_OPERATOR)
          throw new Failure(`${name} stands in the ledger for the ${name} itself. Take another name.`, 2);
        if (all.some((one) => one.name === name))
          throw new Failure(`${name} is an operator already. Remove the old one first, or take another name.`, 2);
        for (const number of phone) refuseTaken(all, number);
      };
      refuseTwice(operators.read());
      const secret = generateSecret();
      await enrol(cli, name, secret);
      // A backup code can only stop: without that right it would be good for nothing.
      const codes = rights.includes('stop') ? makeBackupCodes(operators.keys.backupCodes) : undefined;
      operators.change((all) => {
        // Again: somebody may have been faster while we waited for the code.
        refuseTwice(all);
        return [...all, { name, phones: phone, rights, totpSecret: secret, backupCodes: codes?.kept ?? [] }];
      });
      say(`${name} may now ${rights.join(', ')} from ${phone.join(', ')}.`);
      if (codes) sayBackupCodes(cli, codes);
    });

  operator
    .command('list')
    .description('list the operators, without their secrets')
    .option('--json', 'print JSON')
    .action(({ json }: { json?: boolean }) => {
      const all = operatorsOf(cli)
        .read()
        .map(({ name, phones, rights, backupCodes }) => ({
          name,
          phones,
          rights,
          backupCodes: backupCodes.length,
        }));
      if (json) return say(JSON.stringify(all));
      if (all.length === 0) say('There are no operators. Add one: pullcord operator add NAME --phone NUMBER');
      for (const { name, phones, rights, backupCodes } of all)
        say(`${name}: ${rights.join(', ')}; ${phones.join(', ')}; ${backupCodes} backup codes`);
    });

  operator
    .command('remove')
    .description('take all rights, codes and numbers from a person')
    .argument('<name>', 'the operator', parseName)
    .action((name: string) => {
      const operators = operatorsOf(cli);
      const left = operators.change((all) => {
        find(all, name);
        return all.filter((one) => one.name !== name);
      });
      say(`${name} is no operator any more.`);
      for (const [missing, what] of [
        ['stop', 'stop by text message'],
        ['restore', 'restore'],
      ] as const)
        if (!left.some((one) => one.rights.includes(missing))) cli.warn(`warning: Nobody is left who may ${what}.`);
    });

  operator
    .command('codes')
    .description('print new backup codes; the old ones are void')
    .argument('<name>', 'the operator', parseName)
    .action((name: string) => {
      const operators = operatorsOf(cli);
      const codes = makeBackupCodes(operators.keys.backupCodes);
      operators.change((all) => {
        const one = find(all, name);
        if (!one.rights.includes('stop')) throw new Failure(`${name} may not stop, so a backup code is of no use.`, 2);
        return replace(all, { ...one, backupCodes: codes.kept });
      });
      say(`The old backup codes of ${name} are void.`);
      sayBackupCodes(cli, codes);
    });

  const phone = operator.command('phone').description('the numbers of a person');
  phone
    .command('add')
    .description('let a person order from one more number')
    .argument('<name>', 'the operator', parseName)
    .argument('<number>', 'E.164', parsePhone)
    .action((name: string, number: string) => {
      operatorsOf(cli).change((all) => {
        const one = find(all, name);
        refuseTaken(all, number);
        return replace(all, { ...one, phones: [...one.phones, number] });
      });
      say(`${name} may now order from ${number}, too.`);
    });
  phone
    .command('remove')
    .description('refuse orders from a number')
    .argument('<name>', 'the operator', parseName)
    .argument('<number>', 'E.164', parsePhone)
    .action((name: string, number: string) => {
      operatorsOf(cli).change((all) => {
        const one = find(all, name);
        const phones = one.phones.filter((kept) => kept !== number);
        if (phones.length === one.phones.length) throw new Failure(`${name} has no number ${number}.`, 2);
        if (phones.length === 0)
          throw new Failure(`${number} is the only number of ${name}. Add another first, or remove ${name}.`, 2);
        return replace(all, { ...one, phones });
      });
      say(`${number} is no number of ${name} any more.`);
    });
};

function find(all: readonly Operator[], name: string): Operator {
  const found = all.find((one) => one.name === name);
  if (!found) throw new Failure(`There is no operator ${name}. See: pullcord operator list`, 2);
  return found;
}

const replace = (all: readonly Operator[], by: Operator): readonly Operator[] =>
  all.map((one) => (one.name === by.name ? by : one));

function refuseTaken(all: readonly Operator[], number: string): void {
  const owner = all.find((one) => one.phones.includes(number));
  if (owner) throw new Failure(`${number} belongs to ${owner.name} already.`, 2);
}

function sayBackupCodes({ say }: Cli, { printed }: NewBackupCodes): void {
  say();
  say('Backup codes. Each lets any phone stop, once; none restores. Print them now: they are not shown again.');
  printed.forEach((code, i) => say(`  ${String(i + 1).padStart(2)}  ${code}`));
}
