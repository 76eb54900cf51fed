import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export class DataDirInUse extends Error {
  override readonly name = 'DataDirInUse';
}

/**
 * Takes the data folder for this process: the embedded database would be destroyed by two processes at once.
 * A lock that a dead process left behind is taken over.
 * @returns gives the folder back.
 * @throws DataDirInUse when another process that lives holds it.
 */
export function lockDataDir(dataDir: string, pid = process.pid): () => void {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const path = join(dataDir, 'lock');
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      writeFileSync(path, `${pid}\n`, { flag: 'wx', mode: 0o600 });
      return () => rmSync(path, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const holder = holderOf(dataDir, pid);
    if (holder !== undefined)
      throw new DataDirInUse(
        `${dataDir} is in use by process ${holder}. Stop it, or use another dataDir; one process at a time can open it.`,
      );
    rmSync(path, { force: true });
  }
  throw new DataDirInUse(`${path} cannot be taken: another process keeps making it`);
}

/** The other process that lives and holds the folder, as far as it can be seen from here. */
export function holderOf(dataDir: string, pid = process.pid): number | undefined {
  const holder = readHolder(join(dataDir, 'lock'));
  // In a container every start has the same pid: then the lock is that of our own earlier life.
  return holder !== undefined && holder !== pid && isAlive(holder) ? holder : undefined;
}

function readHolder(path: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(path, 'utf8'), 10);
    return Number.isSafeInteger(pid) && pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
