import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cached } from './cache';
import { pythonWithVenv } from './install';

/**
 * A virtual environment with exactly the packages that a file names; installed when it isn't there, which takes about a
 * minute and most of a gigabyte.
 *
 * @param requirements path of a file with every package pinned, those that others need as well.
 * @returns path of its `python`. Scripts of its `bin` are run by it, since they name another folder.
 */
export async function pythonEnvironment(name: string, requirements: string): Promise<string> {
  const python = pythonWithVenv();
  const version = execFileSync(python, ['-VV'], { encoding: 'utf8' });
  const key = createHash('sha256')
    .update(`${readFileSync(requirements, 'utf8')}\n${version}`)
    .digest('hex');
  const folder = await cached({ name, key, install: (draft) => install(python, requirements, draft) });
  return join(folder, 'bin/python');
}

function install(python: string, requirements: string, draft: string): void {
  const run = (program: string, ...args: string[]): void => {
    execFileSync(program, args, { stdio: 'pipe', env: { ...process.env, PIP_DISABLE_PIP_VERSION_CHECK: '1' } });
  };
  run(python, '-m', 'venv', draft);
  const only = ['--no-deps', '--only-binary=:all:', '--no-cache-dir', '--quiet'];
  run(join(draft, 'bin/python'), '-m', 'pip', 'install', ...only, '-r', requirements);
}
