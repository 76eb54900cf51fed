import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';

/** Where installations that take minutes are kept from one run to the next. */
const cache =
  process.getuid?.() === 0
    ? // Not root's home: the user that servers run as has to read it.
      '/var/cache/pullcord-test'
    : join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'pullcord-test');

const DAY_MS = 24 * 3_600_000;
/** An installation that nobody has used for so long is of a requirement that is no more. */
const KEPT_MS = 30 * DAY_MS;

export interface Installation {
  readonly name: string;
  /** Hexadecimal: another key is another installation. */
  readonly key: string;
  /** Fills an empty folder beside the place where it will be. */
  readonly install: (draft: string) => void | Promise<void>;
}

/**
 * An installation that was made once; made now when it isn't there: in a folder beside its place, and then into its
 * place at once. Half an installation is none.
 *
 * @returns its folder, which everybody may read.
 */
export async function cached({ name, key, install }: Installation): Promise<string> {
  const folder = join(cache, `${name}-${key.slice(0, 16)}`);
  if (!existsSync(folder)) {
    mkdirSync(cache, { recursive: true, mode: 0o755 });
    forget(name);
    await make(folder, install);
  }
  utimesSync(folder, new Date(), new Date());
  return folder;
}

async function make(folder: string, install: Installation['install']): Promise<void> {
  const draft = `${folder}.${randomUUID()}.draft`;
  const started = performance.now();
  try {
    mkdirSync(draft, { mode: 0o755 });
    await install(draft);
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
