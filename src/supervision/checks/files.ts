import { accessSync, constants, readFileSync, type Stats, statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseYaml } from '../../config/yaml';
import type { Check } from './context';
import { about, type Finding } from './finding';
import { secretsIn } from './secrets-in';

/** The modes and owners of what Pullcord keeps, and whether there is room for more. */
export const checkFiles: Check = async ({ config, configFile }) => [
  ...dataDirFindings(config.dataDir, config.databaseUrl === undefined),
  ...configFileFindings(configFile),
];

/** @param embedded whether the ledger's database is in there: its files are made writable for everybody. */
export function dataDirFindings(path: string, embedded: boolean): Finding[] {
  const stat = statOf(path);
  const unusable = unusableFindings(path, stat);
  return stat === undefined || unusable.length > 0
    ? unusable
    : [...roomOf(path), ...modeFindings(path, stat, embedded)];
}

/** Whether it can be used, and for how long: for who looks all the time. Who may look into it keeps no cut from being made. */
export function dataDirNow(path: string, embedded: boolean): Finding[] {
  const stat = statOf(path);
  if (stat === undefined)
    return [about('files').fault(`${path} is gone`, 'Bring it back from a backup, then restart Pullcord.')];
  const unusable = unusableFindings(path, stat);
  if (unusable.length > 0) return unusable;
  const modes = modeFindings(path, stat, embedded);
  return [
    ...roomOf(path),
    ...modes.map((one): Finding => (one.level === 'fault' ? { ...one, level: 'warning' } : one)),
  ];
}

function unusableFindings(path: string, stat: Stats | undefined): Finding[] {
  const { ok, fault } = about('files');
  if (stat === undefined) {
    const parent = nearest(path);
    if (isWritable(parent)) return [ok(`${path} will be made at the first start`)];
    return [fault(`${path} is not there, and ${parent} cannot be written`, `Make it: install -d -m 700 ${path}`)];
  }
  if (!stat.isDirectory()) return [fault(`${path} is not a folder`, 'Move it away, or correct dataDir.')];
  if (!isWritable(path))
    return [fault(`${path} cannot be written by this user`, 'Run as the user that serves, or mend its owner.')];
  return [];
}

const roomOf = (path: string): Finding[] => roomFindings(path, freeBytes(path));

function modeFindings(path: string, stat: Stats, embedded: boolean): Finding[] {
  const { ok, warning, fault } = about('files');
  const mode = stat.mode & 0o777;
  const advice = `Keep it to its owner: chmod 700 ${path}`;
  const what = `${path} has mode ${octal(mode)}: `;
  if (mode & 0o022) return [fault(`${what}others can put files there, operators among them`, advice)];
  if (mode & 0o011 && embedded) return [fault(`${what}others can change the ledger in it`, advice)];
  if (mode & 0o077) return [warning(`${what}others can look into it`, advice)];
  return [ok(`${path} is writable, and its owner's alone`)];
}

const MIB = 1024 * 1024;

/** @param free bytes on the file system. */
export function roomFindings(path: string, free: number): Finding[] {
  const { warning, fault } = about('files');
  const left = `${Math.floor(free / MIB)} MiB are left for ${path}`;
  if (free < 50 * MIB) return [fault(left, 'Make room: without it the ledger stops, and RESTORE with it.')];
  return free < 500 * MIB ? [warning(left, 'Make room before the ledger needs it.')] : [];
}

function configFileFindings(path: string): Finding[] {
  const { ok, warning, fault } = about('files');
  const stat = statOf(path);
  if (stat === undefined) return [];
  const mode = stat.mode & 0o777;
  const what = `${path} has mode ${octal(mode)}: `;
  if (mode & 0o002) return [fault(`${what}everybody can change it`, `chmod 640 ${path}`)];
  // A default holds what it holds; only the name of a variable says nothing.
  const literal = secretsIn(parseYaml(readFileSync(path, 'utf8')).value).filter(
    ({ value }) => !/^\$\{\w+(:-)?\}$/.test(value),
  );
  const [first] = literal;
  if (first && mode & 0o004)
    return [
      fault(
        `${what}everybody can read the secret in ${first.path}`,
        `chmod 640 ${path}, put the secret into the environment, and change it: it may be known.`,
      ),
    ];
  if (mode & 0o020) return [warning(`${what}its group can change it`, `chmod 640 ${path}`)];
  return [ok(`${path} gives nothing away`)];
}

const octal = (mode: number): string => mode.toString(8).padStart(3, '0');

const statOf = (path: string): Stats | undefined => statSync(path, { throwIfNoEntry: false });

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The folder that is there and would hold it. */
function nearest(path: string): string {
  const parent = dirname(path);
  return parent === path || statOf(parent) ? parent : nearest(parent);
}

function freeBytes(path: string): number {
  const { bavail, bsize } = statfsSync(path);
  return bavail * bsize;
}
