import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const POSTGRES_ROOT = '/usr/lib/postgresql';

/** Path of `redis-server`; installs Debian's package when it isn't there. */
export function redisServer(): string {
  return findOrInstall('redis-server', () => onPath('redis-server'));
}

/** Folder that holds Postgres' `initdb` and `postgres`; installs Debian's package when it isn't there. */
export function postgresBin(): string {
  return findOrInstall('postgresql', () => {
    const versions = existsSync(POSTGRES_ROOT) ? readdirSync(POSTGRES_ROOT).sort((a, b) => Number(b) - Number(a)) : [];
    return versions
      .map((version) => join(POSTGRES_ROOT, version, 'bin'))
      .find((bin) => existsSync(join(bin, 'initdb')));
  });
}

/** Path of a `python3` that can make virtual environments; installs Debian's package when there is none. */
export function pythonWithVenv(): string {
  return findOrInstall('python3-venv', () =>
    // Debian's own first: one in root's home can't be run by the user that servers run as.
    ['/usr/bin/python3', onPath('python3')].find((python) => python !== undefined && makesEnvironments(python)),
  );
}

/** Path of `luacheck`; installs Debian's package when it isn't there. */
export function luacheck(): string {
  return findOrInstall('lua-check', () => onPath('luacheck'));
}

/** Path of the browser that the console is looked at with; installs Debian's package when it isn't there. */
export function chromium(): string {
  return findOrInstall('chromium', () => onPath('chromium'));
}

/** Path of the model checker `spin`; installs Debian's package when it isn't there. It needs a C compiler besides. */
export function spin(): string {
  findOrInstall('gcc', () => onPath('gcc'));
  findOrInstall('libc6-dev', () => ['/usr/include/stdio.h'].find((path) => existsSync(path)));
  return findOrInstall('spin', () => onPath('spin'));
}

/** Makes sure of what native modules of Node are built with. */
export function compiler(): void {
  pythonWithVenv();
  findOrInstall('build-essential', () =>
    ['make', 'g++'].map(onPath).find((path, _, all) => !all.includes(undefined) && path),
  );
}

function makesEnvironments(python: string): boolean {
  return existsSync(python) && spawnSync(python, ['-c', 'import venv, ensurepip']).status === 0;
}

function onPath(program: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(':'), '/usr/bin', '/usr/sbin'];
  return folders.map((folder) => join(folder, program)).find((path) => existsSync(path));
}

function findOrInstall(debianPackage: string, find: () => string | undefined): string {
  if (find() === undefined) install(debianPackage);
  const found = find();
  if (found === undefined) throw new Error(`${debianPackage} was installed but its programs were not found`);
  return found;
}

/** The package may start a service of its own on its usual port; ours take a free port and don't mind. */
function install(debianPackage: string): void {
  if (process.getuid?.() !== 0 || onPath('apt-get') === undefined)
    throw new Error(
      `${debianPackage} is missing: install it (Debian: apt-get install ${debianPackage}), or run as root`,
    );
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  execFileSync('apt-get', ['update', '-qq'], { env, stdio: 'pipe' });
  execFileSync('apt-get', ['install', '-y', '--no-install-recommends', debianPackage], { env, stdio: 'pipe' });
}
