import { accessSync, constants } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import type { CheckContext } from './context';
import { about, type Finding } from './finding';

/** Whether the program of the last resort is there. It is not run. */
export const checkLastResort = async ({ config }: Pick<CheckContext, 'config'>): Promise<readonly Finding[]> => {
  const { ok, fault } = about('last resort');
  const [program] = config.lastResort?.command ?? [];
  if (program === undefined) return [];
  const folders = program.includes('/') ? [''] : (process.env.PATH ?? '').split(delimiter);
  if (folders.some((folder) => isExecutable(join(folder, program)))) return [ok(`${program} can be run`)];
  return [
    fault(
      `${program} cannot be run: it is not there, or not executable by this user`,
      `Install it, or correct lastResort.command${isAbsolute(program) ? '' : '; give its whole path'}.`,
    ),
  ];
};

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
