import { readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { generateSync } from 'otplib';
import { operatorsPath } from '../../operators/file';
import { OperatorsFileBroken, parseOperators } from '../../operators/format';
import type { Operator } from '../../operators/operator';
import type { Check, CheckContext } from './context';
import { about, type Finding } from './finding';

const { ok, warning, fault } = about('operators');
const ADD = 'Add one: pullcord operator add NAME --phone NUMBER';
/** Fewer unused backup codes than this, and new ones should be printed. */
const FEW = 3;

/** Whether there are people who can stop and restore, with codes that work, in a file that is theirs alone. */
export const checkOperators: Check = async (context) => {
  const path = operatorsPath(context.config);
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) return [fault(`nobody may order: there is no ${path}`, ADD)];
  const folder = statSync(dirname(path));
  const read = readOperators(path, context);
  if ('level' in read) return [read];
  const used = await usedCodes(context);
  return [
    ...modeFindings(path, stat.mode & 0o777, stat.uid === folder.uid),
    ...rightFindings(read, context.config.restore.operators),
    ...read.flatMap((one) => codeFindings(one, context.now())),
    ...read.filter(({ rights }) => rights.includes('stop')).flatMap((one) => backupFindings(one, used)),
  ];
};

function readOperators(path: string, { keys }: Pick<CheckContext, 'keys'>): readonly Operator[] | Finding {
  try {
    return parseOperators(readFileSync(path, 'utf8'), keys);
  } catch (error) {
    if (error instanceof OperatorsFileBroken)
      return fault(
        `${path} cannot be used: ${error.message}`,
        'Bring the key back, or restore the file from a backup.',
      );
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    return fault(`${path} cannot be read (${code})`, 'Run as the user that serves, or mend its owner.');
  }
}

function modeFindings(path: string, mode: number, sameOwner: boolean): Finding[] {
  const what = `${path} has mode ${mode.toString(8)}: `;
  const advice = `Keep it to its owner: chmod 600 ${path}`;
  const findings: Finding[] = [];
  if (mode & 0o022) findings.push(fault(`${what}others can make themselves operators`, advice));
  else if (mode & 0o077) findings.push(warning(`${what}others can read the numbers that may order`, advice));
  if (!sameOwner)
    findings.push(
      fault(
        `${path} belongs to another user than its folder: the service may not be able to read it`,
        `Give it the folder's owner: chown --reference=${dirname(path)} ${path}`,
      ),
    );
  return findings;
}

export function rightFindings(operators: readonly Operator[], needed: number): Finding[] {
  const who = (right: 'stop' | 'restore'): string[] =>
    operators.filter(({ rights }) => rights.includes(right)).map(({ name }) => name);
  const [stop, restore] = [who('stop'), who('restore')];
  const missing = needed - restore.length;
  return [
    stop.length > 0 ? ok(`may stop: ${stop.join(', ')}`) : fault('nobody may stop by text message', ADD),
    missing <= 0
      ? ok(`may restore: ${restore.join(', ')}`)
      : fault(
          restore.length === 0
            ? 'nobody may restore: what is severed stays so'
            : `a restore takes ${needed} operators, and only ${restore.join(', ')} may restore: what is severed stays so`,
          ADD,
        ),
  ];
}

export function codeFindings({ name, totpSecret }: Operator, now: number): Finding[] {
  try {
    generateSync({ secret: totpSecret, epoch: Math.floor(now / 1000) });
    return [];
  } catch {
    return [
      fault(
        `${name} has no code: the secret is too short or damaged, so that every code is wrong`,
        `Enrol again: pullcord operator remove ${name}, then pullcord operator add ${name} --phone NUMBER`,
      ),
    ];
  }
}

export function backupFindings({ name, backupCodes }: Operator, used: ReadonlySet<string> | undefined): Finding[] {
  const advice = `Print new ones: pullcord operator codes ${name}`;
  if (!used)
    return backupCodes.length > 0
      ? [ok(`${name} got ${backupCodes.length} backup codes; how many are used is not known now`)]
      : [warning(`${name} has no backup codes: without the own phone there is no stop`, advice)];
  const left = backupCodes.filter(({ id }) => !used.has(id)).length;
  if (left >= FEW) return [ok(`${name} has ${left} unused backup codes`)];
  const many = left === 0 ? 'no unused backup code' : `${left} unused backup code${left === 1 ? '' : 's'}`;
  return [warning(`${name} has ${many}: without the own phone there is ${left === 0 ? 'no' : 'soon no'} stop`, advice)];
}

/** Undefined when the ledger can't be asked from here. */
async function usedCodes({ ledger }: Pick<CheckContext, 'ledger'>): Promise<ReadonlySet<string> | undefined> {
  const sight = await ledger();
  if (sight.kind === 'read') return sight.state.backupCodesUsed;
  return sight.kind === 'new' ? new Set() : undefined;
}
