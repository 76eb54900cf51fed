import { execFileSync } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { pythonWithVenv } from './install';

/** An installation takes about a minute and most of a gigabyte: it is kept from one run to the next. */
const cache =
  process.getuid?.() === 0
    ? // Not root's home: the user that servers run as has to read it.
      '/var/cache/pullcord-test'
    : join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'pullcord-test');

const DAY_MS = 24 * 3_600_000;
/** An installation that nobody has used for so long is of a requirement that is no more. */
const KEPT_MS = 30 * DAY_MS;

/**
 * A virtual environment with exactly the packages that a file names; installed when it isn't there.
 *
 * @param requirements path of a file with every package pinned, those that others need as well.
 * @returns path of its `python`. Scripts of its `bin` are run by it, since they name another folder.
 */
export function pythonEnvironment(name: string, requirements: string): string {
  const python = pythonWithVenv();
  const version = execFileSync(python, ['-VV'], { encoding: 'utf8' });
  const key = createHash('sha256')
    .update(`${readFileSync(requirements, 'utf8')}\n${version}`)
    .digest('hex');
  const folder = join(cache, `${name}-${key.slice(0, 16)}`);
  if (!existsSync(folder)) {
    mkdirSync(cache, { recursive: true, mode: 0o755 });
    forget(name);
    install(python, requirements, folder);
  }
  utimesSync(folder, new Date(), new Date());
  return join(folder, 'bin/python');
}

/** Into a folder beside it, and then into its place at once: half an installation is none. */
function install(python: string, requirements: string, folder: string): void {
  const draft = `${folder}.${randomUUID()}.draft`;
  const started = performance.now();
  const run = (program: string, ...args: string[]): void => {
    execFileSync(program, args, { stdio: 'pipe', env: { ...process.env, PIP_DISABLE_PIP_VERSION_CHECK: '1' } });
  };
  try {
    run(python, '-m', 'venv', draft);
    const only = ['--no-deps', '--only-binary=:all:', '--no-cache-dir', '--quiet'];
    run(join(draft, 'bin/python'), '-m', 'pip', 'install', ...only, '-r', requirements);
    renameSync(draft, folder);
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    // Another run was faster.
    if (existsSync(folder)) return;
    throw error;
  }
  const seconds = Math.round((performance.now() - started) / 1_000);
  process.stdout.write(`installed ${basename(folder)} into ${cache} in ${seconds} s\n`);
}

function forget(name: string): void {
  for (const old of readdirSync(cache)) {
    const path = join(cache, old);
    if (old.startsWith(`${name}-`) && Date.now() - statSync(path).mtimeMs > KEPT_MS)
      rmSync(path, { recursive: true, force: true });
  }
}
